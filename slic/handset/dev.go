package handset

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/hal/keypad"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

// Ringer makes sound. It belongs to the goroutine of Run.
type Ringer interface {
	// Sound plays a tone in place of the one before; 0 is silence. It must not
	// block for longer than some milliseconds.
	Sound(physic.Frequency) error
}

// Display shows lines of text, the first on top. Show may take as long as the bus
// takes; an error has it tried again later, from the start.
type Display interface {
	Show(lines []string) error
}

// Parts are what the telephone is made of.
type Parts struct {
	// Hook is the cradle switch; a hal.EdgePin tells the exact time of events.
	Hook    gpio.PinIn
	Ringer  Ringer
	Keypad  *keypad.Keypad // nil: there is none
	Lamp    gpio.PinOut    // lit by High while messages wait; nil: there is none
	Display Display        // nil: there is none
}

// Opts describes the telephone. The zero value of a field means the default
// given in brackets.
type Opts struct {
	Name           string        // for String and the log ["handset"]
	HookActiveHigh bool          // the switch is High off hook [Low: it closes to ground]
	HookDebounce   time.Duration // the switch must hold for so long, 2..50 ms [10 ms]
	Logger         *slog.Logger  // [discard]
}

func (o Opts) withDefaults() Opts {
	if o.Name == "" {
		o.Name = "handset"
	}
	if o.HookDebounce == 0 {
		o.HookDebounce = 10 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Dev is one telephone.
type Dev struct {
	opts  Opts
	parts Parts

	orders *driver.Orders
	look   chan struct{} // Show was called

	mu     sync.Mutex
	screen slic.Screen // to be shown
}

var (
	_ slic.Panel      = (*Dev)(nil)
	_ slic.CatchingUp = (*Dev)(nil)
)

// New returns a telephone made of the given parts. It does not touch them.
func New(parts Parts, opts Opts) (*Dev, error) {
	opts = opts.withDefaults()
	switch {
	case parts.Hook == nil || parts.Ringer == nil:
		return nil, errors.New("handset: new: a telephone needs a hook switch and a ringer")
	case opts.HookDebounce < 2*time.Millisecond || opts.HookDebounce > 50*time.Millisecond:
		return nil, errors.New("handset: new: want HookDebounce of 2..50 ms")
	}
	return &Dev{
		opts: opts, parts: parts,
		orders: driver.NewOrders("handset"), look: make(chan struct{}, 1),
	}, nil
}

// String returns the name given in the options.
func (d *Dev) String() string { return d.opts.Name }

// Caps says that keys come as events, where there is a keypad.
func (d *Dev) Caps() slic.Caps {
	return slic.Caps{RingFrequency: true, Keys: d.parts.Keypad != nil}
}

// SetFeed asks for ringing or for none; all other feeds are alike.
func (d *Dev) SetFeed(f slic.Feed) { d.orders.SetFeed(f) }

// Configure takes the ringing frequency for the rhythm of the ringing. The rest
// concerns a pair of wires; the error says which value would be out of range
// there.
func (d *Dev) Configure(e slic.Electrical) error { return d.orders.Configure(e) }

// CatchUp implements slic.CatchingUp.
func (d *Dev) CatchUp() { d.orders.CatchUp() }

// Show implements slic.Panel.
func (d *Dev) Show(s slic.Screen) {
	d.mu.Lock()
	d.screen = s
	d.mu.Unlock()
	driver.Poke(d.look)
}

// toShow is the screen that was asked for last.
func (d *Dev) toShow() slic.Screen {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.screen
}

// Measure returns slic.ErrUnsupported.
func (d *Dev) Measure() (slic.Measurement, error) {
	return slic.Measurement{}, fmt.Errorf("handset: measure: %w", slic.ErrUnsupported)
}

// Run implements slic.Line. It returns the cause of the end of ctx.
func (d *Dev) Run(ctx context.Context, notify func(slic.Event)) error {
	end, err := d.orders.Begin()
	if err != nil {
		return err
	}
	defer end()
	w := newWorker(d, notify)
	w.run(ctx)
	return context.Cause(ctx)
}
