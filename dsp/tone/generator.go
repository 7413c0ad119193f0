package tone

import (
	"math"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
)

// edge is the length of a raised-cosine edge, 4 ms: long enough that keying
// does not click, short against every cadence.
const edge = 32

// edgeScale is the unit of the edge's gain in bits.
const edgeScale = 12

var rise = riseTable()

func riseTable() (t [edge]int32) {
	for i := range t {
		x := (float64(i) + 0.5) / edge
		t[i] = int32(math.Round((1 << edgeScale) * (1 - math.Cos(math.Pi*x)) / 2))
	}
	return t
}

// samplePeriod is the time of one sample.
const samplePeriod = time.Second / dsp.SampleRate

// Generator plays one tone at a time, sample by sample. Its zero value is
// silent and ready; it allocates nothing and belongs to one goroutine.
//
// A sound fades in from the first sample of its segment and fades out from the
// last, so that a burst has its length between the half-amplitude points. Where
// one sound follows another they cross, and a frequency common to both goes on
// without a jump of phase.
type Generator struct {
	spec  *Spec
	loop  bool          // in spec.Loop, not spec.Intro
	index int           // of the next segment
	left  int64         // samples left of the segment, negative: until stopped
	owed  time.Duration // what rounding segments to samples left over

	sound   Sound
	current bank
	fading  bank
	risen   int // samples of the edge that current has behind it
	fallen  int // samples of the edge that fading has behind it
}

// Start plays s from its beginning in place of what plays. S must not change
// while it plays; nil stops.
func (g *Generator) Start(s *Spec) {
	g.spec, g.loop, g.index, g.left, g.owed = s, false, 0, 0, 0
	if s == nil {
		g.change(Sound{})
	}
}

// Stop fades the tone out.
func (g *Generator) Stop() { g.Start(nil) }

// Playing reports whether there is more to come: a tone in its sounds or
// pauses, or the fading end of one.
func (g *Generator) Playing() bool {
	return g.spec != nil || g.fading.n > 0
}

// Read overwrites out with the tone.
func (g *Generator) Read(out []int16) {
	clear(out)
	g.Mix(out)
}

// Mix adds the tone to out, which may have any length.
func (g *Generator) Mix(out []int16) {
	for len(out) > 0 && g.Playing() {
		for g.spec != nil && g.left == 0 {
			g.advance()
		}
		n := len(out)
		if g.spec != nil && g.left > 0 {
			n = int(min(int64(n), g.left))
			g.left -= int64(n)
		}
		g.render(out[:n])
		out = out[n:]
	}
}

// advance enters the next segment, or ends the tone.
func (g *Generator) advance() {
	list := g.spec.Intro
	if g.loop {
		list = g.spec.Loop
	}
	if g.index < len(list) {
		g.enter(&list[g.index])
		g.index++
		return
	}
	g.index = 0
	if len(g.spec.Loop) == 0 {
		g.Stop()
		return
	}
	g.loop = true
}

func (g *Generator) enter(seg *Segment) {
	g.change(seg.Sound)
	if seg.Duration == 0 {
		g.left = -1
		return
	}
	g.owed += max(seg.Duration, samplePeriod)
	g.left = int64(g.owed / samplePeriod)
	g.owed %= samplePeriod
}

// change lets the current sound fade and the new one rise.
func (g *Generator) change(s Sound) {
	if s == g.sound {
		return
	}
	g.fading, g.fallen = g.current, edge-g.risen
	if g.fallen == edge {
		g.fading.n = 0
	}
	g.sound, g.risen = s, 0
	g.current.set(&s, &g.fading)
}

// render plays the current sound and what remains of the one before.
func (g *Generator) render(out []int16) {
	if g.fading.n > 0 {
		n := min(len(out), edge-g.fallen)
		for i := range n {
			g.add(&out[i], &g.fading, rise[edge-1-g.fallen])
			g.fallen++
		}
		if g.fallen == edge {
			g.fading.n = 0
		}
	}
	for len(out) > 0 && g.risen < edge {
		g.add(&out[0], &g.current, rise[g.risen])
		g.risen++
		out = out[1:]
	}
	g.current.mix(out)
}

func (g *Generator) add(out *int16, b *bank, gain int32) {
	*out = dsp.Saturate(int32(*out) + (b.next()*gain)>>edgeScale)
}
