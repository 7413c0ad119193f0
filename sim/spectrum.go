package sim

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/ata-agent/ata-agent/dsp"
)

// A line is one frequency of a spectrum.
type line struct {
	hz    float64
	level dsp.DBm0
}

const (
	fftSize  = 4096
	maxLines = 6
	floorDB  = 20 // lines this far below the strongest are not looked at
)

// spectrum finds the frequencies of a stretch of sound with a Hann window and a
// Fourier transform. The agent's own detectors are filter banks, so a fault of
// theirs is not repeated here.
type spectrum struct {
	window  [fftSize]complex128
	power   [fftSize / 2]float64
	twiddle [fftSize / 2]complex128
	lines   [64]line
	shape   [shapeSize]complex128
	hann    [shapeSize]float64
}

func newSpectrum() *spectrum {
	s := &spectrum{}
	for i := range s.twiddle {
		sin, cos := math.Sincos(-2 * math.Pi * float64(i) / fftSize)
		s.twiddle[i] = complex(cos, sin)
	}
	for i := range s.hann {
		s.hann[i] = hann(i, shapeSize)
	}
	return s
}

// analyse returns up to maxLines frequencies of x, the strongest first, and the
// part of the energy that is in them: close to 1 for tones, less for voice. The
// result is valid until the next call.
func (s *spectrum) analyse(x []float32) (lines []line, tonality float64) {
	x = x[:min(len(x), fftSize/2)]
	energy, gain, noise := s.load(x)
	s.transform(s.window[:])
	for i := range s.power {
		re, im := real(s.window[i]), imag(s.window[i])
		s.power[i] = re*re + im*im
	}
	n, found := 0, 0.0
	lowest := s.loudest() * math.Pow(10, -floorDB/10.0)
	for i := 60 * fftSize / dsp.SampleRate; i < len(s.power)-1 && n < len(s.lines); i++ {
		if s.power[i] < lowest || s.power[i] <= s.power[i-1] || s.power[i] < s.power[i+1] {
			continue
		}
		at, power := s.peak(i)
		rms := math.Sqrt(2*power) / gain
		s.lines[n] = line{at * dsp.SampleRate / fftSize, dsp.Level(rms)}
		n++
	}
	slices.SortFunc(s.lines[:n], func(a, b line) int { return cmp.Compare(b.level, a.level) })
	n = min(n, maxLines)
	for _, l := range s.lines[:n] {
		found += l.level.RMS() * l.level.RMS()
	}
	if energy > 0 {
		tonality = found / (energy / noise)
	}
	return s.lines[:n], tonality
}

// load windows x; gain is the sum of the window, noise the sum of its squares.
func (s *spectrum) load(x []float32) (energy, gain, noise float64) {
	clear(s.window[:])
	for i, v := range x {
		w := hann(i, len(x))
		y := w * float64(v)
		s.window[i] = complex(y, 0)
		energy += y * y
		gain += w
		noise += w * w
	}
	return energy, gain, noise
}

// hann is the window at sample i of n.
func hann(i, n int) float64 {
	return 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(n))
}

func (s *spectrum) loudest() float64 {
	top := 0.0
	for _, p := range s.power[60*fftSize/dsp.SampleRate:] {
		top = max(top, p)
	}
	return top
}

// peak interpolates a maximum by a parabola through the logarithms.
func (s *spectrum) peak(i int) (at, power float64) {
	a, b, c := math.Log(s.power[i-1]+1e-30), math.Log(s.power[i]), math.Log(s.power[i+1]+1e-30)
	d := a - 2*b + c
	if d == 0 {
		return float64(i), s.power[i]
	}
	shift := 0.5 * (a - c) / d
	return float64(i) + shift, math.Exp(b - 0.25*(a-c)*shift)
}

const (
	shapeSize  = 256 // 32 ms
	shapeBands = shapeSize / 2
)

// shape is the form of a short spectrum, of unit length.
type shape [shapeBands]float32

// measure fills the shape of the last 32 ms.
func (s *spectrum) measure(out *shape, x []float32) {
	for i, v := range x[:shapeSize] {
		s.shape[i] = complex(s.hann[i]*float64(v), 0)
	}
	s.transform(s.shape[:])
	sum := 0.0
	for i := range out {
		re, im := real(s.shape[i]), imag(s.shape[i])
		p := math.Sqrt(re*re + im*im)
		out[i] = float32(p)
		sum += p * p
	}
	scale := float32(1 / math.Sqrt(sum+1e-30))
	for i := range out {
		out[i] *= scale
	}
}

// alike is 1 for equal shapes and 0 for shapes without a common frequency.
func alike(a, b *shape) float32 {
	sum := float32(0)
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// transform is a Fourier transform in place; the length is a power of two.
func (s *spectrum) transform(x []complex128) {
	n := len(x)
	shift := 64 - bits.TrailingZeros(uint(n))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	for half := 1; half < n; half *= 2 {
		stride := len(s.twiddle) / half
		for base := 0; base < n; base += 2 * half {
			for k := range half {
				a, b := x[base+k], x[base+k+half]*s.twiddle[k*stride]
				x[base+k], x[base+k+half] = a+b, a-b
			}
		}
	}
}
