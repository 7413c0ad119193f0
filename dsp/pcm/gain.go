package pcm

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// Limits of a gain in decibels, and what it is rounded to.
const (
	MinGain  = -24.0
	MaxGain  = 6.0
	GainStep = 0.5
)

// unit is a gain of 0 dB; 14 bits behind the point keep every step within
// 0.005 dB.
const unit = 1 << 14

// Gain makes a signal louder or softer. A changed gain is approached within the
// next block, so that it does not click.
type Gain struct {
	want int32 // relative to unit, less unit: the zero value is 0 dB
	now  int32
}

// Set asks for a gain in decibels. It is limited to MinGain and MaxGain and
// rounded to GainStep; what is not a number is 0 dB.
func (g *Gain) Set(db float64) { g.want = factor(db) - unit }

// factor is the factor of a gain in decibels.
func factor(db float64) int32 {
	if db != db {
		return unit
	}
	db = math.Round(max(MinGain, min(MaxGain, db))/GainStep) * GainStep
	return int32(math.Round(unit * math.Pow(10, db/20)))
}

// Process applies the gain to a block and returns how many of its samples did not
// fit and were clipped.
func (g *Gain) Process(block []int16) (clipped int) {
	switch {
	case g.now != g.want:
		return g.approach(block)
	case g.now == 0:
		return 0
	}
	f := unit + g.now
	for i, s := range block {
		v := (int32(s)*f + unit/2) >> 14
		block[i] = dsp.Saturate(v)
		if v != int32(block[i]) {
			clipped++
		}
	}
	return clipped
}

// approach goes over to the gain that is wanted.
func (g *Gain) approach(block []int16) (clipped int) {
	n := int32(len(block))
	for i, s := range block {
		f := unit + g.now + (g.want-g.now)/n*int32(i+1)
		v := (int32(s)*f + unit/2) >> 14
		block[i] = dsp.Saturate(v)
		if v != int32(block[i]) {
			clipped++
		}
	}
	g.now = g.want
	return clipped
}
