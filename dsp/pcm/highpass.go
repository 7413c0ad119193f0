package pcm

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// HighPass takes the offset of a converter and the hum of the mains out of a
// signal and leaves the telephone band as it is: 38 dB less at 60 Hz and 44 at
// 50, 0.1 dB at 300 Hz (ITU-T G.712 §6 asks for 0.25 or less there). It is a
// Butterworth filter of the fourth order; the delay at 1 kHz is 0.1 ms.
type HighPass struct {
	state [len(sections)][2]float32
}

// corner is where the filter takes 3 dB, in hertz.
const corner = 180

// section is a filter of the second order, numerator 1 -2 1 times gain.
type section struct{ gain, a1, a2 float32 }

// sections by the bilinear transform; the poles of a Butterworth filter of the
// fourth order have these qualities.
var sections = [...]section{design(0.54119610), design(1.30656296)}

func design(quality float64) section {
	w := 2 * math.Pi * corner / float64(dsp.SampleRate)
	cos, alpha := math.Cos(w), math.Sin(w)/(2*quality)
	a0 := 1 + alpha
	return section{
		gain: float32((1 + cos) / 2 / a0),
		a1:   float32(-2 * cos / a0),
		a2:   float32((1 - alpha) / a0),
	}
}

// Process filters a block.
func (h *HighPass) Process(block []int16) {
	a, b := &sections[0], &sections[1]
	s, t := h.state[0], h.state[1]
	for i, v := range block {
		x := a.gain * float32(v)
		y := x + s[0]
		s[0] = s[1] - 2*x - a.a1*y
		s[1] = x - a.a2*y
		x = b.gain * y
		y = x + t[0]
		t[0] = t[1] - 2*x - b.a1*y
		t[1] = x - b.a2*y
		block[i] = round(y)
	}
	h.state[0], h.state[1] = calm(s), calm(t)
}

// calm keeps denormal numbers out of the silence.
func calm(s [2]float32) [2]float32 {
	const least = 1e-6
	for i, v := range s {
		if v < least && v > -least {
			s[i] = 0
		}
	}
	return s
}

// round returns the sample nearest to v.
func round(v float32) int16 {
	switch {
	case v >= math.MaxInt16:
		return math.MaxInt16
	case v <= math.MinInt16:
		return math.MinInt16
	case v < 0:
		return int16(v - 0.5)
	}
	return int16(v + 0.5)
}
