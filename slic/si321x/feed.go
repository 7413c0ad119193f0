package si321x

import (
	"time"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

// linefeed is the LF code of each feed.
var linefeed = [...]byte{
	slic.Open:              lfOpen,
	slic.Forward:           lfForward,
	slic.Reverse:           lfReverse,
	slic.OnHookTransmit:    lfOnHook,
	slic.OnHookTransmitRev: lfOnHookRev,
	slic.Ringing:           lfRinging,
}

// Times during which loop current may come from the ringers' capacitors, which
// charge through the limited feed: five ringers (1.4 kΩ and 40 µF) need 90 ms
// after ringing and 175 ms after a reversal at 20 mA. A phone that is off hook
// shorts them.
const (
	deafAfterRinging = 120 * time.Millisecond
	deafOnHook       = 200 * time.Millisecond
	deafOffHook      = 40 * time.Millisecond
)

// sync makes the chip do what is wanted. New settings are written before a
// burst of ringing begins or after it has ended.
func (w *worker) sync() error {
	want := w.orders.Wanted()
	if err := w.reconfigure(want); err != nil {
		return err
	}
	if lf := linefeed[w.effective(want)]; lf != w.lf {
		w.command(lf)
	}
	if err := w.reconfigure(want); err != nil {
		return err
	}
	return w.chip.fail()
}

// effective is the feed that may be given now. After an alarm the line stays
// open for a while and then takes battery before it takes ringing; a phone that
// is off hook is not rung, nor one that has answered this ringing.
func (w *worker) effective(want driver.Wanted) slic.Feed {
	switch {
	case !w.cooling.IsZero() || int(want.Feed) >= len(linefeed):
		return slic.Open
	case want.Feed != slic.Ringing:
		return want.Feed
	case w.off || want.Feeds == w.tripped || !w.recovering.IsZero():
		return slic.Forward
	}
	return slic.Ringing
}

// command moves the line to a state.
func (w *worker) command(lf byte) {
	now := time.Now()
	if d := w.deafness(lf); d > 0 && now.Add(d).After(w.deafTill) {
		w.deafTill = now.Add(d)
	}
	if w.part == Si3211 {
		w.selectBattery(lf)
	}
	w.chip.write(drLinefeed, lf)
	if w.lf == lfRinging {
		w.rungTill = now
	}
	if lf == lfRinging && w.lf != lfRinging {
		w.ringing.begin()
	}
	w.lf, w.feedAt = lf, now
	w.feedCheck = now.Add(feedPeriod)
}

// selectBattery gives a Si3211 the high battery for ringing only.
func (w *worker) selectBattery(lf byte) {
	v := byte(trackBattery)
	if lf == lfRinging {
		v |= batterySelect
	}
	w.chip.set(drBattery, v)
}

// deafness is how long the hook cannot be told after the move to lf.
func (w *worker) deafness(lf byte) time.Duration {
	turned := reversed(lf) != reversed(w.lf)
	switch {
	case lf == lfOpen || lf == lfRinging:
		return 0
	case w.lf == lfRinging && !turned:
		return deafAfterRinging
	case w.lf != lfOpen && !turned:
		return 0
	case w.off:
		return deafOffHook
	}
	return deafOnHook
}

func reversed(lf byte) bool { return lf == lfReverse || lf == lfOnHookRev }

// reconfigure writes what new settings change, unless the phone is ringing.
func (w *worker) reconfigure(want driver.Wanted) error {
	if want.Electrical == w.asked || w.lf == lfRinging {
		return nil
	}
	if err := w.makePlan(); err != nil {
		return err
	}
	for _, d := range w.plan.directs {
		if w.chip.direct[d.n] != d.v {
			w.chip.set(d.n, d.v)
		}
	}
	for r := indirect(0); r < irCount; r++ {
		if v := w.plan.indirects[r]; w.chip.ir[r] != v {
			w.chip.setIndirect(r, v)
		}
	}
	return nil
}

// checkFeed compares the line's state with the command and repeats the command
// when the chip does not follow.
func (w *worker) checkFeed(now time.Time) error {
	actual, ok := w.actual()
	switch {
	case !ok || actual == w.lf || w.off && automaticMove(w.lf, actual):
		return nil
	case w.lf == lfRinging && (actual == lfForward || actual == lfReverse):
		w.answered(now)
		return nil
	case actual == lfOpen:
		return w.dropped(0, now)
	}
	w.opts.Logger.Debug("linefeed command repeated", "line", w.opts.Name, "want", w.lf, "is", actual)
	w.chip.write(drLinefeed, w.lf)
	return nil
}

// automaticMove says that the chip went from on-hook transmission to active
// because the loop closed. It does not go back when the loop opens.
func automaticMove(lf, actual byte) bool {
	return lf == lfOnHook && actual == lfForward || lf == lfOnHookRev && actual == lfReverse
}

// actual reads the line's state, twice, and whether the chip is alive to tell.
func (w *worker) actual() (lf byte, ok bool) {
	a, b := w.chip.read(drLinefeed), w.chip.read(drLinefeed)
	if a != b || !w.chip.alive() {
		w.suspect()
		return 0, false
	}
	return a >> 4 & 7, true
}
