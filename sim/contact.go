package sim

import (
	"math/rand/v2"
	"time"
)

// samples converts a time to samples of 125 µs.
func samples(d time.Duration) int64 { return int64(d / (125 * time.Microsecond)) }

// contact is a switch whose blades bounce: after each change it opens and
// closes at random until the bounce time is over. Intervals between the
// touches are 0.25 to 3 ms.
type contact struct {
	closed bool  // now
	target bool  // where it settles
	settle int64 // sample at which it has settled
	toggle int64 // sample of the next touch
}

// set moves the contact at sample now.
func (c *contact) set(target bool, now int64, bounce time.Duration, rng *rand.Rand) {
	c.closed, c.target = target, target
	c.settle = now + samples(bounce)
	c.toggle = now + touch(rng)
}

func touch(rng *rand.Rand) int64 { return 2 + rng.Int64N(23) }

// step returns whether the contact is closed at sample now.
func (c *contact) step(now int64, rng *rand.Rand) bool {
	switch {
	case now >= c.settle:
		c.closed = c.target
	case now >= c.toggle:
		c.closed = !c.closed
		c.toggle = now + touch(rng)
	}
	return c.closed
}

// settled says whether the contact rests.
func (c *contact) settled(now int64) bool { return now >= c.settle }

// between returns a random time from low to high.
func between(low, high time.Duration, rng *rand.Rand) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(rng.Int64N(int64(high-low)+1))
}
