package tone

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// The sine table is indexed with the leading bits of a 32-bit phase, rounded.
// Its 4096 steps leave a noise floor 67 dB below the tone; its 14 bits let four
// full-scale products add up in an int32.
const (
	sineBits  = 12
	sineScale = 14
	sineShift = 32 - sineBits
	halfStep  = 1 << (sineShift - 1)
	halfUnit  = 1 << (sineScale - 1)
)

var sine = sineTable()

func sineTable() (t [1 << sineBits]int16) {
	for i := range t {
		t[i] = int16(math.Round((1 << sineScale) * math.Sin(2*math.Pi*float64(i)/(1<<sineBits))))
	}
	return t
}

// oscillator is a sine wave: a phase that wraps with its 32 bits.
type oscillator struct {
	phase, step uint32
	peak        int32 // 16-bit units
}

// bank is the oscillators of one sound. Its zero value is silence.
type bank struct {
	osc [8]oscillator // a modulated frequency takes two
	n   int
}

// set tunes the bank to s. A frequency that prev plays too goes on in phase.
func (b *bank) set(s *Sound, prev *bank) {
	b.n = 0
	for i, hz := range s.Hz {
		if hz == 0 {
			continue
		}
		peak := dsp.DBm0(s.Level[i]).Amplitude()
		if s.ModHz == 0 {
			b.tune(hz, peak, prev)
			continue
		}
		b.tune(hz-s.ModHz, peak/math.Sqrt2, prev)
		b.tune(hz+s.ModHz, peak/math.Sqrt2, prev)
	}
}

func (b *bank) tune(hz, peak float64, prev *bank) {
	if hz >= dsp.SampleRate/2 {
		return
	}
	o := oscillator{
		step: uint32(int64(math.Round(hz / dsp.SampleRate * (1 << 32)))),
		peak: int32(math.Round(min(peak, math.MaxInt16))),
	}
	for _, p := range prev.osc[:prev.n] {
		if p.step == o.step {
			o.phase = p.phase
		}
	}
	b.osc[b.n] = o
	b.n++
}

// next returns the sum of the oscillators, in 16-bit units, and moves on. With
// more than four it wraps only beyond twice full scale, which no sound of a
// sensible level reaches.
func (b *bank) next() int32 {
	var sum int32
	for i := range b.osc[:b.n] {
		sum += b.osc[i].next() >> 1
	}
	return (sum + halfUnit/2) >> (sineScale - 1)
}

func (o *oscillator) next() int32 {
	v := o.peak * int32(sine[(o.phase+halfStep)>>sineShift])
	o.phase += o.step
	return v
}

// mix adds the bank to out. One and two frequencies, nearly all tones, keep
// their state in registers.
func (b *bank) mix(out []int16) {
	switch b.n {
	case 0:
	case 1:
		o := b.osc[0]
		for i, s := range out {
			out[i] = dsp.Saturate(int32(s) + (o.next()+halfUnit)>>sineScale)
		}
		b.osc[0] = o
	case 2:
		o, p := b.osc[0], b.osc[1]
		for i, s := range out {
			out[i] = dsp.Saturate(int32(s) + (o.next()+p.next()+halfUnit)>>sineScale)
		}
		b.osc[0], b.osc[1] = o, p
	default:
		for i, s := range out {
			out[i] = dsp.Saturate(int32(s) + b.next())
		}
	}
}
