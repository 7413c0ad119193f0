package codec

import (
	"context"
	"errors"
	"fmt"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

// Pins are the wires of one line circuit.
type Pins struct {
	Hook gpio.PinIn    // the detector
	Mode []gpio.PinOut // the mode inputs
}

// Dev is one port.
type Dev struct {
	opts Opts
	pins Pins

	orders *driver.Orders
}

var _ slic.Line = (*Dev)(nil)

// New returns a port on the given pins. It does not touch them.
func New(pins Pins, opts Opts) (*Dev, error) {
	opts = opts.withDefaults()
	if pins.Hook == nil || len(pins.Mode) == 0 {
		return nil, errors.New("codec: new: the detector and mode pins must be wired")
	}
	if err := opts.validate(len(pins.Mode)); err != nil {
		return nil, fmt.Errorf("codec: new: %w", err)
	}
	return &Dev{
		opts: opts, pins: pins,
		orders: driver.NewOrders("codec"),
	}, nil
}

// String returns the name given in the options.
func (d *Dev) String() string { return d.opts.Name }

// Caps says what the line circuit has modes for.
func (d *Dev) Caps() slic.Caps { return d.opts.Modes.Caps() }

// Caps says what a circuit with these modes can do.
func (m *Modes) Caps() slic.Caps {
	return slic.Caps{Reversal: m.Reverse != "", OpenLoop: m.Open != "", OnHookTransmit: m.OnHookTransmit != ""}
}

// SetFeed asks for a feed. Ringing does not start while the phone is off hook,
// and not again after a ring trip until SetFeed is called anew. A feed that the
// circuit has no mode for is the nearest it has.
func (d *Dev) SetFeed(f slic.Feed) { d.orders.SetFeed(f) }

// Configure checks electrical settings. The circuit is as it was built and as the
// codec's coefficients make it, so nothing of them is set; what is asked for
// beyond the defaults is reported once with a Note.
func (d *Dev) Configure(e slic.Electrical) error { return d.orders.Configure(e) }

// Measure returns slic.ErrUnsupported.
func (d *Dev) Measure() (slic.Measurement, error) {
	return slic.Measurement{}, fmt.Errorf("codec: measure: %w", slic.ErrUnsupported)
}

// Run implements slic.Line. It returns the cause of the end of ctx.
func (d *Dev) Run(ctx context.Context, notify func(slic.Event)) error {
	end, err := d.orders.Begin()
	if err != nil {
		return err
	}
	defer end()
	newWorker(d, notify).run(ctx)
	return context.Cause(ctx)
}
