package pcm

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// HighPass takes the offset of a converter and the hum of the mains out of a
// signal: a first-order high pass at 10 Hz and notches at 50 and 60 Hz, 8 Hz wide,
// which take 26 dB or more within 0.2 Hz. Voice keeps its lowest notes, whose
// phase a steeper high pass would turn: 100 Hz loses 0.15 dB, 200 Hz 0.05.
type HighPass struct {
	in, out float32
	notches [len(notches)][2]float32
}

// In hertz.
const (
	offsetCorner = 10
	notchWidth   = 8
)

// offsetPole is that of the first order, offsetGain what makes its greatest gain 1.
const (
	offsetPole = 1 - 2*math.Pi*offsetCorner/dsp.SampleRate
	offsetGain = (1 + offsetPole) / 2
)

// notch is a filter of the second order, numerator b0 b1 b0 and denominator 1 b1 a2.
type notch struct{ b0, b1, a2 float32 }

var notches = [...]notch{design(50), design(60)}

// design makes a notch by the bilinear transform.
func design(hz float64) notch {
	w := math.Tan(math.Pi * hz / dsp.SampleRate)
	width := math.Tan(math.Pi * notchWidth / dsp.SampleRate)
	a0 := 1 + width + w*w
	return notch{
		b0: float32((1 + w*w) / a0),
		b1: float32(2 * (w*w - 1) / a0),
		a2: float32((1 - width + w*w) / a0),
	}
}

// Process filters a block.
func (h *HighPass) Process(block []int16) {
	a, b := &notches[0], &notches[1]
	in, out, s, t := h.in, h.out, h.notches[0], h.notches[1]
	for i, v := range block {
		x := offsetGain * float32(v)
		out = x - in + offsetPole*out
		in = x
		y := a.b0*out + s[0]
		s[0] = a.b1*(out-y) + s[1]
		s[1] = a.b0*out - a.a2*y
		z := b.b0*y + t[0]
		t[0] = b.b1*(y-z) + t[1]
		t[1] = b.b0*y - b.a2*z
		block[i] = round(z)
	}
	h.in, h.out = in, calm(out)
	h.notches = [...][2]float32{{calm(s[0]), calm(s[1])}, {calm(t[0]), calm(t[1])}}
}

// calm keeps denormal numbers out of the silence.
func calm(v float32) float32 {
	const least = 1e-6
	if v < least && v > -least {
		return 0
	}
	return v
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
