package gpioslic

import (
	"fmt"
	"time"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

// Times during which SHK may show the current of the ringers' capacitors, which
// charge through the limited feed: five ringers (1.4 kohm and 40 µF) need 90 ms
// after ringing and 175 ms after a reversal at 20 mA. A phone that is off hook
// shorts them.
const (
	deafAfterRinging = 120 * time.Millisecond
	deafOnHook       = 200 * time.Millisecond
	deafOffHook      = 40 * time.Millisecond
)

// sync makes the pins do what is wanted, as far as the phase allows now; it is
// called again when the phase has ended.
func (w *worker) sync(now time.Time) {
	want := w.orders.Wanted()
	w.configure(want.Electrical)
	feed := w.effective(want)
	switch {
	case w.phase == ringing && feed != slic.Ringing:
		w.endRinging(now)
	case w.phase != resting:
	case feed == slic.Ringing:
		w.startRinging(now)
	default:
		w.rest(feed, now)
	}
}

// effective is the feed that may be given now: a phone that is off hook is not
// rung, nor one that has answered this ringing.
func (w *worker) effective(want driver.Wanted) slic.Feed {
	switch want.Feed {
	case slic.Open:
		if w.wires.pd.wired() {
			return slic.Open
		}
		if want.Feeds > 0 {
			w.reports.Note("PD is not wired, the loop cannot be opened")
		}
	case slic.Reverse, slic.OnHookTransmitRev:
		return slic.Reverse
	case slic.Ringing:
		if !w.off && want.Feeds != w.tripped {
			return slic.Ringing
		}
	}
	return slic.Forward
}

// rest gives the pair battery of a polarity, or nothing.
func (w *worker) rest(feed slic.Feed, now time.Time) {
	if feed == slic.Open {
		if w.wires.powered {
			w.wires.setPowered(false)
		}
		return
	}
	if reverse := feed == slic.Reverse; reverse != w.wires.reversed {
		w.wires.setReversed(reverse)
		w.deafen(w.deafness(), now)
	}
	if !w.wires.powered {
		w.wires.setPowered(true)
		w.wakeUp(now)
	}
}

// wakeUp gives the module time to have its voltages.
func (w *worker) wakeUp(now time.Time) {
	w.deafen(w.opts.WakeTime, now)
	w.awake = now.Add(w.opts.WakeTime)
}

// deafness is how long the hook cannot be told after a reversal.
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

// configure looks at new settings and tells what the module cannot do.
func (w *worker) configure(e slic.Electrical) {
	if e == w.asked {
		return
	}
	w.asked = e
	w.frequency = min(max(e.RingFrequency, w.opts.RingMin), w.opts.RingMax)
	if w.frequency != e.RingFrequency {
		w.reports.Note(fmt.Sprintf("ringing at %v instead of %v", w.frequency, e.RingFrequency))
	}
	if e.Impedance != slic.Z600 {
		w.reports.Note(fmt.Sprintf("the impedance is %s instead of %s", slic.Z600, e.Impedance))
	}
	if e.ToPhoneGain != 0 || e.FromPhoneGain != 0 {
		w.reports.Note("the module has no gains to set")
	}
	for _, s := range []struct {
		what  string
		asked bool
	}{
		{"ringing voltage", e.RingVoltage != slic.DefaultRingVoltage},
		{"loop current", e.LoopCurrent != slic.DefaultLoopCurrent},
		{"on-hook voltage", e.OnHookVoltage != slic.DefaultOnHookVoltage},
	} {
		if s.asked {
			w.reports.Note("the module's " + s.what + " cannot be set")
		}
	}
}
