package dsptest

import (
	"math"
	"math/rand/v2"

	"github.com/ata-agent/ata-agent/dsp"
)

// Talk returns n samples of something like speech without a pause, at level:
// syllables of a voice around hz, whose pitch and formants glide, and now and
// then the noise of a consonant. It needs no synthesizer; equal seeds give equal
// talk.
func Talk(n int, hz float64, level dsp.DBm0, seed uint64) []int16 {
	t := talker{hz: hz, rng: rand.New(rand.NewPCG(seed, 3))}
	t.now, t.next = t.vowel(), t.vowel()
	out := make([]int16, 0, n+syllableMost)
	for len(out) < n {
		if t.rng.Float64() < 0.25 {
			out = t.consonant(out)
		}
		out = t.syllable(out)
	}
	normalize(out[:n], level)
	return out[:n]
}

const (
	syllableLeast = 180 * dsp.SampleRate / 1000
	syllableMost  = 320 * dsp.SampleRate / 1000
	talkStep      = 8 // samples, 1 ms, for which a harmonic keeps its strength
)

// talker is the state of Talk.
type talker struct {
	hz        float64
	rng       *rand.Rand
	phase     float64 // of the voice, in periods
	now, next vowel   // the syllable goes from one to the other
}

// vowel is a sound that syllables begin or end with.
type vowel struct {
	pitch    float64    // times the speaker's
	formants [3]float64 // hertz
}

func (t *talker) vowel() vowel {
	between := func(low, high float64) float64 { return low + (high-low)*t.rng.Float64() }
	return vowel{between(0.85, 1.2), [3]float64{between(280, 750), between(900, 2200), between(2300, 3100)}}
}

// syllable is louder in its middle than at its ends, by 10 dB.
func (t *talker) syllable(out []int16) []int16 {
	n := syllableLeast + t.rng.IntN(syllableMost-syllableLeast)
	for i := 0; i < n; i += talkStep {
		part := float64(i) / float64(n)
		v := t.now.towards(t.next, part)
		loud := 2000 * (0.32 + 0.68*math.Pow(math.Sin(math.Pi*part), 2))
		out = t.voiced(out, t.hz*v.pitch, v, loud)
	}
	t.now, t.next = t.next, t.vowel()
	return out
}

func (v vowel) towards(w vowel, part float64) vowel {
	v.pitch += part * (w.pitch - v.pitch)
	for i := range v.formants {
		v.formants[i] += part * (w.formants[i] - v.formants[i])
	}
	return v
}

// voiced appends a step of the harmonics of hz.
func (t *talker) voiced(out []int16, hz float64, v vowel, loud float64) []int16 {
	var strength [64]float64
	most := min(int(3600/hz), len(strength)-1)
	for k := 1; k <= most; k++ {
		strength[k] = loud * v.strength(float64(k)*hz)
	}
	for range talkStep {
		t.phase = math.Mod(t.phase+hz/dsp.SampleRate, 1)
		var x float64
		for k := 1; k <= most; k++ {
			x += strength[k] * math.Sin(2*math.Pi*float64(k)*t.phase+float64(k*k)/8)
		}
		out = append(out, dsp.Saturate(int32(math.Round(x))))
	}
	return out
}

// strength is that of a harmonic at hz: resonances on a slope of 6 dB an octave.
func (v vowel) strength(hz float64) float64 {
	sum := 0.03
	for i, f := range v.formants {
		off := (hz - f) / float64(70+40*i)
		sum += 1 / (1 + off*off)
	}
	return sum * 300 / (300 + hz)
}

// consonant appends 40 to 80 ms of noise.
func (t *talker) consonant(out []int16) []int16 {
	n := (40 + t.rng.IntN(40)) * dsp.SampleRate / 1000
	last := 0.0
	for i := range n {
		x := t.rng.NormFloat64()
		out = append(out, int16(600*(x-last)*math.Sin(math.Pi*float64(i)/float64(n))))
		last = x
	}
	return out
}
