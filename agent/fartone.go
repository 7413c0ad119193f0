package agent

import (
	"github.com/ata-agent/ata-agent/dsp/progress"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/media"
)

// farTone is a tone of the network in the far end's voice.
type farTone struct {
	session *media.Session
	kind    progress.Kind
}

// farToneHeard is called by the audio goroutine.
func (p *port) farToneHeard(s *media.Session, k progress.Kind) {
	p.post(message{far: farTone{s, k}})
}

// farTone ends an answered call whose far end plays busy or congestion tone, as
// if it had hung up. Before the answer the tone is for the caller to hear, and an
// emergency call is never ended from here (RFC 6443 §13).
func (p *port) farTone(f farTone) {
	for _, c := range p.calls {
		if c.session != f.session {
			continue
		}
		p.log.Info("tone of the network", "call", c.id, "tone", f.kind.String())
		if c.answered.IsZero() || c.emergency || f.kind != progress.Busy && f.kind != progress.Congestion {
			return
		}
		c.agent.Hangup(c.sip)
		p.drop(c)
		p.tell(p.at, line.Released{Call: c.id})
		return
	}
}

// networkTones are the tones of the country's network.
func (n *nation) networkTones() *progress.Plan {
	t := &n.country.Tones
	return progress.NewPlan(map[progress.Kind]*tone.Spec{
		progress.Busy: &t.Busy, progress.Congestion: &t.Reorder, progress.Ringback: &t.Ringback, progress.Dial: &t.Dial,
	})
}
