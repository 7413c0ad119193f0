// Package progress hears the tones of a telephone network - busy, congestion,
// ringback, dial tone - in what a far end sends: a gateway to the public network
// often plays busy tone where it should signal that the other side hung up.
//
//	in ─ 10 ms ─ power at each frequency of the plan ─ which of them sound ─ runs
//	                                                              Kind ◀─ cadences
package progress

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// Kind is a tone of the network.
type Kind uint8

const (
	Busy Kind = iota + 1
	Congestion
	Ringback
	Dial
)

var kindNames = [...]string{"none", "busy", "congestion", "ringback", "dial"}

// String returns the name used in logs.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// A plan has so many of these at most. No country comes near.
const (
	maxBins     = 16
	maxSteps    = 16
	maxPatterns = 8
)

const (
	hop       = dsp.Frame // samples, 10 ms
	hopLength = 10 * time.Millisecond
	near      = 35.0 // Hz: frequencies nearer to each other cannot be told apart
)

// Plan is the tones of a network, ready to be heard. It is read-only.
type Plan struct {
	bins     []bin
	patterns []pattern
	lasting  int // hops of a sound that make a tone without cadence of it
}

// bin is a frequency of the plan.
type bin struct {
	feedback float32   // of Goertzel's filter
	turn     complex64 // that the frequency makes in a hop
	last     complex64 // that it makes in a sample, conjugate
	cluster  uint      // bins of one cluster are not told apart
}

// pattern is a tone as runs of sounds, repeated.
type pattern struct {
	kind   Kind
	steps  []step
	needed int // runs that make it recognized
}

// step is a run of one sound.
type step struct {
	sound       uint16 // bits of clusters; 0 = silence
	least, most int    // hops
	exact       float64
}

// Shares by which a run may be longer or shorter than in the plan, and hops
// besides.
const (
	tolerance = 0.15
	slack     = 1.5
	lasting   = 150 // hops of a sound without end that make a tone of it, at least
	surely    = 30  // hops by which it has to be longer than any run of another tone
)

// NewPlan prepares tones; a tone that is silent or too intricate is left out. The
// first of two that sound alike is the one that is told.
func NewPlan(tones map[Kind]*tone.Spec) *Plan {
	p := &Plan{}
	kinds := []Kind{Busy, Congestion, Ringback, Dial}
	var hz []float64
	for _, k := range kinds {
		if spec := tones[k]; spec != nil {
			hz = append(hz, frequencies(spec)...)
		}
	}
	slices.Sort(hz)
	p.tune(slices.Compact(hz))
	for _, k := range kinds {
		if spec := tones[k]; spec != nil && len(p.patterns) < maxPatterns {
			p.add(k, spec)
		}
	}
	p.setNeeded()
	return p
}

// setNeeded has each pattern wait until it cannot be part of another one: two
// cycles but for their last pause, or more.
func (p *Plan) setNeeded() {
	p.lasting = lasting
	for i := range p.patterns {
		a := &p.patterns[i]
		a.needed = 2*len(a.steps) - 1
		for k := range p.patterns {
			if shared := a.within(&p.patterns[k]); i != k && shared < maxSteps {
				a.needed = max(a.needed, shared+1)
			}
		}
		for _, s := range a.steps {
			if s.sound != 0 && len(a.steps) > 1 {
				p.lasting = max(p.lasting, s.most+surely)
			}
		}
	}
}

// within is how many runs in a row of b may be taken for a, up to maxSteps.
func (a *pattern) within(b *pattern) (runs int) {
	for i := range a.steps {
		for k := range b.steps {
			n := 0
			for n < maxSteps && a.steps[(i+n)%len(a.steps)].takes(&b.steps[(k+n)%len(b.steps)]) {
				n++
			}
			runs = max(runs, n)
		}
	}
	return runs
}

func (s *step) takes(other *step) bool { return s.fits(other.sound, other.exact) }

// repeated is the part of a tone that lasts.
func repeated(spec *tone.Spec) []tone.Segment {
	if len(spec.Loop) > 0 {
		return spec.Loop
	}
	return spec.Intro
}

func frequencies(spec *tone.Spec) (hz []float64) {
	for _, s := range repeated(spec) {
		hz = append(hz, heard(&s.Sound)...)
	}
	return hz
}

// heard are the frequencies of a sound that the voice path carries. Modulation
// makes two side bands of one (see tone.Sound).
func heard(s *tone.Sound) (hz []float64) {
	for _, f := range s.Hz {
		if f == 0 || f > 3400 {
			continue
		}
		if s.ModHz == 0 {
			hz = append(hz, f)
		} else {
			hz = append(hz, f-s.ModHz, f+s.ModHz)
		}
	}
	return hz
}

// tune makes the bins of frequencies in ascending order.
func (p *Plan) tune(hz []float64) {
	cluster := uint(0)
	for i, f := range hz[:min(len(hz), maxBins)] {
		if i > 0 && f-hz[i-1] >= near {
			cluster++
		}
		w := 2 * math.Pi * f / dsp.SampleRate
		p.bins = append(p.bins, bin{
			feedback: float32(2 * math.Cos(w)),
			turn:     rotation(w * hop),
			last:     rotation(-w),
			cluster:  cluster,
		})
	}
}

func rotation(angle float64) complex64 {
	sin, cos := math.Sincos(angle)
	return complex(float32(cos), float32(sin))
}

// add makes the pattern of a tone.
func (p *Plan) add(k Kind, spec *tone.Spec) {
	var steps []step
	for _, s := range repeated(spec) {
		sound := p.soundOf(&s.Sound)
		length := float64(s.Duration) / float64(hopLength)
		if n := len(steps); n > 0 && steps[n-1].sound == sound {
			steps[n-1] = newStep(sound, steps[n-1].exact+length)
			continue
		}
		steps = append(steps, newStep(sound, length))
	}
	if n := len(steps); n > 1 && steps[0].sound == steps[n-1].sound {
		steps[0] = newStep(steps[0].sound, steps[0].exact+steps[n-1].exact)
		steps = steps[:n-1]
	}
	if n := len(steps) / 2; n > 1 && len(steps)%2 == 0 && slices.EqualFunc(steps[:n], steps[n:], func(a, b step) bool { return a.takes(&b) }) {
		steps = steps[:n] // it differs only in what is not told apart
	}
	audible := slices.ContainsFunc(steps, func(s step) bool { return s.sound != 0 })
	if !audible || len(steps) > maxSteps {
		return
	}
	if len(steps) == 1 {
		steps[0] = step{sound: steps[0].sound, least: lasting, most: math.MaxInt, exact: math.Inf(1)}
	}
	p.patterns = append(p.patterns, pattern{kind: k, steps: steps})
}

func newStep(sound uint16, length float64) step {
	return step{
		sound: sound, exact: length,
		least: int(math.Ceil(length*(1-tolerance) - slack)),
		most:  int(math.Floor(length*(1+tolerance) + slack)),
	}
}

// soundOf is a sound as bits of the clusters it is heard in.
func (p *Plan) soundOf(s *tone.Sound) (bits uint16) {
	for _, f := range heard(s) {
		want := float32(2 * math.Cos(2*math.Pi*f/dsp.SampleRate))
		for _, b := range p.bins {
			if b.feedback == want {
				bits |= 1 << b.cluster
			}
		}
	}
	return bits
}
