package faxtone

import "math"

// tone is a tone of one frequency.
type tone struct {
	turnRe, turnIm float32 // that it makes in a hop
	near           float32 // tangent of the angle by which one hop may be off
	exact          float32 // tangent of the angle by which the mean may be off
	level          float32 // 1 over what its receiver leaves of its power
	needed         int     // hops until it is recognized
	gap            int     // hops without it that do not end it
}

// slack is what noise 15 dB below a tone makes of one hop, in hertz.
const slack = 24

// newTone describes the tone of hz in the band about center that may be off by
// tolerance, is recognized after so many milliseconds and may be interrupted for
// gap milliseconds.
func newTone(hz, center, tolerance float64, needed, gap int) tone {
	angle := func(hz float64) float64 { return 2 * math.Pi * hz * hop / 8000 }
	sin, cos := math.Sincos(angle(hz))
	return tone{
		turnRe: float32(cos), turnIm: float32(sin),
		near:  float32(math.Tan(angle(tolerance + slack))),
		exact: float32(math.Tan(angle(tolerance))),
		level: float32(1 / attenuation(hz, center)),

		needed: needed * 8 / hop, gap: gap * 8 / hop,
	}
}

// Tolerances are those of the standards with room for the measurement: CNG
// 1100 ± 38 Hz (T.30), 2100 ± 15 Hz (V.25), accepted to ± 21 Hz (G.164), the
// others ± 15 Hz. Times leave what the shortest burst has: CNG lasts 425 ms at
// least.
var (
	cngTone     = newTone(1100, lowHz, 40, 400, 10)
	callingTone = newTone(1300, lowHz, 20, 450, 10)
	ansTone     = newTone(2100, highHz, 23, 425, 20)
	bellTone    = newTone(2225, highHz, 20, 450, 10)
)

const (
	share = 0.6 // of all power is the tone's, at least
	solid = 0.9 // part of the hops that have it
)

// tracker follows one tone.
type tracker struct {
	tone *tone
	age  int       // hops since it began, 0 = it does not sound
	hits int       // of them, hops with the tone
	gap  int       // hops since it was there
	turn complex64 // sum of what it turned in the hops with it
	told bool
	hit  bool // the latest hop has it
}

func newTracker(t *tone) tracker { return tracker{tone: t} }

// listen takes a hop with its power and reports true when it makes the tone
// recognized.
func (t *tracker) listen(r *receiver, power float32) bool {
	if !t.matches(r, power) {
		t.miss()
		return false
	}
	t.hit = true
	t.age++
	t.hits++
	t.gap = 0
	t.turn += r.turned
	if t.told || t.age < t.tone.needed || float32(t.hits) < solid*float32(t.age) {
		return false
	}
	t.told = t.within(t.turn, t.tone.exact)
	return t.told
}

// matches says whether a hop is the tone and little else.
func (t *tracker) matches(r *receiver, power float32) bool {
	return r.power*t.tone.level >= share*power && t.within(r.turned, t.tone.near)
}

// within says whether a turn is the tone's within a tangent.
func (t *tracker) within(turn complex64, tangent float32) bool {
	re, im := real(turn), imag(turn)
	along := re*t.tone.turnRe + im*t.tone.turnIm
	across := im*t.tone.turnRe - re*t.tone.turnIm
	bound := along * tangent
	return along > 0 && across <= bound && across >= -bound
}

// miss notes a hop without the tone.
func (t *tracker) miss() {
	t.hit = false
	if t.age == 0 {
		return
	}
	t.age++
	if t.gap++; t.gap > t.tone.gap {
		*t = tracker{tone: t.tone}
	}
}
