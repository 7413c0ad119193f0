package dsptest

import (
	"math"
	"math/cmplx"
	"math/rand/v2"

	"github.com/ata-agent/ata-agent/dsp"
)

// LossFrame is the length of the frames that are lost, 20 ms.
const LossFrame = 160

// Losses returns which of n frames are lost: a part of them, in bursts of so
// many frames.
func Losses(n int, part float64, burst int, seed uint64) []bool {
	rng := rand.New(rand.NewPCG(seed, 2))
	lost := make([]bool, n)
	for i := 10; i+burst < n; i++ {
		if rng.Float64() < part/float64(burst) {
			for k := range burst {
				lost[i+k] = true
			}
			i += burst
		}
	}
	return lost
}

// LossDistance is the mean log-spectral distance, in decibels, between what was
// said and what filled the lost frames, where there was a voice. Smaller is
// better; a gap left silent has about 15 dB.
func LossDistance(said, filled []int16, lost []bool) float64 {
	var sum float64
	n := 0
	for i, l := range lost {
		frame := said[i*LossFrame : (i+1)*LossFrame]
		if !l || dsp.LevelOf(frame) < -40 {
			continue
		}
		sum += SpectralDistance(frame, filled[i*LossFrame:(i+1)*LossFrame])
		n++
	}
	return sum / float64(max(n, 1))
}

// SpectralDistance is the root mean square of the difference of the spectra of
// the first LossFrame samples of two pieces in decibels, from 200 to 3400 Hz in
// steps of 50 Hz.
func SpectralDistance(a, b []int16) float64 {
	a, b = a[:LossFrame], b[:LossFrame]
	var sum float64
	n := 0
	for bin := 4; bin <= 68; bin++ {
		d := binLevel(a, bin) - binLevel(b, bin)
		sum += d * d
		n++
	}
	return math.Sqrt(sum / float64(n))
}

// binLevel is the level at bin times 50 Hz through a Hann window, over a floor
// that hides what is inaudible.
func binLevel(x []int16, bin int) float64 {
	var sum complex128
	for i, s := range x {
		sum += complex(hann[i]*float64(s), 0) * twiddle[i*bin%LossFrame]
	}
	power := real(sum)*real(sum) + imag(sum)*imag(sum)
	return 10 * math.Log10(power/(LossFrame*LossFrame)+4)
}

var hann, twiddle = hannWindow(), unitCircle()

func hannWindow() (w [LossFrame]float64) {
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/LossFrame)
	}
	return w
}

func unitCircle() (w [LossFrame]complex128) {
	for i := range w {
		w[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/LossFrame)
	}
	return w
}

// LossStep is the mean step between the last sample of a gap and the first after
// it.
func LossStep(filled []int16, lost []bool) float64 {
	var sum float64
	n := 0
	for i := 1; i < len(lost); i++ {
		if at := i * LossFrame; lost[i-1] && !lost[i] {
			sum += math.Abs(float64(filled[at]) - float64(filled[at-1]))
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// Likest returns the place in said, at most reach samples from near, at which a
// piece of LossFrame samples is most like heard. A path that changes its delay
// needs it before spectra can be compared.
func Likest(said, heard []int16, near, reach int) int {
	first, last := max(near-reach, 0), min(near+reach, len(said)-LossFrame)
	best, like := near, math.Inf(-1)
	heard = heard[:LossFrame]
	for at := first; at <= last; at++ {
		var cross, square int64
		for i, s := range said[at : at+LossFrame] {
			cross += int64(s) * int64(heard[i])
			square += int64(s) * int64(s)
		}
		if now := float64(cross) / math.Sqrt(float64(square)+1); now > like {
			best, like = at, now
		}
	}
	return best
}
