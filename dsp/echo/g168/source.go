package g168

import (
	"math"
	"math/rand/v2"

	"github.com/ata-agent/ata-agent/dsp"
)

// sourceRate is the sampling rate of the tables of Annex C in hertz.
const sourceRate = 44100

// source is a composite source signal: a vowel, noise and a pause, and then the
// same with the opposite sign (G.168 Annex C).
type source struct {
	voiced  []float64 // one period at sourceRate
	periods int
	noise   float64 // seconds
	pause   float64
	random  func(rng *rand.Rand) (amplitude, phase float64) // of a spectral line of the noise
}

var (
	far  = source{voicedFar, 16, 0.200, 0.10138, antipodal}
	near = source{voicedNear, 14, 0.200, 0.12731, gaussian}
)

// Far returns n samples of the signal of the far end (Annex C.1, period 700 ms)
// at level, averaged over pauses as well. Equal rng give equal signals.
func Far(n int, level dsp.DBm0, rng *rand.Rand) []int16 { return far.render(n, level, rng) }

// Near returns n samples of the signal of the near end, that of double talk
// (Annex C.3, period 800 ms).
func Near(n int, level dsp.DBm0, rng *rand.Rand) []int16 { return near.render(n, level, rng) }

// antipodal are lines of equal strength and a phase of 90 or -90 degrees.
func antipodal(rng *rand.Rand) (amplitude, phase float64) {
	return 1, math.Pi * (float64(rng.IntN(2)) - 0.5)
}

// gaussian are the lines of Gaussian noise.
func gaussian(rng *rand.Rand) (amplitude, phase float64) {
	return math.Sqrt(rng.ExpFloat64()), 2 * math.Pi * rng.Float64()
}

func (s *source) render(n int, level dsp.DBm0, rng *rand.Rand) []int16 {
	period := s.period(rng)
	sum := 0.0
	for _, v := range period {
		sum += v * v
	}
	scale := level.RMS() / math.Sqrt(sum/float64(len(period)))
	out := make([]int16, n)
	for i := range out {
		v := period[i%len(period)] * scale
		if i/len(period)%2 == 1 {
			v = -v
		}
		out[i] = dsp.Saturate(int32(math.Round(v)))
	}
	return out
}

// period is half of the signal; the other half has the opposite sign.
func (s *source) period(rng *rand.Rand) []float64 {
	vowel := s.vowel()
	noise := s.hiss(rng)
	scale := rms(vowel) / rms(noise)
	for i := range noise {
		noise[i] *= scale
	}
	out := append(vowel, noise...)
	return append(out, make([]float64, int(math.Round(s.pause*dsp.SampleRate)))...)
}

// vowel is the voiced part at 8 kHz: the harmonics of the table below 3.9 kHz.
func (s *source) vowel() []float64 {
	length := float64(len(s.voiced))
	n := int(math.Round(float64(s.periods) * length * dsp.SampleRate / sourceRate))
	out := make([]float64, n)
	for h := 0.0; h*sourceRate/length < 3900; h++ {
		re, im := s.harmonic(h)
		for i := range out {
			sin, cos := math.Sincos(2 * math.Pi * h * float64(i) * sourceRate / dsp.SampleRate / length)
			out[i] += re*cos + im*sin
		}
	}
	return out
}

// harmonic returns the part of the table at h times its basic frequency.
func (s *source) harmonic(h float64) (re, im float64) {
	scale := 2 / float64(len(s.voiced))
	if h == 0 {
		scale /= 2
	}
	for i, v := range s.voiced {
		sin, cos := math.Sincos(2 * math.Pi * h * float64(i) / float64(len(s.voiced)))
		re += scale * v * cos
		im += scale * v * sin
	}
	return re, im
}

// hiss is the noise: the lines of an inverse transform of 8192 points at 44.1 kHz.
func (s *source) hiss(rng *rand.Rand) []float64 {
	const line = sourceRate / 8192.0
	out := make([]float64, int(math.Round(s.noise*dsp.SampleRate)))
	for k := 1.0; k*line < 3900; k++ {
		amplitude, phase := s.random(rng)
		amplitude *= math.Pow(10, shape(k*line)/20)
		for i := range out {
			out[i] += amplitude * math.Cos(2*math.Pi*k*line*float64(i)/dsp.SampleRate+phase)
		}
	}
	return out
}

// curve is the spectrum of the noise, decibels at hertz (Annex C).
var curve = []struct{ hz, db float64 }{
	{50, -25.8},
	{100, -12.8},
	{200, 17.4},
	{215, 17.8},
	{500, 12.2},
	{1000, 7.2},
	{2850, 0},
	{3600, -2},
	{3660, -20},
	{3680, -30},
}

// shape interpolates curve.
func shape(hz float64) float64 {
	for i := 1; i < len(curve); i++ {
		a, b := curve[i-1], curve[i]
		if hz >= a.hz && hz < b.hz {
			return a.db + (b.db-a.db)*(hz-a.hz)/(b.hz-a.hz)
		}
	}
	return -60
}

func rms(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(x)))
}
