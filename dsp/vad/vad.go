// Package vad tells speech from the pauses between it, describes what a pause
// sounds like in a few octets, and makes that sound again (RFC 3389).
//
//	near end: samples ─ [Detector] ─ pause? ─ Describe ─▶ payload, a few in a second
//	far end:  payload ─ [Noise] ─▶ samples
//
// It is for silence suppression, which telephones do not need: nothing here runs
// unless it is asked for.
package vad

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

const (
	block = dsp.Frame // samples looked at at once, 10 ms
	order = 10        // of the spectrum of a pause: ITU-T G.711 Appendix II
	lags  = order + 1
)

const (
	louder    = 3.2    // times the noise's power is speech, 5 dB
	hang      = 20     // blocks of pause that still count as speech, 200 ms
	shortHang = 10     // the same after a sound that was no longer than a click
	peakHang  = 2      // the same after a single block
	click     = 4      // blocks
	soon      = 10     // blocks of pause in a row after which its sound is learnt
	tonal     = 0.1    // part of the power that prediction leaves of a tone, at most
	smoothing = 0.5    // weight of a block in the power that is tracked
	memory    = 0.05   // weight of a block in the spectrum
	whitening = 1.0001 // of the power: a pause may be nothing but zeros

	span       = 75 // blocks in a part of the time that the noise is looked for in
	spans      = 8  // parts, 6 s
	firstSpans = 4  // parts before which no pause is believed in
)

// Power of a block: above and below, it is speech and pause whatever the noise. From
// maybeTone on a sound that stays is a pause only if it is no tone: faxes, modems and
// music have a right to be heard.
var (
	alwaysSpeech = power(-30)
	maybeTone    = power(-50)
	alwaysPause  = power(-65)
)

func power(l dsp.DBm0) float32 { return float32(l.RMS() * l.RMS()) }

// Detector tells speech from pauses. Its zero value is ready; it belongs to one
// goroutine and allocates nothing.
type Detector struct {
	whole, high floor // power of the signal, and of its upper half
	blocks      int   // since the present part of the time began
	held        int   // blocks of hang-over left
	spoken      int   // blocks of speech in a row
	paused      int   // blocks of pause in a row, hang-over or not
	last        float32

	spectrum [lags]float32 // autocorrelation of the pauses
	learned  bool          // there was one
}

// floor is the power of the noise beneath speech: the least of the last seconds.
type floor struct {
	now   float32
	least [spans]float32 // of each part of the time, the present one first
	parts int            // that have begun, up to spans
}

// above takes the power of a block and says whether it stands out. fresh begins a
// part of the time.
func (f *floor) above(p float32, fresh bool) bool {
	f.now += smoothing * (p - f.now)
	if fresh {
		copy(f.least[1:], f.least[:])
		f.least[0] = f.now
		f.parts = min(f.parts+1, spans)
	}
	f.least[0] = min(f.least[0], f.now)
	least := f.least[0]
	for _, l := range f.least[1:f.parts] {
		least = min(least, l)
	}
	return f.parts <= firstSpans || p > louder*least
}

// Process takes a block of 80 samples and says whether it is speech, or so soon
// after it that it has to be sent too.
func (d *Detector) Process(in []int16) bool {
	var x [block]float32
	var whole, high float32
	for i, s := range in[:block] {
		v := float32(s)
		x[i] = v
		whole += v * v
		slope := v - d.last
		d.last = v
		high += slope * slope
	}
	whole /= block
	high /= block
	fresh := d.blocks == 0
	d.blocks = (d.blocks + 1) % span
	loud := d.whole.above(whole, fresh)
	loud = d.high.above(high, fresh) || loud
	if whole >= alwaysSpeech || loud && whole >= alwaysPause {
		d.speak()
		return true
	}
	r := correlate(&x)
	if whole >= maybeTone && predictable(&r) {
		d.speak()
		return true
	}
	d.rest(&r)
	return d.held > 0
}

// speak takes a block of speech.
func (d *Detector) speak() {
	d.paused = 0
	d.spoken++
	switch {
	case d.spoken > click:
		d.held = hang
	case d.spoken > 1:
		d.held = max(d.held, shortHang)
	default: // more often than not a peak of the noise
		d.held = max(d.held, peakHang)
	}
}

// rest takes a block of pause with its autocorrelation.
func (d *Detector) rest(r *[lags]float32) {
	d.spoken = 0
	d.held = max(0, d.held-1)
	if d.paused++; d.paused > soon {
		d.learn(r)
	}
}

// correlate returns the autocorrelation of a block.
func correlate(x *[block]float32) (r [lags]float32) {
	for lag := range r {
		var sum float32
		for i, v := range x[lag:] {
			sum += v * x[i]
		}
		r[lag] = sum / block
	}
	return r
}

// predictable says that a sound consists of a few tones.
func predictable(r *[lags]float32) bool {
	rest := float32(1)
	for _, k := range reflections(r) {
		rest *= 1 - k*k
	}
	return rest < tonal
}

// learn adds a block of pause to the spectrum.
func (d *Detector) learn(r *[lags]float32) {
	weight := float32(memory)
	if !d.learned {
		d.learned, weight = true, 1
	}
	for lag := range d.spectrum {
		d.spectrum[lag] += weight * (r[lag] - d.spectrum[lag])
	}
}

// Describe appends the payload that stands for the pause (RFC 3389 §3): its level
// and ten reflection coefficients.
func (d *Detector) Describe(payload []byte) []byte {
	payload = append(payload, d.Level())
	for _, k := range reflections(&d.spectrum) {
		payload = append(payload, quantize(k))
	}
	return payload
}

// Level is the level of the pause as Describe has it, in -dBov.
func (d *Detector) Level() byte {
	rms := math.Sqrt(float64(d.spectrum[0]))
	return byte(max(0, min(quietest, math.Round(-20*math.Log10(rms/overload)))))
}

const (
	overload = 32768 // 0 dBov
	quietest = 127
)

// reflections returns the reflection coefficients of an autocorrelation by
// Levinson's recursion; the first one is negative if neighbors are alike.
func reflections(r *[lags]float32) (k [order]float32) {
	var a [lags]float32
	a[0] = 1
	rest := r[0] * whitening
	if rest <= 0 {
		return k
	}
	for i := 1; i <= order; i++ {
		sum := r[i]
		for j := 1; j < i; j++ {
			sum += a[j] * r[i-j]
		}
		k[i-1] = -sum / rest
		next := a
		for j := 1; j < i; j++ {
			next[j] = a[j] + k[i-1]*a[i-j]
		}
		next[i] = k[i-1]
		a = next
		if rest *= 1 - k[i-1]*k[i-1]; rest <= 0 {
			break
		}
	}
	return k
}

// step is the size of a step of a quantized coefficient (RFC 3389 §3.2).
const step = 258.0 / 32768

func quantize(k float32) byte {
	return byte(max(0, min(254, math.Round(float64(k)/step)+127)))
}
