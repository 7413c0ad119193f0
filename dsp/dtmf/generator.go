package dtmf

import (
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// samplePeriod is the time of one sample.
const samplePeriod = time.Second / dsp.SampleRate

// Generator keys one digit at a time. Its zero value is silent and ready; it
// allocates nothing and belongs to one goroutine.
type Generator struct {
	tone     tone.Generator
	segments [2]tone.Segment
	spec     tone.Spec
}

// Start sounds key until [Generator.Stop]. The low group is at level, the high
// group twist decibels above it; +2 is customary, as lines lose more of the
// high group. An unknown key is silence.
func (g *Generator) Start(key byte, level dsp.DBm0, twist float64) {
	g.segments[0] = tone.Segment{Sound: sound(key, level, twist)}
	g.start(1)
}

// StartFor sounds key as Start does for on samples, then stays silent for off.
// Playing reports true until both have passed.
func (g *Generator) StartFor(key byte, level dsp.DBm0, twist float64, on, off int) {
	n := 0
	if on > 0 {
		g.segments[n] = tone.Segment{Duration: time.Duration(on) * samplePeriod, Sound: sound(key, level, twist)}
		n++
	}
	if off > 0 {
		g.segments[n] = tone.Segment{Duration: time.Duration(off) * samplePeriod}
		n++
	}
	g.start(n)
}

func (g *Generator) start(n int) {
	g.spec.Intro = g.segments[:n]
	g.tone.Start(&g.spec)
}

// Stop ends the digit.
func (g *Generator) Stop() { g.tone.Stop() }

// Playing reports whether a digit sounds or its pause runs.
func (g *Generator) Playing() bool { return g.tone.Playing() }

// Mix adds the digit to out, which may have any length.
func (g *Generator) Mix(out []int16) { g.tone.Mix(out) }

// Read overwrites out with the digit.
func (g *Generator) Read(out []int16) { g.tone.Read(out) }

func sound(key byte, level dsp.DBm0, twist float64) (s tone.Sound) {
	low, high, ok := Frequencies(key)
	if !ok {
		return s
	}
	s.Hz[0], s.Level[0] = low, float64(level)
	s.Hz[1], s.Level[1] = high, float64(level)+twist
	return s
}
