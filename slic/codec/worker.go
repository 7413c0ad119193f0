package codec

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal/contact"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

const (
	// Times during which the detector may show the current of the ringers'
	// capacitors: five ringers (1.4 kohm and 40 µF) need 90 ms after ringing and
	// 175 ms after a reversal at 20 mA. A phone that is off hook shorts them.
	deafAfterRinging = 120 * time.Millisecond
	deafOnHook       = 200 * time.Millisecond
	deafOffHook      = 40 * time.Millisecond

	backOffMin = 250 * time.Millisecond // between attempts to serve pins that fail,
	backOffMax = 10 * time.Second       // doubled each time
)

// worker is what Run owns.
type worker struct {
	*Dev
	reports *driver.Reports
	mode    modePins
	feed    slic.Feed // what the mode pins say

	hook     contact.Debouncer
	off      bool      // as last reported
	deafTill time.Time // the detector says nothing about the hook until then
	answered uint64    // number of the SetFeed whose ringing was answered

	asked slic.Electrical // settings that were looked at
}

func newWorker(d *Dev, notify func(slic.Event)) *worker {
	return &worker{Dev: d, reports: driver.NewReports("codec", d.opts.Name, d.opts.Logger, notify), mode: modePins{pins: d.pins.Mode}}
}

// run brings the port up and serves it, again and again.
//
//	set up --> Ready --> serving
//	   ^ | failed          | a pin failed
//	   | v                 v
//	   Lost, back off <----+
func (w *worker) run(ctx context.Context) {
	wait := backOffMin
	for ctx.Err() == nil {
		began := time.Now()
		err := w.setUp()
		if err == nil {
			err = w.serve(ctx)
		}
		if ctx.Err() != nil {
			break
		}
		w.reports.Lost(err)
		if time.Since(began) > backOffMax {
			wait = backOffMin
		}
		_ = driver.Pause(ctx, wait) // the loop looks at ctx
		wait = min(2*wait, backOffMax)
	}
	if err := w.give(slic.Open); err != nil {
		w.opts.Logger.Debug("line not opened", "line", w.opts.Name, "err", err)
	}
}

// setUp opens the loop and makes the detector an input. Not every gpiochip can
// pull, and such circuits pull themselves.
func (w *worker) setUp() error {
	w.mode.code = ""
	if err := w.give(slic.Open); err != nil {
		return err
	}
	if err := w.pins.Hook.In(gpio.PullNoChange, gpio.NoEdge); err != nil {
		return fmt.Errorf("read the detector: %w", err)
	}
	w.hook = contact.Debouncer{Hold: w.opts.HookDebounce}
	if w.deafTill = (time.Time{}); w.feed != slic.Open {
		w.deafen(deafOnHook, time.Now()) // the ringers may have got their voltage just now
	}
	return nil
}

// give puts a feed on the pair, or the nearest the circuit has.
func (w *worker) give(f slic.Feed) error {
	f = w.opts.Modes.nearest(f)
	if err := w.mode.set(w.opts.Modes.code(f)); err != nil {
		return err
	}
	w.feed = f
	return nil
}

// serve runs a port that is set up until a pin fails or ctx ends.
func (w *worker) serve(ctx context.Context) error {
	w.reports.Emit(slic.Ready, time.Now(), nil)
	tick := time.NewTicker(w.opts.Poll)
	defer tick.Stop()
	for {
		if err := w.sync(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.orders.Changed():
		case <-tick.C:
			if err := w.look(); err != nil {
				return err
			}
		}
	}
}

// look reads the detector.
func (w *worker) look() error {
	now := time.Now()
	w.hook.Edge(bool(w.pins.Hook.Read()) == w.opts.HookActiveHigh, now, now)
	w.hook.Settle(now)
	switch {
	case w.feed == slic.Open || now.Before(w.deafTill) || w.hook.Closed == w.off:
		return nil
	case w.feed == slic.Ringing:
		return w.trip(now)
	}
	w.report(w.hook.Closed)
	return nil
}

// trip ends the ringing because somebody answered.
func (w *worker) trip(now time.Time) error {
	w.answered = w.orders.Wanted().Feeds
	if err := w.give(slic.Forward); err != nil {
		return err
	}
	w.deafen(deafOffHook, now)
	w.report(true)
	return nil
}

// report tells of a change of the hook.
func (w *worker) report(off bool) {
	w.off = off
	kind := slic.OnHook
	if off {
		kind = slic.OffHook
	}
	w.reports.Emit(kind, w.hook.At, nil)
}

// sync gives the pair what is wanted now.
func (w *worker) sync() error {
	want := w.orders.Wanted()
	w.configure(want.Electrical)
	feed := want.Feed
	if feed == slic.Ringing && (w.off || want.Feeds == w.answered || w.hook.Raw) {
		feed = slic.Forward
	}
	if feed == slic.Open && w.opts.Modes.Open == "" && want.Feeds > 0 {
		w.reports.Note("the line circuit cannot open the loop")
	}
	old, now := w.feed, time.Now()
	if feed = w.opts.Modes.nearest(feed); feed == old {
		return nil
	}
	if err := w.give(feed); err != nil {
		return err
	}
	switch {
	case old == slic.Ringing:
		w.deafen(deafAfterRinging, now)
	case feed == slic.Ringing:
	case old == slic.Open, reversed(old) != reversed(feed):
		w.deafen(w.deafness(), now)
	}
	return nil
}

func reversed(f slic.Feed) bool { return f == slic.Reverse || f == slic.OnHookTransmitRev }

// deafness is how long the hook cannot be told after a change of the voltage.
func (w *worker) deafness() time.Duration {
	if w.off {
		return deafOffHook
	}
	return deafOnHook
}

func (w *worker) deafen(d time.Duration, now time.Time) {
	if till := now.Add(d); till.After(w.deafTill) {
		w.deafTill = till
	}
}

// configure looks at new settings and tells what is not set.
func (w *worker) configure(e slic.Electrical) {
	if e == w.asked {
		return
	}
	w.asked = e
	if e != (slic.Electrical{}).WithDefaults() {
		w.reports.Note("ringing, feed, impedance and gains are the board's, not what the configuration asks for")
	}
}
