package agent

import (
	"time"

	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/quality/cause"
)

// lookPeriod is how often a call is looked at to know why it was bad.
const lookPeriod = time.Second

// nextLook is when the next call is due to be looked at.
func (p *port) nextLook() (next time.Time, ok bool) {
	for _, c := range p.calls {
		if due := c.observed.Add(lookPeriod); !ok || due.Before(next) {
			next, ok = due, true
		}
	}
	return next, ok
}

func (p *port) observeDue(now time.Time) {
	for _, c := range p.calls {
		if !c.observed.Add(lookPeriod).After(now) {
			p.observe(c)
		}
	}
}

// observe adds how a call fares to its record.
func (p *port) observe(c *call) {
	c.observed = time.Now()
	s := p.snapshot(c, c.session.Stats())
	p.addDevice(&s)
	c.record.Add(s)
	p.flight.figures(c.id, &s)
}

// snapshot is what the record of a call wants to know of it.
func (p *port) snapshot(c *call, st media.Stats) cause.Snapshot {
	m := &c.media
	s := cause.Snapshot{
		At:      c.observed,
		Talking: c.id == p.connected && !c.answered.IsZero() && m.Send && m.Receive && !st.Data,
		Pauses:  m.Noise,
		Heard:   st.Quality, Far: st.RemoteQuality,
		Received: st.Received, Reordered: st.Reordered, Garbage: st.Garbage,
		Concealed: st.Concealed, SSRC: st.RemoteSSRC, Transit: st.Transit,
		Sent: st.Sent, SendErrors: st.SendErrors,
		FarReports: st.RemoteReports, FarReportsOfUs: st.RemoteReportsUs,
		FarLost: st.RemoteLost, FarJitter: st.RemoteJitter,
		SpeechDBm0: st.SpeechSent, NoiseDBm0: st.NoiseSent,
		SentLevel: max(cause.Silence, float64(st.LevelSent)),
	}
	if d := fixedDelay(&p.config.RTP); d > 0 {
		s.Heard.BufferMost = d
	}
	return s
}

// addDevice adds what is known of the port and of the device.
func (p *port) addDevice(s *cause.Snapshot) {
	levels := p.voice.Levels()
	s.ToPhone = max(cause.Silence, float64(levels.ToPhone.Level))
	s.Clipped, s.FarClipped = levels.FromPhone.Clipped, levels.ToPhone.Clipped
	s.EchoCancelled = p.config.DSP.EchoCanceller
	s.RadioDBm = p.agent.opts.Radio()
	clock := &p.agent.clock
	s.Stalls, s.Stalled = clock.stalls.Load(), time.Duration(clock.stalled.Load())
	s.HighwayLost, s.PortAlarms = clock.errors.Load(), p.alarms
}

// noteAnswer notes how long the first answer to an INVITE took.
func (c *call) noteAnswer(at time.Time) {
	if s := &c.record.Signalling; !c.incoming && s.Setup == 0 {
		s.Setup = at.Sub(c.began)
	}
}

// noteEnd notes that the far end or the network ended a call.
func (c *call) noteEnd(at time.Time, code int) {
	if c.incoming || !c.answered.IsZero() {
		return
	}
	c.noteAnswer(at)
	c.record.Signalling.Code = code
}
