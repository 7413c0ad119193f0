package media

import (
	"math"
	"net/netip"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/quality"
)

// Stats is what a Session measured so far. Counters only grow, also when the
// far end changes its SSRC.
type Stats struct {
	SSRC       uint32         // ours
	RemoteSSRC uint32         // the far end's, 0 = nothing received
	Remote     netip.AddrPort // where voice goes; invalid = nowhere
	Source     netip.AddrPort // where voice comes from; invalid = nowhere yet

	Sent, SentOctets uint64 // packets and octets of payload
	SendErrors       uint64 // packets the socket did not take
	SentEvents       uint64 // telephone events, not their packets

	Received, ReceivedOctets uint64 // packets of the source, copies included
	ReceivedEvents           uint64 // telephone events played to the telephone
	LostEvents               uint64 // and those for which there was no room
	Lost                     int64  // packets that never came; unlike in RFC 3550 §6.4.1 copies do not make up for them
	Late                     uint64 // came after their time and were not played
	Duplicates, Reordered    uint64
	Discarded                uint64        // of the source, but not played: no room, or a timestamp or SSRC of their own
	Foreign                  uint64        // from anybody else; never played
	Garbage                  uint64        // not RTP or not what was agreed on
	Unauthentic              uint64        // of an encrypted call: forged, damaged, or there already
	Concealed                time.Duration // voice made up for what was missing
	Added, Removed           time.Duration // by corrections of the delay

	Jitter       time.Duration // interarrival jitter (RFC 3550 §6.4.1)
	BufferDelay  time.Duration // of the jitter buffer now; 0 = nothing plays
	RoundTrip    time.Duration // 0 = not known
	OneWay       time.Duration // estimate: half the round trip, the buffer and a packet; 0 = not known
	RemoteLost   int64         // what the far end lost of ours
	RemoteJitter time.Duration // of ours at the far end
	RemoteBye    bool          // the far end said BYE in RTCP

	Transit         time.Duration // least delay of the last ten seconds, from an unknown origin: it falls as a fast far end's clock gains
	RemoteReports   uint64        // the far end's sender and receiver reports ...
	RemoteReportsUs uint64        // ... and the report blocks in them that are about our voice

	Quality       quality.Report // of the voice heard here; its levels are in dBm0
	RemoteQuality quality.Report // of ours, as the far end says in RTCP XR; what it did not say is 0

	Data bool // data of a fax, modem or text telephone are carried

	LevelSent, LevelReceived dsp.DBm0  // of the last 300 ms, -Inf = silence
	SpeechSent, NoiseSent    float64   // of ours while the far end is silent, as in Quality, dBm0; 0 = not known
	LastReceived             time.Time // the last valid packet, for the media time-out; zero = none
}

// Stats returns the figures of this moment.
func (s *Session) Stats() Stats {
	stream := s.stream.Load()
	st := Stats{
		SSRC:           s.ssrc.Load(),
		Sent:           s.sentPackets.Load(),
		SentOctets:     s.sentOctets.Load(),
		SendErrors:     s.sendErrors.Load(),
		SentEvents:     s.sentEvents.Load(),
		ReceivedEvents: s.receivedEvents.Load(),
		LostEvents:     s.lostEvents.Load(),
		Late:           s.late.Load(),
		Discarded:      s.discarded.Load(),
		Concealed:      samples(s.concealed.Load()),
		Added:          samples(s.added.Load()),
		Removed:        samples(s.removed.Load()),
		BufferDelay:    samples(uint64(max(s.held.Load(), 0))),
		LevelSent:      levelOf(s.levelSent.Load()),
		LevelReceived:  levelOf(s.levelReceived.Load()),
		Transit:        samplesOff(s.transit.Load()),
		SpeechSent:     sentLevel(s.speechSent.Load()),
		NoiseSent:      sentLevel(s.noiseSent.Load()),
		Data:           s.data.Load(),
	}
	if to, ok := s.destination(stream); ok {
		st.Remote = to
	}
	if h := s.source.Load(); h != nil {
		st.Source = h.from
	}
	if at := s.lastPacket.Load(); at != 0 {
		st.LastReceived = s.epoch.Add(time.Duration(at))
	}
	s.receiver.addStats(&st)
	s.control.addStats(&st)
	if st.RoundTrip != 0 {
		st.OneWay = st.RoundTrip/2 + st.BufferDelay + stream.PTime
	}
	st.Quality = s.Quality()
	st.RemoteQuality, _ = s.RemoteQuality()
	return st
}

func samples(n uint64) time.Duration { return time.Duration(n) * smallestClock }

// samplesOff is samples of a difference, which may be negative.
func samplesOff(n int64) time.Duration { return time.Duration(n) * smallestClock }

// sentLevel is the level of a mean square from bits, 0 if it is not known.
func sentLevel(bits uint64) float64 {
	square := math.Float64frombits(bits)
	return levelIfKnown(square, square > 0)
}

func (r *receiver) addStats(st *Stats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := &r.accounts
	st.RemoteSSRC = a.ssrc
	st.Received, st.ReceivedOctets = a.packets, a.octets
	st.Lost = a.lost + a.gone()
	st.Duplicates, st.Reordered = a.duplicates, a.reordered
	st.Discarded += a.unheard
	st.Foreign, st.Garbage, st.Unauthentic = a.foreign, a.garbage, a.unauthentic
	st.Jitter = time.Duration(a.jitter.Value()) * smallestClock
}

func (c *control) addStats(st *Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st.RoundTrip = c.rtt
	st.RemoteReports, st.RemoteReportsUs = c.reports, c.reportsUs
	st.RemoteLost, st.RemoteJitter, st.RemoteBye = c.remoteLost, c.remoteJitter, c.bye
	st.Garbage += c.garbage
	st.Foreign += c.foreign
	st.Unauthentic += c.unauthentic
}
