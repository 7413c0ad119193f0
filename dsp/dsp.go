// Package dsp holds what all signal processing of a telephone line shares: the
// sample rate, levels in dBm0 and saturating arithmetic.
//
// Samples are 16-bit linear PCM at 8 kHz. The only clock below this folder is
// the sample count; nothing here allocates after construction, blocks or logs.
// Audio that goes to the telephone is called toPhone, audio from its
// microphone fromPhone.
package dsp

import "math"

const (
	// SampleRate is the sampling frequency of the voice path in hertz.
	SampleRate = 8000
	// Frame is the number of samples of the shortest block, 10 ms. Every block
	// the voice path handles is a multiple of it.
	Frame = 80
)

// DBm0 is a level relative to the 0 dBm0 point of the digital network, in
// decibels. A full-scale sine wave is +3.14 dBm0 (ITU-T G.711 §8, A-law).
type DBm0 float64

// fullScaleSine is the level of a sine wave that just reaches 16-bit full
// scale. G.711 §8 puts the A-law overload point at +3.14 dBm0.
const fullScaleSine = 3.14

// Amplitude returns the peak value, in 16-bit units, of a sine wave of level l.
func (l DBm0) Amplitude() float64 {
	return 32767 * math.Pow(10, (float64(l)-fullScaleSine)/20)
}

// RMS returns the root mean square, in 16-bit units, of any signal of level l.
func (l DBm0) RMS() float64 { return l.Amplitude() / math.Sqrt2 }

// Level returns the level of a signal whose root mean square is rms 16-bit
// units. The level of silence is -Inf.
func Level(rms float64) DBm0 {
	return DBm0(20*math.Log10(rms*math.Sqrt2/32767) + fullScaleSine)
}

// LevelOf returns the level of a block of samples.
func LevelOf(samples []int16) DBm0 {
	var sum float64
	for _, s := range samples {
		sum += float64(s) * float64(s)
	}
	if len(samples) == 0 {
		return DBm0(math.Inf(-1))
	}
	return Level(math.Sqrt(sum / float64(len(samples))))
}

// Saturate limits v to the range of a sample.
func Saturate(v int32) int16 {
	return int16(max(math.MinInt16, min(math.MaxInt16, v)))
}

// Mix adds src to dst with saturation. The blocks have the same length.
func Mix(dst, src []int16) {
	for i, s := range src {
		dst[i] = Saturate(int32(dst[i]) + int32(s))
	}
}
