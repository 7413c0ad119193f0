package faxtone

import "math"

// receiver is a quadrature receiver of one band, some 300 Hz wide. It looks at
// the last 5 ms every 2.5 ms.
type receiver struct {
	kernel *kernel
	value  complex64 // amplitude and phase at the middle of what it hears
	turned complex64 // value times the conjugate of the one before
	power  float32   // |value|²: the mean square of a tone in the middle of the band
}

// kernel is a band's impulse response: cosine and sine about the middle of the
// span under a Hann window.
type kernel struct{ re, im [span / 2]float32 }

const (
	lowHz  = 1200
	highHz = 2160
)

var lowKernel, highKernel = newKernel(lowHz), newKernel(highHz)

// newKernel scales so that power is the mean square of a tone at hz.
func newKernel(hz float64) (k kernel) {
	for i := range k.re {
		at := float64(i) + 0.5 - span/2
		w := math.Sqrt2 * (1 + math.Cos(2*math.Pi*at/span)) / span
		sin, cos := math.Sincos(2 * math.Pi * hz * at / 8000)
		k.re[i], k.im[i] = float32(w*cos), float32(-w*sin)
	}
	return k
}

// attenuation is what a receiver of a band about center leaves of the power of a
// tone at hz: the square of the Hann window's spectrum.
func attenuation(hz, center float64) float64 {
	x := (hz - center) * span / 8000
	if x == 0 {
		return 1
	}
	a := math.Sin(math.Pi*x) / (math.Pi * x) / (1 - x*x)
	return a * a
}

// listen takes the span that ends with the latest hop. Cosine is even about its
// middle and sine odd, which halves the multiplications.
func (r *receiver) listen(x *[span]float32) {
	var re, im float32
	for i := range r.kernel.re {
		a, b := x[i], x[span-1-i]
		re += (a + b) * r.kernel.re[i]
		im += (a - b) * r.kernel.im[i]
	}
	value := complex(re, im)
	r.turned = value * complex(real(r.value), -imag(r.value))
	r.value = value
	r.power = re*re + im*im
}

// rest notes a hop of silence.
func (r *receiver) rest() { r.value, r.turned, r.power = 0, 0, 0 }
