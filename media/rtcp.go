package media

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtcp"

	"github.com/ata-agent/ata-agent/quality"
)

const (
	// reportInterval is the least deterministic interval of RFC 3550 §6.2; with
	// two members it is also the interval. The first one is half as long.
	reportInterval = 5 * time.Second
	// reportCompensation makes up for the timer reconsideration (§6.3.1).
	reportCompensation = 1.21828
	ntpEpoch           = 2208988800 // seconds from 1900 to 1970
	fractionFull       = 256        // fraction lost is in 1/256
)

// control is the state of RTCP. Two goroutines use it, neither of them the
// audio goroutine.
type control struct {
	mu           sync.Mutex
	source       netip.AddrPort // where reports come from
	lastSR       uint32         // middle bits of the NTP time in the latest SR
	lastSRAt     time.Duration
	saidHello    bool   // something was reported
	sentBefore   uint64 // packets at the report before
	expectBefore uint64
	countBefore  uint64
	rtt          time.Duration
	remoteLost   int64
	remoteJitter time.Duration
	reports      uint64         // SR and RR of the far end ...
	reportsUs    uint64         // ... and blocks in them about our voice
	bye          bool           // the far end left
	heard        quality.Report // how our voice is heard, by the far end's XR
	hasHeard     bool
	garbage      uint64
	foreign      uint64
	unauthentic  uint64
}

// report sends a report each interval until ctx ends.
func (s *Session) report(ctx context.Context) {
	for interval := reportInterval / 2; ; interval = reportInterval {
		// A random share, so that the reports of many calls spread out (§6.3.1).
		d := time.Duration((0.5 + rand.Float64()) / reportCompensation * float64(interval))
		timer := time.NewTimer(d)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		s.sendReport(false)
	}
}

// bye reports a last time and says that we leave (§6.3.7). Who never reported
// leaves in silence.
func (s *Session) bye() {
	s.control.mu.Lock()
	said := s.control.saidHello
	s.control.mu.Unlock()
	if said || s.sentPackets.Load() > 0 {
		s.sendReport(true)
	}
}

func (s *Session) sendReport(leave bool) {
	stream := s.stream.Load()
	to, ok := s.controlDestination(stream)
	if !ok {
		return
	}
	ssrc := s.ssrc.Load()
	if stream.out != nil {
		ssrc = stream.out.ssrc // never another one's under these keys: its packets are counted anew
	}
	packets := rtcp.CompoundPacket{s.ownReport(ssrc), rtcp.NewCNAMESourceDescription(ssrc, s.cname)}
	if xr := s.extendedReport(ssrc); xr != nil {
		packets = append(packets, xr)
	}
	if leave {
		packets = append(packets, &rtcp.Goodbye{Sources: []uint32{ssrc}})
	}
	b, err := packets.Marshal()
	if err == nil {
		b, err = s.sealControl(stream, b)
	}
	if err == nil {
		_, err = s.rtcp.WriteToUDPAddrPort(b, to)
	}
	if err != nil {
		s.log.Debug("rtcp not sent", "to", to, "err", err)
		return
	}
	s.control.mu.Lock()
	s.control.saidHello = true
	s.control.mu.Unlock()
}

// sealControl protects a compound packet if the stream has keys.
func (s *Session) sealControl(stream *Stream, b []byte) ([]byte, error) {
	if stream.out == nil {
		return b, nil
	}
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	return stream.out.sealControl(b)
}

// openControl is the plain compound packet, nil if it does not prove whose it is.
func (s *Session) openControl(b []byte) []byte {
	in := s.stream.Load().in
	if in == nil {
		return b
	}
	c := &s.control
	c.mu.Lock()
	defer c.mu.Unlock()
	plain, ok := in.openControl(b)
	if !ok {
		c.unauthentic++
		return nil
	}
	return plain
}

// controlDestination is where reports go: where theirs come from if voice comes
// from elsewhere than signalled, else where the far end said.
func (s *Session) controlDestination(stream *Stream) (to netip.AddrPort, ok bool) {
	h := s.source.Load()
	if h == nil || h.signalled != stream.Remote || h.from == h.signalled {
		return stream.RemoteRTCP, stream.RemoteRTCP.IsValid() && !stream.RemoteRTCP.Addr().IsUnspecified()
	}
	s.control.mu.Lock()
	defer s.control.mu.Unlock()
	if s.control.source.Addr() == h.from.Addr() {
		return s.control.source, true
	}
	return netip.AddrPortFrom(h.from.Addr(), h.from.Port()+1), true
}

// ownReport is an SR if voice was sent since the last report, else an RR
// (§6.4).
func (s *Session) ownReport(ssrc uint32) rtcp.Packet {
	now := s.now()
	reports := s.receptionReports(now)
	sent := s.sentPackets.Load()
	s.control.mu.Lock()
	speaking := sent != s.control.sentBefore
	s.control.sentBefore = sent
	s.control.mu.Unlock()
	if !speaking {
		return &rtcp.ReceiverReport{SSRC: ssrc, Reports: reports}
	}
	return &rtcp.SenderReport{
		SSRC:        ssrc,
		NTPTime:     ntpTime(time.Now()),
		RTPTime:     s.timestampAt(now),
		PacketCount: uint32(sent),
		OctetCount:  uint32(s.sentOctets.Load()),
		Reports:     reports,
	}
}

// timestampAt is the RTP timestamp of the present instant.
func (s *Session) timestampAt(now time.Duration) uint32 {
	mark := s.sentAt.Load()
	since := uint32(now/time.Millisecond) - uint32(mark>>32)
	return uint32(mark) + since*samplesPerMs
}

func (s *Session) receptionReports(now time.Duration) []rtcp.ReceptionReport {
	r, c := &s.receiver, &s.control
	r.mu.Lock()
	a := r.accounts
	r.mu.Unlock()
	if !a.known {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	report := rtcp.ReceptionReport{
		SSRC:               a.ssrc,
		FractionLost:       c.fractionLost(a.seq.expected(), a.current),
		TotalLost:          uint32(max(min(a.missing(), 0x7FFFFF), 0)),
		LastSequenceNumber: a.seq.extended(),
		Jitter:             a.jitter.Value(),
	}
	if c.lastSR != 0 {
		report.LastSenderReport = c.lastSR
		report.Delay = uint32((now - c.lastSRAt) * 65536 / time.Second)
	}
	return []rtcp.ReceptionReport{report}
}

// fractionLost is the share lost since the report before (RFC 3550 A.3).
func (c *control) fractionLost(expected, received uint64) uint8 {
	dExpected := int64(expected - c.expectBefore)
	dLost := dExpected - int64(received-c.countBefore)
	c.expectBefore, c.countBefore = expected, received
	if dExpected <= 0 || dLost <= 0 {
		return 0
	}
	return uint8(min(dLost*fractionFull/dExpected, fractionFull-1))
}

// receiveControl takes a datagram of RTCP.
func (s *Session) receiveControl(b []byte, from netip.AddrPort, at time.Duration) {
	c := &s.control
	if !s.mayControl(from) {
		c.mu.Lock()
		c.foreign++
		c.mu.Unlock()
		return
	}
	if b = s.openControl(b); b == nil {
		return
	}
	packets, garbage := parseCompound(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.garbage += garbage
	if len(packets) == 0 {
		return
	}
	c.source = from
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			c.lastSR, c.lastSRAt = uint32(p.NTPTime>>16), at
			s.readReports(p.Reports)
			c.reports++
		case *rtcp.ReceiverReport:
			s.readReports(p.Reports)
			c.reports++
		case *rtcp.ExtendedReport:
			s.readExtended(p)
		case *rtcp.Goodbye:
			c.bye = true
		}
	}
}

// mayControl says whether a report may come from there: the host of the voice,
// or the address that was signalled.
func (s *Session) mayControl(from netip.AddrPort) bool {
	stream := s.stream.Load()
	if from == stream.RemoteRTCP || from == stream.Remote {
		return true
	}
	h := s.source.Load()
	return h != nil && h.signalled == stream.Remote && h.from.Addr() == from.Addr()
}

// readReports takes what the far end says about our voice. The caller holds
// the lock.
func (s *Session) readReports(reports []rtcp.ReceptionReport) {
	c := &s.control
	for _, r := range reports {
		if r.SSRC != s.ssrc.Load() {
			continue
		}
		c.reportsUs++
		c.remoteLost = int64(int32(r.TotalLost<<8) >> 8)
		c.remoteJitter = time.Duration(r.Jitter) * smallestClock
		if r.LastSenderReport == 0 {
			continue
		}
		rtt := int32(uint32(ntpTime(time.Now())>>16) - r.LastSenderReport - r.Delay)
		if rtt >= 0 {
			c.rtt = time.Duration(rtt) * time.Second / 65536
		}
	}
}

// ntpTime is the 64-bit time of RFC 3550 §4.
func ntpTime(t time.Time) uint64 {
	fraction := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return uint64(t.Unix()+ntpEpoch)<<32 | fraction
}
