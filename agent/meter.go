package agent

import (
	"time"

	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/sip"
)

// FarStatus is how the voice of a call fared at the far end, as it told by SIP when
// the call ended. Times are in seconds.
type FarStatus struct {
	Sent     uint64  `json:"sent_packets"`
	Received uint64  `json:"received_packets"`
	Lost     uint64  `json:"lost_packets"`
	Jitter   float64 `json:"jitter_seconds"`
	Latency  float64 `json:"latency_seconds"`
}

// meter has the end of a call tell the far end how its voice fared here, if the
// configuration wants that.
func (p *port) meter(c *call) {
	if !p.config.SIP.StatsInBye {
		return
	}
	c.agent.Meter(c.sip, func() sip.RTPStat { return rtpStat(c.session.Stats(), c.talk.Load()) })
}

// talk is what a call that was answered is.
type talk struct {
	since time.Time
	codec string
}

// rtpStat is what SIP tells of a session; nobody talked yet if t is nil.
func rtpStat(s media.Stats, t *talk) sip.RTPStat {
	stat := sip.RTPStat{
		Sent: s.Sent, SentOctets: s.SentOctets, Received: s.Received, ReceivedOctets: s.ReceivedOctets,
		Lost: uint64(max(0, s.Lost)), Jitter: s.Jitter, Latency: s.BufferDelay,
	}
	if t != nil {
		name := map[string]string{"PCMU": "G711u", "PCMA": "G711a"}[t.codec]
		stat.Duration, stat.Encoder, stat.Decoder = time.Since(t.since), name, name
	}
	return stat
}

// fared takes what the far end says of a call that ends, or ended a moment ago.
func (p *port) fared(ua *userAgent, e sip.Fared) {
	if c := p.bySIP(ua, e.Call); c != nil {
		c.far = &e.Voice
		return
	}
	p.agent.past.fared(e.Dialog, &e.Voice)
}

// fared adds what the far end said to a call that is over.
func (p *pastCalls) fared(d sip.Dialog, far *sip.RTPStat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.calls {
		if c := &p.calls[i]; c.Detail.Dialog == d {
			c.tellFar(far)
		}
	}
}

// tellFar adds what the far end said. Where it sent no reports by RTCP, it is all
// that is known of our voice there.
func (s *CallStatus) tellFar(far *sip.RTPStat) {
	if far == nil {
		return
	}
	s.FarEnd = &FarStatus{far.Sent, far.Received, far.Lost, far.Jitter.Seconds(), far.Latency.Seconds()}
	if s.Detail.Stats.RemoteReportsUs == 0 {
		s.Voice.RemoteLost, s.Voice.RemoteJitter = int64(far.Lost), far.Jitter.Seconds()
	}
}
