package si321x

import (
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// checkHook reports a change of the hook. at is the time of the interrupt or of
// the poll that saw it.
func (w *worker) checkHook(at time.Time) error {
	switch {
	case w.lf == lfOpen:
		return nil
	case w.lf == lfRinging:
		w.checkTrip(at)
		return nil
	case time.Now().Before(w.deafTill):
		return nil
	}
	off, ok := w.hook()
	if !ok || off == w.off {
		return nil
	}
	return w.confirm(off, at)
}

// confirm reports a change that a second reading shows too, on a line that is
// still fed. A chip that was reset or has dropped the line reads as on hook.
func (w *worker) confirm(off bool, at time.Time) error {
	actual, ok := w.actual()
	if !ok {
		return nil
	}
	if actual == lfOpen {
		return w.dropped(0, at)
	}
	if again, ok := w.hook(); !ok || again != off {
		return nil
	}
	w.report(off, at)
	if off && time.Since(w.rungTill) < deafAfterRinging+pollSlow {
		w.missedTrip()
	}
	return nil
}

// missedTrips are so many answers in a row that showed only when a burst of ringing
// had ended. One may have come at the very end of it.
const missedTrips = 2

// missedTrip counts an answer that ring trip did not see.
func (w *worker) missedTrip() {
	if w.missed++; w.missed == missedTrips {
		w.reports.Note("answers are found when a ring has ended, ring trip does not see them; too many ringers?")
	}
}

// hook reads loop closure and whether the reading can be true.
func (w *worker) hook() (off, ok bool) {
	s := w.chip.read(drStatus)
	if s&statusUnused != 0 {
		w.suspect()
		return false, false
	}
	return s&statusLoop != 0, w.chip.err == nil
}

// report sends the new hook state. A line that was waiting to be rung is
// looked after by the next sync.
func (w *worker) report(off bool, at time.Time) {
	w.off = off
	kind := slic.OnHook
	if off {
		kind = slic.OffHook
	}
	w.reports.Emit(kind, at, nil)
}

// checkTrip looks whether the chip has ended ringing because of an answer, or
// should have.
func (w *worker) checkTrip(at time.Time) {
	s := w.chip.read(drStatus)
	actual, ok := w.actual()
	if !ok || s&statusUnused != 0 || w.chip.err != nil {
		return
	}
	if actual == lfForward || actual == lfReverse || s&statusTrip != 0 {
		w.answered(at)
		return
	}
	w.ringing.add(magnitude(w.chip.read(drLoopAmps)))
}

// answered takes ringing off the line before it reports the answer.
func (w *worker) answered(at time.Time) {
	w.tripped = w.orders.Wanted().Feeds
	w.missed = 0
	w.command(lfForward)
	w.rungTill = time.Time{}
	w.report(true, at)
}
