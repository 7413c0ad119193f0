package dtmf

// dial follows the steady sound below the DTMF band that a line has before the
// first digit: dial tone, whatever its frequencies. Speech never keeps its power
// so even for so long, and music is not so low.
type dial struct {
	reference float32 // mean square the last hops are compared with
	even      int     // hops that agreed with it
	level     float32 // mean square of the dial tone, 0 = none
}

const (
	dialWindow = 8    // hops, near the period of the beat of 350 with 440 Hz
	dialEven   = 80   // hops, 120 ms
	dialSpread = 0.25 // of the power, either way
	dialPasses = 0.10 // of the power gets through the dial-tone filter, at most
)

// update takes the mean squares of the last dialWindow hops, before and behind
// the dial-tone filter.
func (t *dial) update(whole, filtered float32) {
	if whole > t.reference*(1+dialSpread) || whole < t.reference*(1-dialSpread) || filtered > dialPasses*whole {
		t.reference, t.even = whole, 0
	}
	t.even++
	switch {
	case t.even >= dialEven:
		t.level = whole
	case whole < t.level/2:
		t.level = 0
	}
}
