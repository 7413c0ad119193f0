package keypad

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// The columns are read every period, and while a key is down or about to be there
// is a scan in every busy one.
const (
	period = 10 * time.Millisecond
	busy   = 5 * time.Millisecond
)

// Keypad is a matrix of keys. It belongs to one goroutine, that of Run, but for Gaps.
type Keypad struct {
	rows    []gpio.PinIO
	columns []gpio.PinIO
	legend  []string
	decoder decoder
	sees    rows // of the scan under way
	watch   watchman
}

// New returns a keypad on the given pins. legend has a string for each row with
// one byte for each column: what the key is called, a blank where there is none.
// The pins are not touched before Run.
func New(rows, columns []gpio.PinIO, legend []string) (*Keypad, error) {
	if err := Check(len(rows), len(columns), legend); err != nil {
		return nil, fmt.Errorf("keypad: new: %w", err)
	}
	return &Keypad{rows: rows, columns: columns, legend: legend}, nil
}

// Check says what is wrong with the size of a matrix or with its legend.
func Check(rows, columns int, legend []string) error {
	if rows < 1 || rows > maxSide || columns < 1 || columns > maxSide {
		return fmt.Errorf("%d rows and %d columns, want 1 to %d of each", rows, columns, maxSide)
	}
	if len(legend) != rows {
		return fmt.Errorf("%d rows of keys for %d rows", len(legend), rows)
	}
	for i, keys := range legend {
		if len(keys) != columns {
			return fmt.Errorf("row %d has %d keys for %d columns: %q", i+1, len(keys), columns, keys)
		}
		for j := range len(keys) {
			if keys[j] != ' ' && strings.Count(strings.Join(legend, ""), keys[j:j+1]) > 1 {
				return fmt.Errorf("key %q is there twice", keys[j])
			}
		}
	}
	return nil
}

// Run reads the keypad until ctx ends and reports each key that is pressed, with
// the time at which it was seen first. It returns the error of a pin that fails,
// or nil for the end of ctx, and leaves the rows floating.
func (k *Keypad) Run(ctx context.Context, pressed func(at time.Time, key byte)) error {
	err := k.serve(ctx, pressed)
	for _, row := range k.rows {
		err = errors.Join(err, row.In(gpio.Float, gpio.NoEdge))
	}
	if err != nil {
		return fmt.Errorf("keypad: %w", err)
	}
	return nil
}

// Gaps returns what may have been missed since New. Any goroutine may ask.
func (k *Keypad) Gaps() Gaps { return k.watch.gaps() }

func (k *Keypad) serve(ctx context.Context, pressed func(time.Time, byte)) error {
	for _, column := range k.columns {
		if err := column.In(gpio.PullUp, gpio.NoEdge); err != nil {
			return fmt.Errorf("column %s: %w", column, err)
		}
	}
	report := func(p press) {
		if key := k.legend[p.row][p.column]; key != ' ' {
			pressed(p.at, key)
		}
	}
	if err := k.all(true); err != nil {
		return err
	}
	k.watch.begin(time.Now())
	timer := time.NewTimer(period)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		at := time.Now()
		k.watch.looked(at)
		if k.decoder.quiet() && k.read() == 0 {
			timer.Reset(period)
			continue
		}
		if err := k.scan(); err != nil {
			return err
		}
		k.decoder.scan(k.sees, at, report)
		timer.Reset(busy)
	}
}

// scan reads the columns of one row after the other and leaves all rows low.
func (k *Keypad) scan() error {
	k.sees = rows{}
	if err := k.all(false); err != nil {
		return err
	}
	for i := range k.rows {
		if err := k.pull(i, true); err != nil {
			return err
		}
		k.sees[i] = k.read()
		if err := k.pull(i, false); err != nil {
			return err
		}
	}
	return k.all(true)
}

func (k *Keypad) all(low bool) error {
	for i := range k.rows {
		if err := k.pull(i, low); err != nil {
			return err
		}
	}
	return nil
}

// pull pulls a row low or lets go of it.
func (k *Keypad) pull(i int, low bool) error {
	row := k.rows[i]
	var err error
	if low {
		err = row.Out(gpio.Low)
	} else {
		err = row.In(gpio.Float, gpio.NoEdge)
	}
	if err != nil {
		return fmt.Errorf("row %s: %w", row, err)
	}
	return nil
}

// read returns the columns that are low.
func (k *Keypad) read() (low uint8) {
	for i, column := range k.columns {
		if column.Read() == gpio.Low {
			low |= 1 << i
		}
	}
	return low
}
