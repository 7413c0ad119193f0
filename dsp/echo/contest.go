package echo

// contest watches foreground and background and decides which is to be trusted.
//
// A sum of differences of energy is taken as proof when it is well above the
// root of the sum of their squares: one block alone, or blocks that contradict
// each other, prove nothing. All sums forget with a time constant of 100 ms. A loud
// vowel outweighs in them what comes after it, so against a foreground that is not
// settled a background that leaves far less for some blocks in a row has won whatever
// they say. Against one that is, both talking at once would win that way.
type contest struct {
	near, rest, ahead float64 // energies: as it came, of the foreground, of the background
	better, harmful   evidence
	good              int // blocks in which the foreground was good, up to trusted
	wins              int // blocks in a row in which the background was far better

	probing int // blocks that the background may still try
	waiting int // blocks until it may try again
	pause   int // blocks to wait after the next failure
}

// verdict is what is to be done with the filters.
type verdict uint8

const (
	keep    verdict = iota
	adopt           // the background becomes the foreground
	restore         // the foreground becomes the background
	probe           // the background starts to doubt what it knows
	giveUp          // both are forgotten: they add echo
)

const (
	remember    = 0.9
	proof       = 3.0  // sum squared over sum of squares
	firstProbe  = 100  // blocks after a reset
	probeLength = 20   // blocks
	minPause    = 30   // blocks
	maxPause    = 240  // blocks
	improvement = 0.95 // energy to be adopted
	striking    = 0.5  // energy to be adopted in doubt, or at once while nothing good is known
	failure     = 2.0  // energy to be restored
	worse       = 1.5  // energy to give up
	poor        = 0.1  // of the energy, that remains, to look for a better path
	trusted     = 31   // blocks of a good foreground until it is not doubted lightly; one vowel is not enough
	crushing    = 0.35 // energy to be far better
	won         = 3    // blocks of a far better background
	audible     = 4.0  // times the noise
	insane      = 1e13 // energy of no possible signal
)

// evidence collects differences.
type evidence struct {
	sum, squares float64
}

func (v *evidence) add(difference float64) {
	v.sum = remember*v.sum + difference
	v.squares = remember*v.squares + difference*difference
}

// proves says whether the differences are positive beyond chance.
func (v *evidence) proves() bool { return v.sum > 0 && v.sum*v.sum > proof*v.squares }

// refutes says whether they are negative beyond chance.
func (v *evidence) refutes() bool { return v.sum < 0 && v.sum*v.sum > proof*v.squares }

func newContest() contest { return contest{waiting: firstProbe, pause: minPause} }

// settled says whether the foreground was good for some time.
func (c *contest) settled() bool { return c.good >= trusted }

// judge takes the energies of a block as it came, after the foreground and after
// the background, that of the background noise, and which part of what was left of
// the block before no error of the model explains. While tones are all the far end
// sends, nothing is learnt and the background not believed.
func (c *contest) judge(near, rest, ahead, noise, strange float32, tones bool) verdict {
	n, r, a := float64(near), float64(rest), float64(ahead)
	if !(a < insane && r < insane) {
		return c.decide(giveUp)
	}
	c.near = remember*c.near + n
	c.rest = remember*c.rest + r
	c.ahead = remember*c.ahead + a
	c.better.add(r - a)
	c.harmful.add(r - n)
	c.count(n, r, a, float64(noise))
	switch {
	case c.harmful.proves() && c.rest > worse*c.near:
		return c.decide(giveUp)
	case tones:
		return keep
	case c.superior(r, a):
		return c.decide(adopt)
	}
	return c.explore(float64(noise), strange)
}

// count counts the blocks in which the foreground is good, and those in which the
// background is far better.
func (c *contest) count(near, rest, ahead, noise float64) {
	if c.rest < poor*c.near {
		c.good = min(c.good+1, trusted)
	}
	if near > loud && rest > audible*noise && ahead < crushing*rest {
		c.wins++
	} else {
		c.wins = 0
	}
}

// superior says whether the background is to be adopted. Where a foreground that
// was good leaves much, the near end talks or the path has changed; then only a
// background that leaves half is believed.
func (c *contest) superior(rest, ahead float64) bool {
	switch {
	case !c.settled():
		return c.wins >= won || c.ahead < improvement*c.rest && (c.better.proves() || ahead < striking*rest)
	case c.rest > poor*c.near:
		return c.ahead < striking*c.rest && c.better.proves()
	}
	return c.ahead < improvement*c.rest && c.better.proves()
}

// explore lets the background try an unknown path when the one known is poor and
// its errors do not explain that, for some time, and then again after ever longer
// pauses.
func (c *contest) explore(noise float64, strange float32) verdict {
	switch {
	case c.probing > 1:
		c.probing--
		return keep
	case c.probing == 1:
		c.waiting, c.pause = c.pause, min(maxPause, 2*c.pause)
		return c.decide(restore)
	case c.better.refutes() && c.ahead > failure*c.rest:
		return c.decide(restore)
	case c.waiting > 0:
		c.waiting--
		return keep
	}
	const blocks = 1 / (1 - remember) // that the sums are of
	if c.rest > poor*c.near && c.rest > audible*noise*blocks && c.near > loud*blocks && strange > surprising {
		c.probing = probeLength
		return probe
	}
	return keep
}

// loud is the energy of a block loud enough to judge by, -50 dBm0.
var loud = float64(energyAt(-50))

// decide starts the contest anew after v.
func (c *contest) decide(v verdict) verdict {
	c.better, c.harmful = evidence{}, evidence{}
	c.ahead = c.rest
	c.probing, c.wins = 0, 0
	switch v {
	case adopt:
		c.pause = minPause
	case giveUp:
		*c = newContest()
	}
	return v
}
