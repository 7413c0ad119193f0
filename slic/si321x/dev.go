package si321x

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/slic"
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

	running  atomic.Bool
	wake     chan struct{}
	requests chan chan measured
	tests    chan testRequest

	mu     sync.Mutex
	wanted wanted
}

var _ slic.Line = (*Dev)(nil)

// wanted is what the callers of SetFeed and Configure asked for last.
type wanted struct {
	feed       slic.Feed
	feeds      uint64 // number of calls of SetFeed
	electrical slic.Electrical
}

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
		wake:     make(chan struct{}, 1),
		requests: make(chan chan measured),
		tests:    make(chan testRequest),
		wanted:   wanted{electrical: slic.Electrical{}.WithDefaults()},
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
func (d *Dev) SetFeed(f slic.Feed) {
	d.mu.Lock()
	d.wanted.feed = f
	d.wanted.feeds++
	d.mu.Unlock()
	d.poke()
}

// Configure asks for electrical settings. They take effect between two bursts
// when the phone is ringing. The error says which value is out of range; what
// the chip can only do nearly is reported once with a Note.
func (d *Dev) Configure(e slic.Electrical) error {
	if err := e.Validate(); err != nil {
		return fmt.Errorf("si321x: configure: %w", err)
	}
	d.mu.Lock()
	d.wanted.electrical = e.WithDefaults()
	d.mu.Unlock()
	d.poke()
	return nil
}

// poke wakes Run.
func (d *Dev) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Dev) want() wanted {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wanted
}

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
	if !d.running.CompareAndSwap(false, true) {
		return errors.New("si321x: run: already running")
	}
	defer d.running.Store(false)
	w := newWorker(d, notify)
	stop := w.watch(ctx)
	w.run(ctx)
	w.release()
	stop()
	return context.Cause(ctx)
}
