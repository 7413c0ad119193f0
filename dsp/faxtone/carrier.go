package faxtone

// mark describes what a modem of frequency-shift keying sends while it has nothing
// to say: one tone.
type mark struct {
	turn   complex64
	share  float32 // of the power in the band over energy, at least
	needed int     // steps
}

// newMark describes a tone that is off the middle of its discriminator by hz and
// recognized after some seconds.
func newMark(hz, seconds float64) mark {
	return mark{turn: shifted(hz), share: float32(share * passes(hz)), needed: int(steps(seconds))}
}

// A modem of V.21 shows itself by its mark: the one that called by 980 Hz, the one
// that answers by 1650 Hz, which other ends take for it after 1.5 and 0.5 s (ITU-T
// V.18 §5). Text telephones of V.18 Annex F are such modems.
var (
	callerMark = newMark(980-lowMiddle, 1.5)
	answerMark = newMark(1650-middle, 0.5)
)

// Tangents by which a step and the mean may be off: 12 Hz that V.21 §4 allows behind
// a carrier system, and noise.
var (
	markNear  = off(12 + slack)
	markExact = off(14)
)

// markGap is how many steps in a row noise may hide a mark.
const markGap = 2

// carrier waits for a mark that lasts.
type carrier struct {
	mark *mark
	age  int
	gap  int       // steps since the mark was there
	turn complex64 // sum of the steps with it
}

// hear looks at what the discriminator made of a step and reports true when it
// makes the mark recognized.
func (c *carrier) hear(d *discriminator) bool {
	if d.power >= c.mark.share*d.energy && near(d.turn, c.mark.turn, markNear) {
		c.gap = 0
		c.turn += d.turn
	} else if c.gap++; c.gap > markGap {
		c.age, c.turn = 0, 0
		return false
	}
	c.age++
	return c.age == c.mark.needed && near(c.turn, c.mark.turn, markExact)
}
