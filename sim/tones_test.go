package sim

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

const ms = time.Millisecond

// scale returns a small figure, or the full one if ATA_FULL is set.
func scale(small, full int) int {
	if os.Getenv("ATA_FULL") != "" {
		return full
	}
	return small
}

func sound(hz ...float64) tone.Sound {
	var s tone.Sound
	copy(s.Hz[:], hz)
	for i := range hz {
		s.Level[i] = -13
	}
	return s
}

func seg(d time.Duration, hz ...float64) tone.Segment {
	return tone.Segment{Duration: d, Sound: sound(hz...)}
}

func loop(segs ...tone.Segment) tone.Spec { return tone.Spec{Loop: segs} }

// testland has the tones of North America.
var testland = &country.Country{Code: "XN", Tones: country.Tones{
	Dial:        loop(seg(0, 350, 440)),
	RecallDial:  tone.Spec{Intro: repeat(3, seg(100*ms, 350, 440), seg(100*ms)), Loop: []tone.Segment{seg(0, 350, 440)}},
	MessageDial: tone.Spec{Intro: repeat(10, seg(100*ms, 350, 440), seg(100*ms)), Loop: []tone.Segment{seg(0, 350, 440)}},
	Ringback:    loop(seg(2000*ms, 440, 480), seg(4000*ms)),
	Busy:        loop(seg(500*ms, 480, 620), seg(500*ms)),
	Reorder:     loop(seg(250*ms, 480, 620), seg(250*ms)),
	VacantCode: tone.Spec{
		Intro: []tone.Segment{seg(380*ms, 985.2), seg(276*ms, 1370.6), seg(380*ms, 1776.7), seg(1000 * ms)},
		Loop:  []tone.Segment{seg(250*ms, 480, 620), seg(250 * ms)},
	},
	NoCircuit: tone.Spec{
		Intro: []tone.Segment{seg(380*ms, 985.2), seg(380*ms, 1428.5), seg(380*ms, 1776.7), seg(1000 * ms)},
		Loop:  []tone.Segment{seg(250*ms, 480, 620), seg(250 * ms)},
	},
	Confirm:     tone.Spec{Intro: repeat(3, seg(100*ms, 350, 440), seg(100*ms))},
	CallWaiting: loop(seg(300*ms, 440), seg(10*time.Second)),
	Howler:      loop(seg(100*ms, 1400, 2060, 2450, 2600), seg(100*ms)),
}}

// singleton has one frequency for everything, as most of Europe.
var singleton = &country.Country{Code: "XE", Tones: country.Tones{
	Dial:        loop(seg(0, 425)),
	RecallDial:  tone.Spec{Intro: repeat(3, seg(100*ms, 425), seg(100*ms)), Loop: []tone.Segment{seg(0, 425)}},
	Ringback:    loop(seg(1000*ms, 425), seg(4000*ms)),
	Busy:        loop(seg(480*ms, 425), seg(480*ms)),
	Reorder:     loop(seg(240*ms, 425), seg(240*ms)),
	CallWaiting: loop(seg(200*ms, 425), seg(200*ms), seg(200*ms, 425), seg(5000*ms)),
	Howler:      loop(seg(100*ms, 1400, 2060, 2450, 2600), seg(100*ms)),
}}

// beating has modulated tones and close pairs, as Japan and Britain.
var beating = &country.Country{Code: "XB", Tones: country.Tones{
	Dial:     loop(seg(0, 413, 438)),
	Ringback: loop(tone.Segment{Duration: 1000 * ms, Sound: tone.Sound{Hz: [4]float64{400}, Level: [4]float64{-13}, ModHz: 16}}, seg(2000*ms)),
	Busy:     loop(seg(375*ms, 400), seg(375*ms)),
	Reorder:  loop(seg(400*ms, 400), seg(350*ms), seg(225*ms, 400), seg(525*ms)),
}}

func repeat(n int, segs ...tone.Segment) (out []tone.Segment) {
	for range n {
		out = append(out, segs...)
	}
	return out
}

// play calls emit with the samples of a tone, in volts, until it returns false
// or the tone ends.
func play(s tone.Spec, emit func(float64) bool) {
	at := 0
	one := func(g tone.Segment) bool {
		for i := 0; g.Duration == 0 || i < int(samples(g.Duration)); i++ {
			v := 0.0
			for k, hz := range g.Sound.Hz {
				if hz > 0 {
					v += dsp.DBm0(g.Sound.Level[k]).Amplitude() * math.Sin(2*math.Pi*hz*float64(at)/8000)
				}
			}
			if g.Sound.ModHz > 0 {
				v *= math.Sin(2 * math.Pi * g.Sound.ModHz * float64(at) / 8000)
			}
			at++
			if !emit(v * twowire.VoltsPerUnit) {
				return false
			}
		}
		return true
	}
	for _, g := range s.Intro {
		if !one(g) {
			return
		}
	}
	for len(s.Loop) > 0 {
		for _, g := range s.Loop {
			if !one(g) {
				return
			}
		}
	}
}

// listen plays a tone to a telephone and returns the names it was given, in
// order, with the time of the first.
func listen(c *country.Country, s tone.Spec, length time.Duration, noise dsp.DBm0) (names []Tone, first time.Duration) {
	set := plain()
	set.Noise = noise
	tel := NewTelephone(TelephoneOpts{Seed: 3, Settings: set, Country: c})
	tel.Hook(true)
	run(tel, battery, 300*ms)
	n := int64(0)
	play(s, func(v float64) bool {
		d := battery
		d.Voice = v
		tel.Step(d)
		if now := tel.ear.tone; now != NoTone && (len(names) == 0 || names[len(names)-1] != now) {
			if len(names) == 0 {
				first = time.Duration(n) * 125 * time.Microsecond
			}
			names = append(names, now)
		}
		n++
		return n < samples(length)
	})
	return names, first
}

func TestToneNames(t *testing.T) {
	for _, c := range []*country.Country{testland, singleton, beating} {
		for _, tt := range []struct {
			name Tone
			spec tone.Spec
		}{
			{Dial, c.Tones.Dial},
			{Dial, c.Tones.RecallDial},
			{Dial, c.Tones.MessageDial},
			{Ringback, c.Tones.Ringback},
			{Busy, c.Tones.Busy},
			{Reorder, c.Tones.Reorder},
			{SIT, c.Tones.VacantCode},
			{SIT, c.Tones.NoCircuit},
			{CallWaiting, c.Tones.CallWaiting},
			{Howler, c.Tones.Howler},
		} {
			if len(tt.spec.Loop) == 0 {
				continue
			}
			for _, noise := range []dsp.DBm0{Off, -55}[:scale(1, 2)] {
				names, first := listen(c, tt.spec, time.Duration(scale(4, 9))*time.Second, noise)
				if len(names) != 1 || names[0] != tt.name {
					t.Errorf("%s %s, noise %v: heard %v after %v", c.Code, tt.name, noise, names, first)
				}
				if first > 1200*ms {
					t.Errorf("%s %s: named after %v", c.Code, tt.name, first)
				}
			}
		}
	}
}

// Silence, noise and voice are no tones.
func TestNoToneInVoice(t *testing.T) {
	tel := NewTelephone(TelephoneOpts{Settings: plain(), Country: testland})
	tel.Hook(true)
	run(tel, battery, 100*ms)
	v := newVoice(5)
	talked, named := 0, 0
	seconds := scale(15, 600)
	for i := range seconds * 8000 {
		d := battery
		d.Voice = v.next() * twowire.VoltsPerUnit
		tel.Step(d)
		if tel.ear.tone != NoTone {
			named++
		}
		if i > 8000 && tel.ear.talk() {
			talked++
		}
	}
	if named > 0 || talked < (seconds-1)*8000*95/100 || tel.ear.keyN > 0 {
		t.Errorf("in %d s of voice: %.2f s named, %.2f s talk, keys %q", seconds,
			float64(named)/8000, float64(talked)/8000, tel.ear.keys[:tel.ear.keyN])
	}
	run(tel, battery, 1500*ms)
	if s := tel.State(); s.Talk || s.Tone != NoTone {
		t.Errorf("after the voice: %v", s)
	}
}

// voice is a crude talker: harmonics of a wandering pitch under wandering
// formants, in syllables.
type voiceMaker struct {
	rng                       *rand.Rand
	pitch, phase, envelope    float64
	formant, target, syllable float64
	left                      int
}

func newVoice(seed uint64) *voiceMaker {
	return &voiceMaker{rng: rand.New(rand.NewPCG(seed, 1)), pitch: 120, formant: 600, target: 600}
}

func (v *voiceMaker) next() float64 {
	if v.left--; v.left <= 0 {
		v.left = 800 + v.rng.IntN(1600)
		v.target = 300 + 600*v.rng.Float64()
		v.syllable = 0
		if v.rng.Float64() < 0.8 {
			v.syllable = 1
		}
		v.pitch = 90 + 80*v.rng.Float64()
	}
	v.envelope += (v.syllable - v.envelope) * 0.003
	v.formant += (v.target - v.formant) * 0.002
	v.pitch += 0.05 * v.rng.NormFloat64()
	v.phase += v.pitch / 8000
	v.phase -= math.Floor(v.phase)
	sum := 0.0
	for k := 1.0; k*v.pitch < 3400; k++ {
		f := k * v.pitch
		a := 1/(1+(f-v.formant)/150*(f-v.formant)/150) + 0.4/(1+(f-2.5*v.formant)/200*(f-2.5*v.formant)/200) + 0.05
		sum += a * math.Sin(2*math.Pi*k*v.phase)
	}
	return 1500 * v.envelope * (sum + 0.1*v.rng.NormFloat64())
}

func TestKeysHeard(t *testing.T) {
	const keys = "1234567890*#ABCD5"
	for _, on := range []time.Duration{50 * ms, 70 * ms, 200 * ms} {
		far := &pad{}
		far.press(keys, keyStyle{on: on, off: on, level: -12, twist: 2}, 0)
		tel := NewTelephone(TelephoneOpts{Settings: plain(), Country: testland})
		tel.Hook(true)
		run(tel, battery, 100*ms)
		for i := int64(0); far.busy(i); i++ {
			d := battery
			d.Voice, _ = far.step(i)
			tel.Step(d)
		}
		run(tel, battery, 100*ms)
		if s := tel.State(); s.Keys != keys || s.Tone != NoTone {
			t.Errorf("keys of %v: heard %q", on, s.Keys)
		}
	}
}
