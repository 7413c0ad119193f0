// Package fft is the Fourier transform of 160 real samples, 20 ms of the voice
// path, in float32.
//
// The spectrum has 81 bins of 50 Hz. Nothing is scaled forwards; Inverse undoes
// Forward exactly. Nothing allocates.
//
// The transform is that of 80 complex points, made of 16 times 5 points by the
// Good-Thomas prime factor mapping, which needs no multiplication between the
// two, and the usual step from half as many complex points to real ones.
package fft

import "math"

const (
	// N is the number of samples.
	N = 160
	// Bins is the number of frequencies, 0 to 4000 Hz. The first and the last
	// have no imaginary part.
	Bins = N/2 + 1

	half = N / 2
)

// Spectrum is the transform of N real samples.
type Spectrum struct {
	Re, Im [Bins]float32
}

// The step from 80 complex to 160 real points turns bin k by e^(-j 2 pi k/N).
var turnRe, turnIm = func() (re, im [half/2 + 1]float32) {
	for k := range re {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / N)
		re[k], im[k] = float32(cos), float32(-sin)
	}
	return re, im
}()

// Forward computes the spectrum s of x.
func Forward(x *[N]float32, s *Spectrum) {
	var z [N]float32
	transform(x, &z, &forwards) // even samples are taken for real parts, odd ones for imaginary

	s.Re[0], s.Im[0] = z[0]+z[1], 0
	s.Re[half], s.Im[half] = z[0]-z[1], 0
	for k := 1; k <= half/2; k++ {
		ar, ai, br, bi := z[2*k], z[2*k+1], z[N-2*k], z[N-2*k+1]
		evenRe, evenIm := (ar+br)*0.5, (ai-bi)*0.5
		oddRe, oddIm := (ai+bi)*0.5, (br-ar)*0.5
		c, d := turnRe[k], turnIm[k]
		re, im := oddRe*c-oddIm*d, oddRe*d+oddIm*c
		s.Re[k], s.Im[k] = evenRe+re, evenIm+im
		s.Re[half-k], s.Im[half-k] = evenRe-re, im-evenIm
	}
}

// Inverse computes the samples x whose spectrum is s.
func Inverse(s *Spectrum, x *[N]float32) {
	const scale = 1.0 / N
	var z [N]float32
	z[0], z[1] = (s.Re[0]+s.Re[half])*scale, (s.Re[0]-s.Re[half])*scale
	for k := 1; k <= half/2; k++ {
		ar, ai, br, bi := s.Re[k]*scale, s.Im[k]*scale, s.Re[half-k]*scale, s.Im[half-k]*scale
		evenRe, evenIm := ar+br, ai-bi
		re, im := ar-br, ai+bi
		c, d := turnRe[k], turnIm[k]
		oddRe, oddIm := re*c+im*d, im*c-re*d
		z[2*k], z[2*k+1] = evenRe-oddIm, evenIm+oddRe
		z[N-2*k], z[N-2*k+1] = evenRe+oddIm, oddRe-evenIm
	}
	transform(&z, x, &backwards)
}
