package gpioslic

import (
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// phase is where the pins are in a burst of ringing.
//
//	resting --> ringing --> ending --> resting
//	              |           |
//	              | SHK rose  | SHK rose, and is high when RM falls
//	              v           v
//	            ending --> confirming --> resting, answered or not
type phase uint8

const (
	resting    phase = iota // RM low, F/R as the feed's polarity
	ringing                 // RM high, F/R toggles
	ending                  // RM high, F/R at rest and forward, for half a period
	confirming              // RM low, SHK is looked at once more
)

// confirmTime is how long SHK is watched after RM went low. With 100 ms that the
// module needs to see the phone and half a period of 15 Hz it keeps ring trip
// within 200 ms.
const confirmTime = 25 * time.Millisecond

// startRinging begins a burst on a line that is fed and whose loop is open. A
// loop that seems closed either is about to be reported or opens shortly, when
// the ringers are charged.
func (w *worker) startRinging(now time.Time) {
	w.rest(slic.Forward, now)
	if !w.awake.IsZero() || w.shk.Raw {
		return
	}
	w.wires.setRingMode(true)
	w.phase = ringing
	w.beat.start(w.frequency, now)
	w.toggle(now)
}

func (w *worker) toggle(now time.Time) {
	w.wires.setReversed(!w.wires.reversed)
	w.beat.toggled(now)
}

// advance does what the phase has to do next, if it is time.
func (w *worker) advance(now time.Time) {
	switch {
	case w.phase == ringing && !now.Before(w.beat.due()):
		w.toggle(now)
	case w.phase == ending && !now.Before(w.phaseEnd):
		w.endRingMode(now)
	case w.phase == confirming && !now.Before(w.phaseEnd):
		w.confirm(now)
	}
}

// endRinging stops F/R in the forward state.
func (w *worker) endRinging(now time.Time) {
	if w.wires.reversed {
		w.wires.setReversed(false)
	}
	w.phase, w.phaseEnd = ending, now.Add(w.beat.half)
}

// endRingMode ends the burst. A rise of SHK that did not last until now was no
// answer; it is dismissed before the ringers, which now charge to the battery,
// draw current.
func (w *worker) endRingMode(now time.Time) {
	w.wires.setRingMode(false)
	switch {
	case w.tripAt.IsZero():
		w.phase, w.rungTill = resting, now
		w.deafen(deafAfterRinging, now)
	case !w.shk.Raw:
		w.dismiss(now)
	default:
		w.phase, w.phaseEnd = confirming, now.Add(confirmTime)
	}
}

// dismiss takes a rise of SHK for a disturbance. An answer that was taken for
// one is found when the line is not deaf any more.
func (w *worker) dismiss(now time.Time) {
	w.phase, w.tripAt = resting, time.Time{}
	w.deafen(deafAfterRinging, now)
	w.reports.Note("SHK rose during ringing although nobody answered")
}

// trip ends the ringing because SHK rose at the time at.
func (w *worker) trip(at, now time.Time) {
	if w.phase != ringing && w.phase != ending || !w.tripAt.IsZero() {
		return
	}
	w.tripAt = at
	if w.phase == ringing {
		w.endRinging(now)
	}
}

// confirm decides whether the rise of SHK was an answer.
func (w *worker) confirm(now time.Time) {
	if w.shk.Moving {
		w.phaseEnd = w.shk.Due()
		return
	}
	if !w.shk.Closed {
		w.dismiss(now)
		return
	}
	at := w.tripAt
	w.phase, w.tripAt = resting, time.Time{}
	w.tripped = w.orders.Wanted().Feeds
	w.missed = 0
	w.report(true, at)
}

// missedTrips are so many answers in a row that showed only when a burst of ringing
// had ended. One may have come at the very end of it.
const missedTrips = 2

// missedTrip counts an answer that ring trip did not see: the loop was closed at the
// time at, when the burst had just ended.
func (w *worker) missedTrip(at time.Time) {
	if at.Sub(w.rungTill) >= deafAfterRinging {
		return
	}
	if w.missed++; w.missed == missedTrips {
		w.reports.Note("answers are found when a ring has ended, ring trip does not see them; too many ringers?")
	}
}
