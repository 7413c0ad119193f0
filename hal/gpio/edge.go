package gpio

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

// ReadEdge waits for the next edge of the kind that In asked for, or the end of
// ctx, whose cause it then returns when no edge is left. It also returns an error
// when the line is no input with edges, is configured anew, halted or closed while
// waiting.
//
// The level of an edge is the one that the kernel read when it handled the
// interrupt; pulses shorter than that may show as one edge, or as two of the
// same level.
func (l *Line) ReadEdge(ctx context.Context) (hal.Edge, error) {
	if err := l.events.take(ctx); err != nil {
		return hal.Edge{}, err
	}
	defer l.events.leave()
	defer context.AfterFunc(ctx, l.events.wake)()
	watch, era, err := l.watch()
	if err != nil {
		return hal.Edge{}, l.failed("read edge", err)
	}
	e, err := watch.next(ctx, era)
	if err != nil && ctx.Err() == nil {
		return hal.Edge{}, l.failed("read edge", err)
	}
	return e, err
}

// WaitForEdge waits for an edge for at most timeout, for ever when it is
// negative. It returns false at the end of it, and whenever ReadEdge returns an
// error.
func (l *Line) WaitForEdge(timeout time.Duration) bool {
	ctx := context.Background()
	if timeout >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	_, err := l.ReadEdge(ctx)
	return err == nil
}

// watch is what is known of the edges since one call of In. It belongs to the
// goroutine whose turn it is.
type watch struct {
	line   *Line
	inputs int
	since  int64
	edge   gpio.Edge
	clean  debouncer
	buffer [eventBytes]byte
}

// watch returns the watch of the last call of In, and the present era.
func (l *Line) watch() (*watch, int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.events.watching
	switch {
	case l.closed:
		return nil, 0, errClosed
	case l.edge == gpio.NoEdge:
		return nil, 0, errNotInput
	case w == nil || w.inputs != l.inputs:
		w = &watch{line: l, inputs: l.inputs, since: l.since, edge: l.edge}
		w.clean = debouncer{period: l.opts.Debounce, stable: l.rest}
		l.events.watching = w
	}
	return w, l.era, nil
}

// next waits for the next edge that counts.
func (w *watch) next(ctx context.Context, era int) (hal.Edge, error) {
	for {
		w.line.events.rest()
		ended := ctx.Err() != nil
		if !w.line.in(era) {
			return hal.Edge{}, errInterrupted
		}
		step := w.step
		if ended {
			step = w.rest
		}
		e, ok, err := step()
		if errors.Is(err, errNoneLeft) {
			return hal.Edge{}, context.Cause(ctx)
		}
		if err != nil {
			return hal.Edge{}, err
		}
		if ok && wanted(w.edge, e.Level) {
			return e, nil
		}
	}
}

// in says that the line was not touched since era.
func (l *Line) in(era int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.era == era
}

func wanted(edge gpio.Edge, level gpio.Level) bool {
	return edge == gpio.BothEdges || (edge == gpio.RisingEdge) == bool(level)
}

// step waits for one event or for the contact to settle.
func (w *watch) step() (hal.Edge, bool, error) {
	n, err := w.line.events.read(w.buffer[:], w.clean.due())
	if errors.Is(err, os.ErrDeadlineExceeded) {
		// Time has passed, but events may have come first.
		if n, err = w.line.poll(w.buffer[:]); n <= 0 {
			return w.settle()
		}
	}
	if err != nil {
		return hal.Edge{}, false, err
	}
	return w.take(n)
}

// errNoneLeft ends a reading of what is there.
var errNoneLeft = errors.New("no edge is left")

// rest is a step that waits for nothing.
func (w *watch) rest() (hal.Edge, bool, error) {
	n, err := w.line.poll(w.buffer[:])
	switch {
	case errors.Is(err, errClosed):
		return hal.Edge{}, false, err
	case n <= 0:
		return hal.Edge{}, false, errNoneLeft
	}
	return w.take(n)
}

// take makes an edge of an event of n bytes.
func (w *watch) take(n int) (hal.Edge, bool, error) {
	raw, stamp, err := parseEvent(w.buffer[:n])
	if err != nil || stamp < w.since {
		return hal.Edge{}, false, err
	}
	raw.At = w.line.chips.clock.time(stamp)
	if w.clean.period == 0 {
		return raw, true, nil
	}
	e, ok := w.clean.edge(raw)
	return e, ok, nil
}

func (w *watch) settle() (hal.Edge, bool, error) {
	e, ok := w.clean.settle(time.Now(), w.line.Read())
	return e, ok, nil
}

// poll reads an event that is there already.
func (l *Line) poll(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, errClosed
	}
	return l.chips.kernel.read(l.fd, p)
}

// parseEvent reads a struct gpio_v2_line_event, in the byte order of ARM and x86.
func parseEvent(p []byte) (hal.Edge, int64, error) {
	if len(p) != eventBytes {
		return hal.Edge{}, 0, fmt.Errorf("event of %d bytes", len(p))
	}
	stamp := int64(binary.LittleEndian.Uint64(p))
	switch id := binary.LittleEndian.Uint32(p[8:]); id {
	case eventRising:
		return hal.Edge{Level: gpio.High}, stamp, nil
	case eventFalling:
		return hal.Edge{Level: gpio.Low}, stamp, nil
	default:
		return hal.Edge{}, 0, fmt.Errorf("event of kind %d", id)
	}
}
