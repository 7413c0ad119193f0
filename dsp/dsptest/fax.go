package dsptest

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// AnswerTone is a tone as faxes and modems send it.
type AnswerTone struct {
	Hz      float64
	Level   dsp.DBm0
	Phase   float64 // of the first sample, in periods
	AM      float64 // depth of the amplitude modulation of 15 Hz; 0 = none, 0.2 = ANSam (ITU-T V.8)
	AMOff   float64 // hertz by which the modulation is off
	Reverse int     // samples from one phase reversal to the next; 0 = none, 3600 = V.25
	TurnOff float64 // degrees by which a reversal is off 180
}

// Make returns n samples of the tone.
func (a AnswerTone) Make(n int) []int16 {
	x := make([]int16, n)
	for i := range x {
		t := float64(i) / dsp.SampleRate
		phase := a.Hz*t + a.Phase
		if a.Reverse != 0 {
			phase += float64(i/a.Reverse) * (180 + a.TurnOff) / 360
		}
		v := a.Level.Amplitude() * math.Sin(2*math.Pi*phase)
		v *= 1 + a.AM*math.Sin(2*math.Pi*(15+a.AMOff)*t)
		x[i] = dsp.Saturate(int32(math.Round(v)))
	}
	return x
}

// FSK is a modulator of frequency-shift keying without breaks of phase.
type FSK struct {
	Mark, Space float64 // hertz of 1 and 0
	Baud        float64
	Level       dsp.DBm0
}

// V21 is channel 2 of ITU-T V.21, in which faxes talk to each other.
var V21 = FSK{Mark: 1650, Space: 1850, Baud: 300, Level: -13}

// Make returns the bits as a signal.
func (f FSK) Make(bits []bool) []int16 {
	x := make([]int16, int(float64(len(bits))*dsp.SampleRate/f.Baud))
	phase := 0.0
	for i := range x {
		hz := f.Space
		if bits[min(int(float64(i)*f.Baud/dsp.SampleRate), len(bits)-1)] {
			hz = f.Mark
		}
		phase += hz / dsp.SampleRate
		x[i] = dsp.Saturate(int32(math.Round(f.Level.Amplitude() * math.Sin(2*math.Pi*phase))))
	}
	return x
}

// Flags returns n HDLC flags as bits.
func Flags(n int) []bool {
	bits := make([]bool, 8*n)
	for i := range bits {
		bits[i] = i%8 != 0 && i%8 != 7
	}
	return bits
}
