package handset

import (
	"time"

	"periph.io/x/conn/v3/physic"
)

// The two tones of the ringing, a major third apart and where small loudspeakers
// and piezo discs are loud.
const (
	warbleLow  = 1600 * physic.Hertz
	warbleHigh = 2000 * physic.Hertz
)

// warble is a ringing under way: the tones take turns at the ringing frequency,
// on a grid of absolute times. The zero value is silent.
type warble struct {
	half time.Duration // of the ringing frequency's period; 0 = silent
	next time.Time     // the other tone's turn
	high bool
}

func (w *warble) sounding() bool { return w.half > 0 }

// start begins with the high tone.
func (w *warble) start(f physic.Frequency, now time.Time) physic.Frequency {
	*w = warble{half: f.Period() / 2, high: true}
	w.next = now.Add(w.half)
	return warbleHigh
}

// turn goes to the other tone. Turns that were missed are skipped.
func (w *warble) turn(now time.Time) physic.Frequency {
	w.high = !w.high
	for !w.next.After(now) {
		w.next = w.next.Add(w.half)
	}
	if w.high {
		return warbleHigh
	}
	return warbleLow
}
