package dtmf

import (
	"math"
	"math/cmplx"

	"github.com/ata-agent/ata-agent/dsp"
)

// The detector listens at half the sample rate: all DTMF lies below 1.7 kHz.
const (
	rate      = dsp.SampleRate / 2
	hop       = 6  // decimated samples a step, 1.5 ms
	taps      = 28 // decimated samples a receiver looks at, 7 ms
	hopPeriod = float64(hop) / rate
)

// halfband is the odd taps on one side of the decimation filter, a least-squares
// half-band design: flat within 1 dB to 1633 Hz, 20 dB down from 2367 Hz, which
// would fold onto it. The middle tap is a half, the even ones nothing.
var halfband = [3]float32{0.3131, -0.0911, 0.0404}

const decimatorTaps = 11

// stop is the dial-tone filter, a second-order section with its zeros at 400 Hz:
// 350, 425 and 440 Hz come out more than 20 dB down, whatever the country.
type section struct{ b1, a1, a2 float32 }

var stop = section{
	b1: float32(-2 * math.Cos(2*math.Pi*400/rate)),
	a1: float32(-2 * stopRadius * math.Cos(2*math.Pi*650/rate)),
	a2: stopRadius * stopRadius,
}

const stopRadius = 0.7

// receiver is the design of one group's band filter: a low-pass prototype,
// Kaiser-windowed, shifted to the middle of the group.
type receiver struct {
	center float64 // Hz
	cutoff float64 // Hz either side
	beta   float64
}

var (
	lowReceiver  = receiver{center: 815, cutoff: 215, beta: 3.2}
	highReceiver = receiver{center: 1428, cutoff: 330, beta: 2.6}
)

// prototype returns the low-pass filter with unity gain at 0.
func (r receiver) prototype() (h [taps]float64) {
	var sum float64
	for k := range h {
		d := float64(k) - (taps-1)/2.0
		x := 2 * d / taps
		h[k] = bessel0(r.beta*math.Sqrt(1-x*x)) * sinc(2*r.cutoff/rate*d)
		sum += h[k]
	}
	for k := range h {
		h[k] /= sum
	}
	return h
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel0 is the modified Bessel function of the first kind, order zero.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}

// gain is the receiver's response to hz.
func (r receiver) gain(hz float64) float64 {
	var sum complex128
	for k, h := range r.prototype() {
		sum += complex(h, 0) * cmplx.Rect(1, 2*math.Pi*(hz-r.center)/rate*float64(k))
	}
	return cmplx.Abs(sum)
}

// frontGain is the response of decimation and dial-tone filter to hz.
func frontGain(hz float64) float64 {
	w := 2 * math.Pi * hz / dsp.SampleRate
	half := 0.5
	for i, h := range halfband {
		half += 2 * float64(h) * math.Cos(float64(2*i+1)*w)
	}
	z := cmplx.Rect(1, -2*w)
	zeros := 1 + complex(float64(stop.b1), 0)*z + z*z
	poles := 1 + complex(float64(stop.a1), 0)*z + complex(float64(stop.a2), 0)*z*z
	return math.Abs(half) * cmplx.Abs(zeros/poles)
}

// folded is one pair of taps of both receivers. Both are symmetric around their
// middle in the real and odd in the imaginary part, so samples the same distance
// from the middle are added and subtracted first.
type folded struct{ lowRe, lowIm, highRe, highIm float32 }

var bank = foldedBank()

func foldedBank() (b [taps / 2]folded) {
	low, high := lowReceiver.prototype(), highReceiver.prototype()
	for k := range b {
		d := float64(k) - (taps-1)/2.0
		l := cmplx.Rect(low[k], 2*math.Pi*lowReceiver.center/rate*d)
		h := cmplx.Rect(high[k], 2*math.Pi*highReceiver.center/rate*d)
		b[k] = folded{float32(real(l)), float32(-imag(l)), float32(real(h)), float32(-imag(h))}
	}
	return b
}

// pitch is what a receiver makes of one DTMF frequency.
type pitch struct {
	turnRe, turnIm   float32 // rotation in one hop
	turn4Re, turn4Im float32 // rotation in four hops
	turn4            float64 // the same in radians, unwrapped
	bound            float32 // tangent of the rotation that tolerance allows
	presentBound     float32 // the same for presentSlack
	level            float32 // mean square at the input per |z|²
	energy           float32 // mean square behind the dial-tone filter per |z|²
}

var (
	lowPitch  = pitches(lowReceiver, lowGroup)
	highPitch = pitches(highReceiver, highGroup)
)

func pitches(r receiver, group [4]float64) (p [4]pitch) {
	for i, hz := range group {
		turn := 2 * math.Pi * hz * hopPeriod
		g := r.gain(hz)
		front := frontGain(hz)
		p[i] = pitch{
			turnRe: float32(math.Cos(turn)), turnIm: float32(math.Sin(turn)),
			turn4Re: float32(math.Cos(4 * turn)), turn4Im: float32(math.Sin(4 * turn)),
			bound:        float32(math.Tan(turn * tolerance)),
			turn4:        4 * turn,
			presentBound: float32(math.Tan(turn * presentSlack)),
			level:        float32(2 / (g * g * front * front)),
			energy:       float32(2 / (g * g)),
		}
	}
	return p
}
