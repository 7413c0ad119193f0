package handset

import (
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/hal"
)

// Speaker is a Ringer that is a channel of a PCM highway.
type Speaker struct {
	level  dsp.DBm0
	wanted atomic.Pointer[tone.Spec]

	playing   *tone.Spec // of the audio goroutine, as generator
	generator tone.Generator
}

var _ Ringer = (*Speaker)(nil)

// NewSpeaker returns a silent loudspeaker whose tones have a level.
func NewSpeaker(level dsp.DBm0) *Speaker { return &Speaker{level: level} }

// Sound implements Ringer. The error is always nil.
func (s *Speaker) Sound(f physic.Frequency) error {
	if f == 0 {
		s.wanted.Store(nil)
		return nil
	}
	sound := tone.Sound{Hz: [4]float64{float64(f) / float64(physic.Hertz)}, Level: [4]float64{float64(s.level)}}
	s.wanted.Store(&tone.Spec{Loop: []tone.Segment{{Sound: sound}}})
	return nil
}

// Read fills a block of the channel. The audio goroutine calls it; it neither
// waits nor allocates.
func (s *Speaker) Read(block []int16) {
	if w := s.wanted.Load(); w != s.playing {
		s.playing = w
		s.generator.Start(w)
	}
	s.generator.Read(block)
}

// WithSpeakers returns a highway some of whose channels are loudspeakers: what
// Exchange is given for those is replaced by what the speakers play.
func WithSpeakers(pcm hal.PCM, speakers map[int]*Speaker) hal.PCM {
	return &highway{pcm, speakers}
}

type highway struct {
	hal.PCM
	speakers map[int]*Speaker
}

// Behind implements hal.Lagging.
func (h *highway) Behind() time.Duration {
	if l, ok := h.PCM.(hal.Lagging); ok {
		return l.Behind()
	}
	return 0
}

// Exchange implements hal.PCM.
func (h *highway) Exchange(toPhone, fromPhone [][]int16) error {
	for channel, s := range h.speakers {
		if channel < len(toPhone) {
			s.Read(toPhone[channel])
		}
	}
	return h.PCM.Exchange(toPhone, fromPhone)
}
