package gpioslic

import (
	"context"
	"errors"
	"fmt"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

// Pins are the wires of a module.
type Pins struct {
	// SHK is high while the loop is closed; a hal.EdgePin tells the exact time
	// of events.
	SHK gpio.PinIn
	RM  gpio.PinOut // high puts ringing voltage on the pair
	FR  gpio.PinOut // forward and reverse
	// PD takes the feed off the pair. It is only ever pulled low or made an
	// input without pull. Nil when it is not wired: the port cannot open the
	// loop then.
	PD gpio.PinIO
}

// Dev is one port.
type Dev struct {
	opts Opts
	pins Pins

	orders *driver.Orders
}

var _ slic.CatchingUp = (*Dev)(nil)

// New returns a port on the given pins. It does not touch them.
func New(pins Pins, opts Opts) (*Dev, error) {
	if pins.SHK == nil || pins.RM == nil || pins.FR == nil {
		return nil, errors.New("gpioslic: new: SHK, RM and FR must be wired")
	}
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	return &Dev{
		opts: opts, pins: pins,
		orders: driver.NewOrders("gpioslic"),
	}, nil
}

// String returns the name given in the options.
func (d *Dev) String() string { return d.opts.Name }

// Caps says what the module and its wiring allow.
func (d *Dev) Caps() slic.Caps {
	return slic.Caps{
		Reversal: true, OpenLoop: d.pins.PD != nil, OnHookTransmit: d.opts.OnHookAudio, RingFrequency: true,
	}
}

// SetFeed asks for a feed. Ringing does not start while the phone is off hook,
// and not again after a ring trip until SetFeed is called anew. On-hook
// transmission is the battery of its polarity: where the module can do it, audio
// always runs. A port that cannot open the loop goes forward instead.
func (d *Dev) SetFeed(f slic.Feed) { d.orders.SetFeed(f) }

// Configure asks for electrical settings, of which the module knows only the
// ringing frequency; a new one holds from the next burst on. The error says
// which value is out of range; what the module cannot do is reported once with
// a Note.
func (d *Dev) Configure(e slic.Electrical) error { return d.orders.Configure(e) }

// CatchUp implements slic.CatchingUp.
func (d *Dev) CatchUp() { d.orders.CatchUp() }

// Measure returns slic.ErrUnsupported.
func (d *Dev) Measure() (slic.Measurement, error) {
	return slic.Measurement{}, fmt.Errorf("gpioslic: measure: %w", slic.ErrUnsupported)
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
	w.release()
	return context.Cause(ctx)
}
