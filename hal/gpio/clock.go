package gpio

import "time"

// clock turns the kernel's CLOCK_MONOTONIC into times. Go's monotonic readings
// count the same clock from another origin, so the distance of two stamps is
// exact.
type clock struct {
	base   time.Time
	origin int64 // CLOCK_MONOTONIC at base
}

// newClock reads both clocks a few times and keeps the closest pair: the program
// may be interrupted between the two.
func newClock(monotonic func() int64) clock {
	var best clock
	closest := time.Duration(1<<63 - 1)
	for range 5 {
		before := time.Now()
		origin := monotonic()
		if took := time.Since(before); took < closest {
			closest = took
			best = clock{before.Add(took / 2), origin}
		}
	}
	return best
}

// time returns the time of a stamp. Its wall clock reading is that of now, less
// the stamp's age.
func (c clock) time(stamp int64) time.Time {
	now := time.Now()
	age := now.Sub(c.base) - time.Duration(stamp-c.origin)
	return now.Add(-age)
}
