package faxtone

import "math"

// discriminator tells the two tones of frequency-shift keying apart: it moves the
// middle between them to 0 Hz and looks at which way what is left turns, and how
// far, in a step of 1.25 ms.
//
//	10 samples ─ × middle ─ sum of 20 samples ─ turn in 10 samples
type discriminator struct {
	mixer  []complex64
	at     int       // step of the mixer
	part   complex64 // sum of the latest 10 samples
	sum    complex64 // and of 20
	turn   complex64 // its imaginary part is negative below the middle
	power  float32   // |sum|²
	energy float32   // of the samples of the latest step
}

const (
	step = 10       // samples
	pair = 2 * step // samples in a sum
)

// steps returns the number of steps in a number of seconds.
func steps(seconds float64) float64 { return seconds * 8000 / step }

// newMixer returns a mixer of hz with a period of so many samples, a multiple of
// step.
func newMixer(hz float64, period int) []complex64 {
	m := make([]complex64, period)
	for i := range m {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / 8000)
		m[i] = complex(float32(cos), float32(-sin))
	}
	return m
}

// hear takes a step of samples and their energy.
func (d *discriminator) hear(x *[step]float32, energy float32) {
	var re, im float32
	mixer := (*[step]complex64)(d.mixer[d.at:])
	for i, v := range x {
		re += v * real(mixer[i])
		im += v * imag(mixer[i])
	}
	if d.at += step; d.at == len(d.mixer) {
		d.at = 0
	}
	part, before := complex(re, im), d.sum
	d.sum = d.part + part
	d.part = part
	d.turn = d.sum * conjugate(before)
	d.power = real(d.sum)*real(d.sum) + imag(d.sum)*imag(d.sum)
	d.energy = energy
}

// below says that it is the lower of the two tones.
func (d *discriminator) below() bool { return imag(d.turn) < 0 }

// shifted is the turn that a tone makes that is off the middle by hz, of length 1.
func shifted(hz float64) complex64 {
	sin, cos := math.Sincos(2 * math.Pi * hz * step / 8000)
	return complex(float32(cos), float32(sin))
}

// off is the tangent of the angle by which a turn is wrong that is off by hz.
func off(hz float64) float32 { return float32(math.Tan(2 * math.Pi * hz * step / 8000)) }

// passes is power over energy for a tone that is off the middle by hz.
func passes(hz float64) float64 {
	x := math.Pi * hz * pair / 8000
	return pair * pair / 2 / step * math.Pow(math.Sin(x)/x, 2)
}

// near says whether the angle between two turns has at most a tangent.
func near(turn, want complex64, tangent float32) bool {
	z := turn * conjugate(want)
	bound := real(z) * tangent
	return real(z) > 0 && imag(z) <= bound && imag(z) >= -bound
}
