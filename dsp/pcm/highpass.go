package pcm

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// HighPass takes the offset of a converter and the hum of the mains out of a
// signal, 28 dB of 50 and of 60 Hz, and leaves the telephone band as it is, within
// 0.15 dB from 200 Hz on (ITU-T G.712 §6 allows 0.25 above 300). It is a filter of
// the second order with a zero between the two frequencies, which turns the phase
// half as much as one without, after a first-order one against the offset.
type HighPass struct {
	in, out float32 // of the first order
	state   [2]float32
}

// In hertz: the first-order corner, the zero, and the corner of the second order.
const (
	offsetCorner = 15
	humZero      = 55
	humCorner    = 120
	humQuality   = 0.9
)

// offsetPole is that of the first order, and offsetGain its greatest gain.
const (
	offsetPole = 1 - 2*math.Pi*offsetCorner/dsp.SampleRate
	offsetGain = 2 / (1 + offsetPole)
)

// humFilter is the second order by the bilinear transform, numerator b0 b1 b0 and
// denominator 1 a1 a2, less the gain of the first.
var humFilter = func() (f struct{ b0, b1, a1, a2 float32 }) {
	tan := func(hz float64) float64 { return math.Tan(math.Pi * hz / dsp.SampleRate) }
	zero, pole := tan(humZero), tan(humCorner)
	a0 := 1 + pole/humQuality + pole*pole
	f.b0 = float32((1 + zero*zero) / a0 / offsetGain)
	f.b1 = float32(2 * (zero*zero - 1) / a0 / offsetGain)
	f.a1 = float32(2 * (pole*pole - 1) / a0)
	f.a2 = float32((1 - pole/humQuality + pole*pole) / a0)
	return f
}()

// Process filters a block.
func (h *HighPass) Process(block []int16) {
	f := &humFilter
	in, out, s := h.in, h.out, h.state
	for i, v := range block {
		x := float32(v)
		out = x - in + offsetPole*out
		in = x
		y := f.b0*out + s[0]
		s[0] = f.b1*out - f.a1*y + s[1]
		s[1] = f.b0*out - f.a2*y
		block[i] = round(y)
	}
	h.in, h.out, h.state = in, calm(out), [2]float32{calm(s[0]), calm(s[1])}
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
