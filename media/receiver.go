package media

import (
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/quality"
)

const (
	ringPackets   = 64                     // packets that may wait for the line: more than one second
	longestVoice  = 200 * samplesPerMs     // samples in a packet (RFC 3551 §4.2)
	voiceWindow   = 100 * time.Millisecond // three packets within this are voice
	voiceStop     = 300 * time.Millisecond // none within this is none
	codecOverlap  = 3 * time.Second        // packets of the codec before a change are good for so long
	controlFirst  = 192                    // payload types 64..95 with the marker are RTCP (RFC 5761 §4)
	controlLast   = 223
	probationRun  = 2 // packets in a row of a new SSRC that make it the source (RFC 3550 A.1)
	smallestClock = time.Second / 8000
)

// packet is what the receiver hands to the line.
type packet struct {
	at      time.Duration // when it came
	ssrc    uint32
	ts      uint32
	seq     uint16
	refused uint16 // packets just before it that found no room
	anew    bool   // nobody took those before
	event   bool
	noise   bool
	law     g711.Law
	n       int
	payload [longestVoice]byte
}

// receiver belongs to the goroutine that reads RTP, but for its accounts.
type receiver struct {
	lock      sourceLock
	header    rtp.Header
	plain     [largestPacket]byte
	stream    *Stream // the one in force
	codec     Codec
	previous  Codec         // the codec before
	overlap   time.Duration // until then
	newSSRC   uint32        // of a source on probation
	newSeq    uint16
	spareSSRC uint32 // ours after a collision; 0 = used
	recent    [2]time.Duration
	refused   uint16 // packets for which there was no room since the last one
	untaken   bool   // the last packet was taken by nobody

	mu       sync.Mutex // held for a few assignments; never by the audio goroutine
	accounts accounts
}

// accounts are the figures of RFC 3550 about what was received.
type accounts struct {
	ssrc   uint32
	known  bool
	seq    sequence
	jitter quality.Jitter

	current, copies                         uint64 // packets of this SSRC; copies are among them
	packets, octets                         uint64
	lost                                    int64 // of SSRCs before
	duplicates, reordered, foreign, garbage uint64
	unheard                                 uint64 // dropped because nobody took them
	unauthentic                             uint64 // dropped because they do not prove whose they are
}

// heard is the address voice comes from, and the one that was signalled when
// that was found out.
type heard struct{ from, signalled netip.AddrPort }

// missing is how many packets of this SSRC never came by the count of reports:
// copies count as received (RFC 3550 §6.4.1), so it may be negative.
func (a *accounts) missing() int64 { return int64(a.seq.expected()) - int64(a.current) }

// gone is how many really never came.
func (a *accounts) gone() int64 { return max(a.missing()+int64(a.copies), 0) }

// receivePacket takes a datagram from the RTP socket.
func (s *Session) receivePacket(b []byte, from netip.AddrPort, at time.Duration) {
	r := &s.receiver
	r.follow(s.stream.Load(), at)
	if len(b) >= 2 && b[1] >= controlFirst && b[1] <= controlLast {
		s.receiveControl(b, from, at)
		return
	}
	if !r.candidate(b) {
		r.count(&r.accounts.garbage)
		return
	}
	if b = r.authentic(b); b == nil {
		r.count(&r.accounts.unauthentic)
		return
	}
	h := &r.header
	if !r.lock.accept(from, h.SSRC, h.SequenceNumber, at) {
		r.count(&r.accounts.foreign)
		return
	}
	s.noteSource()
	if payload, ok := r.payload(b); !ok || len(payload) == 0 {
		r.count(&r.accounts.garbage)
	} else if s.avoidCollision(h.SSRC); r.enter(len(payload), at) {
		s.deliver(payload, at)
	}
}

// authentic is the plain packet: what came, or with keys what it protects. nil: it
// does not prove whose it is.
func (r *receiver) authentic(b []byte) []byte {
	in := r.stream.in
	if in == nil {
		return b
	}
	plain, ok := in.open(r.plain[:0], b, &r.header)
	if !ok || !r.candidate(plain) { // the header was authentic too
		return nil
	}
	return plain
}

// noteSource tells the others whom we hear once that is settled.
func (s *Session) noteSource() {
	lock := &s.receiver.lock
	known := s.source.Load()
	if lock.contest || known != nil && known.from == lock.locked && known.signalled == lock.signalled {
		return
	}
	s.source.Store(&heard{from: lock.locked, signalled: lock.signalled})
}

// follow takes over a new Stream.
func (r *receiver) follow(stream *Stream, at time.Duration) {
	if stream == r.stream {
		return
	}
	if r.stream != nil && r.stream.Remote.IsValid() && r.codec != stream.Codec {
		r.previous, r.overlap = r.codec, at+codecOverlap
	}
	r.stream, r.codec = stream, stream.Codec
	r.lock.retarget(stream.Remote)
}

// candidate reads the header and says whether this is RTP we agreed on.
func (r *receiver) candidate(b []byte) bool {
	if len(b) < 12 || b[0]>>6 != 2 {
		return false
	}
	h := &r.header
	h.PayloadType = b[1] & 0x7F
	h.SequenceNumber = uint16(b[2])<<8 | uint16(b[3])
	h.SSRC = uint32(b[8])<<24 | uint32(b[9])<<16 | uint32(b[10])<<8 | uint32(b[11])
	return r.isEvent() || r.isNoise() || Codec(h.PayloadType) == r.codec || r.overlap > 0 && Codec(h.PayloadType) == r.previous
}

func (r *receiver) isEvent() bool {
	return r.stream.EventReceive != 0 && r.header.PayloadType == r.stream.EventReceive
}

// isNoise: comfort noise is understood also where nobody agreed on it.
func (r *receiver) isNoise() bool { return r.header.PayloadType == noisePayload }

// payload parses the whole packet and returns what it carries.
func (r *receiver) payload(b []byte) ([]byte, bool) {
	n, err := r.header.Unmarshal(b)
	if err != nil || n > len(b) {
		return nil, false
	}
	end := len(b)
	if r.header.Padding {
		pad := int(b[end-1])
		if pad == 0 || end-pad < n {
			return nil, false
		}
		end -= pad
	}
	return b[n:end], end-n <= longestVoice
}

// enter puts a packet into the accounts and says whether it is to be played.
func (r *receiver) enter(octets int, at time.Duration) bool {
	if r.overlap > 0 && at > r.overlap {
		r.overlap = 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a := &r.accounts
	if !r.sameSource(a) {
		return false
	}
	a.packets++
	a.current++
	a.octets += uint64(octets)
	switch a.seq.add(r.header.SequenceNumber) {
	case duplicate:
		a.duplicates++
		a.copies++
		return false
	case stray:
		a.current--
		a.garbage++
		return false
	case outOfOrder:
		a.reordered++
	}
	if !r.isEvent() && !r.isNoise() {
		a.jitter.Add(uint32(at/smallestClock) - r.header.Timestamp)
	}
	return true
}

// sameSource follows the far end's SSRC; a new one has to come twice in a row.
func (r *receiver) sameSource(a *accounts) bool {
	h := &r.header
	switch {
	case a.known && h.SSRC == a.ssrc:
		r.newSSRC = 0
		return true
	case a.known && (h.SSRC != r.newSSRC || h.SequenceNumber != r.newSeq):
		r.newSSRC, r.newSeq = h.SSRC, h.SequenceNumber+1
		a.unheard++
		return false
	}
	a.lost += a.gone()
	a.current, a.copies = 0, 0
	a.known, a.ssrc = true, h.SSRC
	a.jitter, a.seq = quality.Jitter{}, sequence{}
	return true
}

func (r *receiver) count(n *uint64) {
	r.mu.Lock()
	*n++
	r.mu.Unlock()
}

// deliver hands a packet to the line.
func (s *Session) deliver(payload []byte, at time.Duration) {
	r := &s.receiver
	s.noteVoice(len(payload), at)
	if !r.stream.Receive || s.owner.Load() == nil {
		r.untaken = true
		return
	}
	p := s.packets.free()
	if p == nil {
		r.count(&r.accounts.unheard)
		r.refused = min(r.refused+1, ringPackets)
		return
	}
	p.at, p.ssrc, p.ts, p.event = at, r.header.SSRC, r.header.Timestamp, r.isEvent()
	p.noise = r.isNoise()
	p.seq, p.refused, p.anew = r.header.SequenceNumber, r.refused, r.untaken
	r.refused, r.untaken = 0, false
	p.law = Codec(r.header.PayloadType).law()
	p.n = copy(p.payload[:], payload)
	s.packets.filled()
}

func (c Codec) law() g711.Law {
	if c == PCMA {
		return g711.ALaw
	}
	return g711.MuLaw
}

// noteVoice keeps what Voice tells.
func (s *Session) noteVoice(octets int, at time.Duration) {
	r := &s.receiver
	window := voiceWindow
	if !r.isEvent() { // three long packets do not fit into 100 ms
		window = max(window, time.Duration(octets)*smallestClock*5/2)
	}
	if at-r.recent[0] <= window && r.recent[0] > 0 || int64(at) < s.voiceUntil.Load() {
		s.voiceUntil.Store(int64(at + voiceStop))
	}
	r.recent[0], r.recent[1] = r.recent[1], at
	s.lastPacket.Store(max(int64(at), 1))
}

// avoidCollision changes our SSRC when the far end uses the same (RFC 3550
// §8.2): once, for a far end that mirrors what we send would follow us for
// ever.
func (s *Session) avoidCollision(theirs uint32) {
	r := &s.receiver
	if theirs != s.ssrc.Load() || r.spareSSRC == 0 || r.stream.out != nil { // other keys tell them apart
		return
	}
	s.ssrc.Store(r.spareSSRC)
	r.spareSSRC = 0
}
