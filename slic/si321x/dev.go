package si321x

import (
	"context"
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

// Pins are the wires of a chip beside its bus.
type Pins struct {
	Reset gpio.PinOut // RESET, active low
	// Int is INT, active low; a hal.EdgePin tells the exact time of events. Nil
	// makes Run poll every 5 ms.
	Int gpio.PinIn
}

// Dev is one port.
type Dev struct {
	opts Opts
	pins Pins
	bus  *bus

	orders   *driver.Orders
	requests chan chan measured
	tests    chan testRequest
}

var _ slic.Line = (*Dev)(nil)

// New returns a port on bus. It connects to bus but does not talk to the chip.
func New(port spi.Port, pins Pins, opts Opts) (*Dev, error) {
	if pins.Reset == nil {
		return nil, errors.New("si321x: new: no RESET pin")
	}
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	conn, err := port.Connect(opts.Speed, spi.Mode3, 8)
	if err != nil {
		return nil, fmt.Errorf("si321x: connect to %s: %w", port, err)
	}
	return &Dev{
		opts:     opts,
		pins:     pins,
		bus:      newBus(conn, opts.ByteTransfer, opts.Logger),
		orders:   driver.NewOrders("si321x"),
		requests: make(chan chan measured),
		tests:    make(chan testRequest),
	}, nil
}

// String returns the name given in the options.
func (d *Dev) String() string { return d.opts.Name }

// Caps says that the chip can do all that the contract knows.
func (d *Dev) Caps() slic.Caps {
	return slic.Caps{
		Reversal: true, OpenLoop: true, OnHookTransmit: true, RingFrequency: true, RingVoltage: true,
		Impedance: true, Gain: true, Measure: true, PowerAlarm: true,
	}
}

// SetFeed asks for a feed. Ringing does not start while the phone is off hook,
// and not again after a ring trip until SetFeed is called anew.
func (d *Dev) SetFeed(f slic.Feed) { d.orders.SetFeed(f) }

// CatchUp implements slic.CatchingUp.
func (d *Dev) CatchUp() { d.orders.CatchUp() }

// Configure asks for electrical settings. They take effect between two bursts
// when the phone is ringing. The error says which value is out of range; what
// the chip can only do nearly is reported once with a Note.
func (d *Dev) Configure(e slic.Electrical) error { return d.orders.Configure(e) }

// measureWait bounds the wait of Measure for Run, which is busy for longer only
// when the port is not in service.
const measureWait = 50 * time.Millisecond

var errNotServing = errors.New("si321x: measure: the port is not in service")

// Measure reads the monitors. It fails when the port is not in service.
func (d *Dev) Measure() (slic.Measurement, error) {
	reply := make(chan measured, 1)
	late := time.NewTimer(measureWait)
	defer late.Stop()
	select {
	case d.requests <- reply:
	case <-late.C:
		return slic.Measurement{}, errNotServing
	}
	m := <-reply
	return m.Measurement, m.err
}

// Run implements slic.Line. It returns the cause of the end of ctx.
func (d *Dev) Run(ctx context.Context, notify func(slic.Event)) error {
	end, err := d.orders.Begin()
	if err != nil {
		return err
	}
	defer end()
	w := newWorker(d, notify)
	stop := w.watch(ctx)
	w.run(ctx)
	w.release()
	stop()
	return context.Cause(ctx)
}
