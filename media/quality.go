package media

import (
	"cmp"
	"math"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/quality"
)

// softest is the level in dBm0 that stands for silence in a Report.
const softest = -100

// heardVoice are the figures of the voice a player plays. It belongs to the
// audio goroutine.
type heardVoice struct {
	stream quality.Stream
	levels quality.Levels
	packet int // samples in the latest packet of voice
	held   int // delay of the jitter buffer when it played last, samples
}

// account notes what became of a packet.
func (h *heardVoice) account(in *packet, fate quality.Fate) {
	if in.anew {
		h.stream.Restart()
	}
	for back := in.refused; back > 0; back-- {
		h.stream.Packet(in.seq-back, quality.Discarded)
	}
	h.stream.Packet(in.seq, fate)
}

// sharedHeard is a copy of the figures for other goroutines.
type sharedHeard struct {
	mu     sync.Mutex // held for one assignment
	figure heardVoice
}

// publish is for the audio goroutine: while somebody reads, it does not wait but
// leaves the figures for the next block.
func (s *sharedHeard) publish(h *heardVoice) {
	if s.mu.TryLock() {
		s.figure = *h
		s.mu.Unlock()
	}
}

func (s *sharedHeard) load() heardVoice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.figure
}

// Quality returns how well the far end's voice is heard here, since the session
// began and whatever its SSRC. Times on hold do not count.
func (s *Session) Quality() quality.Report {
	heard := s.heardVoice.load()
	remote, _ := s.RemoteQuality()
	buffer := samples(uint64(max(heard.held, 0)))
	r := heard.stream.Counts().Report(quality.Conditions{
		Codec:           quality.G711PLC,
		Packet:          samples(uint64(heard.packet)),
		Jitter:          s.jitter(),
		RoundTrip:       s.roundTrip(),
		EndSystem:       cmp.Or(s.stream.Load().PTime, usualPTime) + buffer,
		RemoteEndSystem: remote.EndSystem,
		RemoteEchoLoss:  remote.EchoLoss,
	})
	r.Buffer, r.BufferMost = buffer, s.bufferMost
	r.EchoLoss = math.Float64frombits(s.echoLoss.Load())
	r.SpeechDBm0 = levelIfKnown(heard.levels.Speech())
	r.NoiseDBm0 = levelIfKnown(heard.levels.Noise())
	return r
}

// levelIfKnown is the level of a mean square in dBm0, 0 if it is not known.
func levelIfKnown(square float64, known bool) float64 {
	if !known {
		return 0
	}
	return max(softest, float64(dsp.Level(math.Sqrt(square))))
}

// RemoteQuality returns how well the far end hears our voice, as it said last in
// an RTCP XR report (RFC 3611 §4.7), false if it never did. It does not count
// packets; what it did not tell is 0.
func (s *Session) RemoteQuality() (quality.Report, bool) {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	return s.control.heard, s.control.hasHeard
}

func (s *Session) jitter() time.Duration {
	s.receiver.mu.Lock()
	defer s.receiver.mu.Unlock()
	return samples(uint64(s.receiver.accounts.jitter.Value()))
}

func (s *Session) roundTrip() time.Duration {
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	return s.control.rtt
}
