package callerid

import (
	"math"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// Plan is one part of telling who calls, ready to be sounded. It does not change
// and may be shared.
type Plan struct {
	sound   *tone.Spec // an alert tone or keys, nil = data
	keyed   bool
	frame   *frame
	message []byte
}

// Message is what the plan sends by frequency shift, nil if it does not.
func (p *Plan) Message() []byte { return p.message }

// Keyed says whether it is DTMF, whose echo is not to be taken for a key of the
// telephone.
func (p *Plan) Keyed() bool { return p.keyed }

// Duration is how long it sounds, 0 if there is nothing to send.
func (p *Plan) Duration() time.Duration {
	if p.sound == nil {
		return time.Duration(p.samples()) * time.Second / dsp.SampleRate
	}
	var d time.Duration
	for _, s := range p.sound.Intro {
		d += s.Duration
	}
	return d
}

// samples is the length of data.
func (p *Plan) samples() int {
	if len(p.message) == 0 {
		return 0
	}
	return p.frame.samples(len(p.message))
}

// Sender sounds plans. Its zero value is silent and ready; it allocates nothing
// and belongs to one goroutine.
type Sender struct {
	tone tone.Generator
	plan *Plan // data that is being sent, nil = none
	left int   // samples
	bit  int   // index of the present one
	rest int   // of the present bit, in shares of a sample: 1 bit = 8000, 1 sample = 1200

	phase uint32
	step  uint32 // of the present bit
	steps [2]uint32
	peak  float32
}

const (
	bitShares    = dsp.SampleRate
	sampleShares = baud
	fade         = 16 // samples over which data come and go, without a click
)

// Start sounds a plan from its beginning, in place of the one before. Nil stops.
func (s *Sender) Start(p *Plan) {
	s.Stop()
	if p == nil {
		return
	}
	if p.sound != nil {
		s.tone.Start(p.sound)
		return
	}
	if s.left = p.samples(); s.left == 0 {
		return
	}
	s.plan = p
	s.steps = [2]uint32{phaseStep(p.frame.modem.Space), phaseStep(p.frame.modem.Mark)}
	s.peak = float32(dataLevel.Amplitude())
	s.phase, s.bit = 0, -1
	s.next()
}

// phaseStep is how far a frequency turns in a sample; a turn is 2^32.
func phaseStep(hz float64) uint32 {
	return uint32(int64(math.Round(hz / dsp.SampleRate * (1 << 32))))
}

// Stop ends what sounds; an alert tone or a key fades for a moment.
func (s *Sender) Stop() {
	s.tone.Stop()
	s.plan, s.left = nil, 0
}

// Playing says whether there is something left to sound.
func (s *Sender) Playing() bool { return s.plan != nil || s.tone.Playing() }

// Read overwrites out.
func (s *Sender) Read(out []int16) {
	clear(out)
	s.Mix(out)
}

// Mix adds what sounds to out, which may have any length.
func (s *Sender) Mix(out []int16) {
	if s.plan == nil {
		s.tone.Mix(out)
		return
	}
	total := s.plan.samples()
	for i := range out {
		if s.left == 0 {
			s.plan = nil
			return
		}
		v := sine(s.phase) * s.peak
		if edge := min(total-s.left, s.left); edge < fade {
			v *= float32(edge) / fade
		}
		const up = 1 << 15 // so that conversion, which cuts, rounds
		out[i] = dsp.Saturate(int32(out[i]) + int32(v+up+0.5) - up)
		s.turn()
		s.left--
	}
	if s.left == 0 {
		s.plan = nil
	}
}

// turn moves the phase by one sample. Where a bit ends inside the sample, each
// of the two frequencies has its share, so edges are exact and the phase goes on.
func (s *Sender) turn() {
	if s.rest >= sampleShares {
		s.rest -= sampleShares
		s.phase += s.step
		return
	}
	old, over := s.rest, sampleShares-s.rest
	turned := uint64(s.step) * uint64(old)
	s.next()
	turned += uint64(s.step) * uint64(over)
	s.rest -= over
	s.phase += uint32(turned / sampleShares)
}

// next goes to the next bit.
func (s *Sender) next() {
	s.bit++
	s.rest = bitShares
	s.step = s.steps[0]
	if s.plan.frame.bit(s.plan.message, s.bit) {
		s.step = s.steps[1]
	}
}

// The sine is interpolated between 1024 points, which leaves errors 105 dB
// below it.
const sineBits = 10

var sineTable = func() (t [1<<sineBits + 1]float32) {
	for i := range t {
		t[i] = float32(math.Sin(2 * math.Pi * float64(i) / (1 << sineBits)))
	}
	return t
}()

func sine(phase uint32) float32 {
	const shift = 32 - sineBits
	i := phase >> shift
	part := float32(phase&(1<<shift-1)) / (1 << shift)
	return sineTable[i] + part*(sineTable[i+1]-sineTable[i])
}
