package sim

import (
	"math"
	"slices"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// A Tone is a call-progress tone as a listener names it.
type Tone string

// Tones a telephone tells apart. The first of a country's tones that fits is
// the one reported; a stutter or recall dial tone is a dial tone.
const (
	NoTone      Tone = ""
	Dial        Tone = "dial"
	Ringback    Tone = "ringback"
	Busy        Tone = "busy"
	Reorder     Tone = "reorder"
	CallWaiting Tone = "callwaiting"
	SIT         Tone = "sit"
	Howler      Tone = "howler"
	Confirm     Tone = "confirm"
)

// ToneNames lists the tones of `wait tone:NAME`.
var ToneNames = []Tone{Dial, Ringback, Busy, Reorder, CallWaiting, SIT, Howler, Confirm}

// pattern is a tone unrolled into stretches of sound and silence, equal
// neighbours joined.
type pattern struct {
	tone   Tone
	also   []Tone // other tones of the country that sound the same
	steps  []step
	sounds []tone.Sound
	starts []int // steps at which a listener may come in
}

type step struct {
	on     bool
	sound  tone.Sound
	frames int // of 10 ms; forever if the tone stays
}

const (
	forever  = 1 << 24
	unrolled = 2 * maxSegments
)

// patternsOf returns the tones of a country, those that a listener cannot tell
// apart under one name.
func patternsOf(c *country.Country) []pattern {
	if c == nil {
		return nil
	}
	t := &c.Tones
	var out []pattern
	for _, x := range []struct {
		name Tone
		spec *tone.Spec
	}{
		{Dial, &t.Dial},
		{Dial, &t.RecallDial},
		{Dial, &t.MessageDial},
		{Ringback, &t.Ringback},
		{Busy, &t.Busy},
		{Reorder, &t.Reorder},
		{SIT, &t.VacantCode},
		{SIT, &t.NoCircuit},
		{CallWaiting, &t.CallWaiting},
		{Howler, &t.Howler},
		{Confirm, &t.Confirm},
	} {
		if p := unroll(x.name, x.spec); len(p.steps) > 0 && !alias(out, &p) {
			out = append(out, p)
		}
	}
	return out
}

// alias adds p's name to a pattern that a listener cannot tell from it.
func alias(known []pattern, p *pattern) bool {
	for i := range known {
		k := &known[i]
		if k.tone != p.tone && slices.EqualFunc(k.steps, p.steps, indistinct) {
			k.also = append(k.also, p.tone)
			return true
		}
	}
	return false
}

func indistinct(a, b step) bool {
	for i, hz := range a.sound.Hz {
		if math.Abs(hz-b.sound.Hz[i]) > 0.015*hz {
			return false
		}
	}
	return a.on == b.on && a.sound.ModHz == b.sound.ModHz &&
		(a.frames == b.frames || a.frames-b.frames <= slack(b.frames) && b.frames-a.frames <= slack(a.frames))
}

// slack is how many frames a stretch may be longer or shorter than it should.
func slack(frames int) int { return max(4, frames*15/100) }

func unroll(name Tone, s *tone.Spec) pattern {
	p := pattern{tone: name}
	for _, seg := range s.Intro {
		p.append(seg)
	}
	intro := len(p.steps)
	for len(s.Loop) > 0 && len(p.steps) < unrolled && !p.ends() {
		before := len(p.steps)
		for _, seg := range s.Loop {
			p.append(seg)
		}
		if len(p.steps) == before { // one sound without pause
			p.steps[before-1].frames = forever
		}
	}
	if len(s.Loop) == 0 && intro > 0 {
		p.append(tone.Segment{})
	}
	for len(p.steps) > 0 && !p.steps[0].on {
		p.steps = p.steps[1:]
		intro--
	}
	p.steps = p.steps[:min(len(p.steps), unrolled)]
	p.mark(intro, len(s.Loop))
	for _, x := range p.steps {
		if x.on && !slices.ContainsFunc(p.sounds, func(y tone.Sound) bool { return sameSound(&x.sound, &y) }) {
			p.sounds = append(p.sounds, x.sound)
		}
	}
	return p
}

// mark notes where a listener may come in: at the beginning, and, if there is
// no intro, at every sound of the first round of the loop.
func (p *pattern) mark(intro, round int) {
	for i, s := range p.steps {
		if s.on && (i == 0 || intro <= 0 && i < round) {
			p.starts = append(p.starts, i)
		}
	}
}

func (p *pattern) ends() bool {
	return len(p.steps) > 0 && p.steps[len(p.steps)-1].frames == forever
}

func (p *pattern) append(seg tone.Segment) {
	on := seg.Sound.Hz[0] != 0
	frames := forever
	if seg.Duration > 0 {
		frames = int((seg.Duration + 5*time.Millisecond) / (10 * time.Millisecond))
	}
	if n := len(p.steps); n > 0 && p.steps[n-1].on == on && (!on || sameSound(&p.steps[n-1].sound, &seg.Sound)) {
		if frames == forever || p.steps[n-1].frames == forever {
			p.steps[n-1].frames = forever
		} else {
			p.steps[n-1].frames += frames
		}
		return
	}
	p.steps = append(p.steps, step{on, seg.Sound, frames})
}

func sameSound(a, b *tone.Sound) bool { return a.Hz == b.Hz && a.ModHz == b.ModHz }

// fits says whether the segments, which begin with a sound, can be this tone.
func (p *pattern) fits(segs []segment) bool {
	for _, start := range p.starts {
		if p.fitsAt(p.steps[start:], segs) {
			return true
		}
	}
	return false
}

func (p *pattern) fitsAt(steps []step, segs []segment) bool {
	for i := range segs {
		if i >= len(steps) {
			return true
		}
		if !segs[i].fits(&steps[i], i == len(segs)-1) {
			return false
		}
	}
	return true
}

// fits compares one segment with one step; the last segment may still grow.
func (s *segment) fits(want *step, last bool) bool {
	if (s.kind != silence) != want.on || s.kind == voice {
		return false
	}
	if want.on && s.kind == tonal && !s.matches(&want.sound) {
		return false
	}
	if want.frames == forever {
		return last
	}
	if s.frames > want.frames+slack(want.frames) {
		return false
	}
	return last || s.frames >= want.frames-slack(want.frames)
}

// matches says whether the segment's lines are those of a sound: each of the
// sound's lines is there, and nothing else that is as loud.
func (s *segment) matches(want *tone.Sound) bool {
	var lines [12]float64
	required, all := soundLines(want, lines[:0])
	top := s.lines[0].level
	for _, hz := range all[:required] {
		if !s.has(hz, float64(top)-16) {
			return false
		}
	}
	for _, l := range s.lines[:s.n] {
		if l.level > top-12 && !near(all, l.hz, s.width) {
			return false
		}
	}
	return true
}

func (s *segment) has(hz, least float64) bool {
	for _, l := range s.lines[:s.n] {
		if math.Abs(l.hz-hz) <= tolerance(hz, s.width) && float64(l.level) >= least {
			return true
		}
	}
	return false
}

func near(all []float64, hz, width float64) bool {
	for _, want := range all {
		if math.Abs(hz-want) <= tolerance(want, width) {
			return true
		}
	}
	return false
}

// tolerance is 1.5 % (the usual acceptance of a detector, ITU-T E.180), or what
// the stretch of sound was too short to tell apart.
func tolerance(hz, width float64) float64 { return max(0.015*hz, 5, width) }

// soundLines appends the spectral lines of a sound to buf: first those that
// must be there, then those that may. A carrier may be missing from its
// amplitude modulation.
func soundLines(s *tone.Sound, buf []float64) (required int, all []float64) {
	for _, hz := range s.Hz {
		if hz == 0 {
			continue
		}
		if s.ModHz == 0 {
			buf = append(buf, hz)
		} else {
			buf = append(buf, hz-s.ModHz, hz+s.ModHz)
		}
	}
	required = len(buf)
	if s.ModHz != 0 {
		for _, hz := range s.Hz {
			if hz != 0 {
				buf = append(buf, hz)
			}
		}
	}
	return required, buf
}

// name says which tone the last segments are, and nothing while they could be
// more than one. Segments that fit no tone are forgotten from the oldest on.
func name(patterns []pattern, segs []segment) Tone {
	for drop := range segs {
		if segs[drop].kind == silence {
			continue
		}
		if found, ok := unique(patterns, segs[drop:]); ok {
			return found
		}
	}
	return NoTone
}

// unique returns the one name of all patterns that fit; ok is false if none
// does.
func unique(patterns []pattern, segs []segment) (found Tone, ok bool) {
	if !heard(segs) {
		return NoTone, false
	}
	for i := range patterns {
		p := &patterns[i]
		if !p.fits(segs) {
			continue
		}
		if ok && found != p.tone {
			return NoTone, true
		}
		found, ok = p.tone, true
	}
	return found, ok
}

// heard says whether there is enough to name a tone by: a fifth of a second of
// sounds whose frequencies were measured.
func heard(segs []segment) bool {
	frames := 0
	for i := range segs {
		if segs[i].kind == tonal {
			frames += segs[i].frames
		}
	}
	return frames >= 20
}
