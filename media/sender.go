package media

import (
	"math"
	"net/netip"
	"time"

	"github.com/pion/rtp"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/quality"
)

const (
	shortestPTime = 10 * time.Millisecond
	longestPTime  = 60 * time.Millisecond
	usualPTime    = 20 * time.Millisecond // RFC 3551 §4.2
	longestSent   = 60 * samplesPerMs
	eventInterval = 20 * samplesPerMs // packets of an event, if those of the voice are rarer
	rtpHeader     = 12
)

// sender makes packets of what the telephone says. It belongs to the audio
// goroutine of the Voice the session is connected to. The timestamp follows the
// line's clock, whether or not something is sent.
type sender struct {
	header  rtp.Header
	ts      uint32 // of the first pending sample
	pending [longestSent]int16
	n       int
	event   eventSender
	fresh   bool // the next voice packet begins a talkspurt
	paused  time.Duration
	level   meter
	spoken  quality.Levels
	blocks  int // that spoken has taken
	quiet   silencer
	buf     [rtpHeader + longestSent]byte
	secret  *outbound // that protected the last packet
	sealed  [rtpHeader + longestSent + srtpOverhead]byte
}

// reset gives the sender an unpredictable start (RFC 3550 §5.1).
func (s *sender) reset() {
	s.header = rtp.Header{Version: 2, SequenceNumber: firstSequence()}
	s.ts = randomWord()
	s.fresh = true
}

// resume goes on after nobody spoke since the pause: the timestamp counts that
// time too.
func (s *sender) resume(now time.Duration) {
	if s.paused != 0 {
		s.ts += uint32((now - s.paused) / smallestClock)
	}
	s.n, s.fresh = 0, true
}

// pause remembers when the voice left.
func (s *sender) pause(now time.Duration) {
	s.paused = now
	s.event = eventSender{}
}

// send takes a block of 80 samples from the telephone.
func (s *Session) send(block []int16, now time.Duration) {
	stream := s.stream.Load()
	out := &s.sender
	s.measure(out.level.add(block))
	if stream.Noise {
		out.quiet.listen(block)
	}
	out.n += copy(out.pending[out.n:], block)
	if out.n >= out.interval(stream) {
		s.emit(stream, now)
	}
}

// farSilent is the mean square of the far end's voice below which what the telephone
// says is no echo of it, -40 dBm0.
var farSilent = square(dsp.DBm0(-40))

// knownAfter is how many blocks of 10 ms tell the levels of what is said: less may be
// the echo before the canceller knows it.
const knownAfter = 200

func square(level dsp.DBm0) float64 {
	rms := level.RMS()
	return rms * rms
}

// measure takes the mean square of a block that the telephone says. Levels of speech
// and noise are those of the time in which the far end is silent.
func (s *Session) measure(said float64) {
	out := &s.sender
	s.levelSent.Store(out.level.bits())
	if math.Float64frombits(s.levelReceived.Load()) > farSilent {
		return
	}
	out.spoken.Add(said)
	if out.blocks++; out.blocks < knownAfter {
		return
	}
	speech, _ := out.spoken.Speech()
	noise, _ := out.spoken.Noise()
	s.speechSent.Store(math.Float64bits(speech))
	s.noiseSent.Store(math.Float64bits(noise))
}

// interval is the number of samples in the next packet.
func (s *sender) interval(stream *Stream) int {
	ptime := max(shortestPTime, min(stream.PTime, longestPTime))
	if stream.PTime == 0 {
		ptime = usualPTime
	}
	n := int(ptime/smallestClock) / dsp.Frame * dsp.Frame
	if s.event.busy() {
		n = min(n, eventInterval)
	}
	return n
}

// emit sends what is pending, as an event if there is one.
func (s *Session) emit(stream *Stream, now time.Duration) {
	out := &s.sender
	begin := out.ts
	out.ts += uint32(out.n)
	voice := out.pending[:out.n]
	out.n = 0
	to, ok := s.destination(stream)
	if out.event.busy() {
		p, _ := out.event.packet(out.ts)
		if ok && stream.Send && stream.EventSend != 0 {
			s.transmit(stream, to, stream.EventSend, p.Marker, p.Timestamp, p.Payload[:], now)
		}
		out.fresh = true
		return
	}
	if !ok || !stream.Send {
		out.fresh = true
		return
	}
	if stream.Noise && !s.data.Load() {
		if pause, noise := out.quiet.next(); pause {
			if len(noise) > 0 {
				s.transmit(stream, to, noisePayload, false, begin, noise, now)
			}
			out.fresh = true
			return
		}
	}
	payload := out.buf[rtpHeader : rtpHeader+len(voice)]
	g711.Encode(stream.Codec.law(), payload, voice)
	s.transmit(stream, to, uint8(stream.Codec), out.fresh, begin, payload, now)
	out.fresh = false
}

// destination is where voice goes: where it comes from if we follow that, else
// where the far end said.
func (s *Session) destination(stream *Stream) (to netip.AddrPort, ok bool) {
	if h := s.source.Load(); h != nil && h.signalled == stream.Remote {
		return h.from, true
	}
	return stream.Remote, stream.Remote.IsValid() && !stream.Remote.Addr().IsUnspecified()
}

func (s *Session) transmit(stream *Stream, to netip.AddrPort, pt uint8, marker bool, ts uint32, payload []byte, now time.Duration) {
	out := &s.sender
	s.begin(stream.out)
	h := &out.header
	h.SSRC, h.PayloadType, h.Marker, h.Timestamp = s.ssrc.Load(), pt, marker, ts
	n, err := h.MarshalTo(out.buf[:rtpHeader])
	h.SequenceNumber++
	if err == nil {
		n += copy(out.buf[n:], payload)
		err = s.write(stream, out.buf[:n], to)
	}
	if err != nil {
		s.sendErrors.Add(1)
		return
	}
	s.sentPackets.Add(1)
	s.sentOctets.Add(uint64(len(payload)))
	s.sentAt.Store(uint64(now/time.Millisecond)<<32 | uint64(out.ts))
}

// write sends a packet, protected if the stream has keys.
func (s *Session) write(stream *Stream, packet []byte, to netip.AddrPort) (err error) {
	if stream.out != nil {
		if packet, err = stream.out.seal(s.sender.sealed[:0], packet); err != nil {
			return err
		}
	}
	_, err = s.rtp.WriteToUDPAddrPort(packet, to)
	return err
}

// begin goes over to other keys, with the SSRC that is theirs.
func (s *Session) begin(keys *outbound) {
	out := &s.sender
	if keys == out.secret {
		return
	}
	out.secret = keys
	if keys != nil {
		out.header.SequenceNumber = keys.seq
		s.ssrc.Store(keys.ssrc)
	}
}

// startEvent begins an event, ago samples before the end of what is pending;
// less than zero is within the block to come. Nothing is said about time that
// was sent as voice.
func (s *Session) startEvent(code uint8, ago int64) {
	out := &s.sender
	s.finishEvent()
	out.event.start(code, out.ts+uint32(int64(out.n)-min(ago, int64(out.n))))
	s.sentEvents.Add(1)
}

// stopEvent ends the event, which lasted samples in all.
func (s *Session) stopEvent(samples int64) { s.sender.event.stop(uint32(max(samples, 1))) }

// finishEvent says what is left to say about an event before the next begins.
func (s *Session) finishEvent() {
	out := &s.sender
	stream := s.stream.Load()
	to, ok := s.destination(stream)
	if e := &out.event; e.active {
		e.stop(out.ts + uint32(out.n) - e.begin + e.segments)
	}
	for out.event.busy() {
		p, _ := out.event.packet(out.ts)
		if ok && stream.Send && stream.EventSend != 0 {
			s.transmit(stream, to, stream.EventSend, p.Marker, p.Timestamp, p.Payload[:], s.now())
		}
	}
}
