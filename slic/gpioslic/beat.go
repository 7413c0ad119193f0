package gpioslic

import (
	"time"

	"periph.io/x/conn/v3/physic"
)

// beat is the grid of times at which F/R is toggled, two per period of the
// ringing. A late toggle does not shift those that follow; toggles come at least
// a quarter of a period apart, and after a long delay whole periods are left
// out, so that the polarity stays in step with the grid.
type beat struct {
	half time.Duration
	base time.Time
	n    int64     // next point of the grid
	last time.Time // toggle
}

// start makes the first toggle due now.
func (b *beat) start(f physic.Frequency, now time.Time) {
	half := time.Duration(float64(time.Second) / 2 * float64(physic.Hertz) / float64(f))
	*b = beat{half: half, base: now, last: now.Add(-half)}
}

func (b *beat) grid() time.Time { return b.base.Add(time.Duration(b.n) * b.half) }

// due is the time of the next toggle.
func (b *beat) due() time.Time {
	at, soonest := b.grid(), b.last.Add(b.half/2)
	if at.Before(soonest) {
		return soonest
	}
	return at
}

// toggled says that it happened.
func (b *beat) toggled(now time.Time) {
	b.last = now
	b.n++
	if behind := now.Sub(b.grid()); behind > 0 {
		b.n += int64(behind/(2*b.half)) * 2
	}
}
