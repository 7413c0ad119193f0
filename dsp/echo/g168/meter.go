package g168

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// averaging is the time constant of the level meter (G.168 6.4.1.2.1).
const averaging = 0.035 * dsp.SampleRate

// Filter returns x as the level meter hears it, through the telephone band. The
// delay of the filter, 50 samples, is taken out.
func Filter(x []int16) []float64 {
	const delay = len(bandPass) / 2
	padded := make([]float64, len(x)+2*delay)
	for i, v := range x {
		padded[delay+i] = float64(v)
	}
	out := make([]float64, len(x))
	for i := range out {
		sum := 0.0
		for k, v := range (*[len(bandPass)]float64)(padded[i:]) { // the filter is symmetric
			sum += bandPass[k] * v
		}
		out[i] = sum
	}
	return out
}

// Levels returns what the meter shows at the end of each 5 ms of x.
func Levels(x []int16) []dsp.DBm0 {
	const step = dsp.SampleRate / 200
	filtered := Filter(x)
	out := make([]dsp.DBm0, 0, len(x)/step)
	power := 0.0
	for i, v := range filtered {
		power += (v*v - power) / averaging
		if i%step == step-1 {
			out = append(out, dsp.Level(math.Sqrt(power)))
		}
	}
	return out
}

// Level returns the level of x in the telephone band, averaged over all of it.
func Level(x []int16) dsp.DBm0 { return dsp.Level(rms(Filter(x))) }

// Peak returns the highest level that the meter shows for x.
func Peak(x []int16) dsp.DBm0 {
	peak := dsp.DBm0(math.Inf(-1))
	for _, l := range Levels(x) {
		peak = max(peak, l)
	}
	return peak
}
