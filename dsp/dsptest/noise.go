package dsptest

import (
	"math"
	"math/rand/v2"

	"github.com/ata-agent/ata-agent/dsp"
)

// AddNoise adds white Gaussian noise of level, measured from 0 to 4 kHz, to x.
func AddNoise(x []int16, level dsp.DBm0, rng *rand.Rand) {
	rms := level.RMS()
	for i, s := range x {
		x[i] = dsp.Saturate(int32(s) + int32(math.Round(rms*rng.NormFloat64())))
	}
}
