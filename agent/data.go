package agent

import (
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/dsp/faxtone"
	"github.com/ata-agent/ata-agent/media"
)

// longestDataPacket is what a fax bears. A longer packet that is lost costs it a
// line of the page or, among its commands, a second try.
const longestDataPacket = 30 * time.Millisecond

// dataChange says that a call begins or ends to carry data of a fax, modem or text
// telephone.
type dataChange struct {
	session *media.Session
	on      bool
	tone    faxtone.Kind
}

// dataChanged is called by the audio goroutine.
func (p *port) dataChanged(s *media.Session, on bool, tone faxtone.Kind) {
	p.post(message{data: dataChange{s, on, tone}})
}

// carryData has the far end asked for what data need, if that was not agreed on
// already, and told when they are over.
func (p *port) carryData(d dataChange) {
	for _, c := range p.calls {
		if c.session != d.session {
			continue
		}
		p.log.Info("data on the line", "call", c.id, "on", d.on, "tone", d.tone.String())
		unfit := c.media.PTime > longestDataPacket || c.media.Noise
		if d.on && unfit && !c.reoffered || !d.on && c.reoffered {
			c.reoffered = d.on
			c.agent.CarryData(c.sip, d.on)
		}
	}
}

// dataMode is when the voice path carries data.
func dataMode(cfg *config.Fax) media.DataMode {
	switch cfg.Mode {
	case "off":
		return media.DataNever
	case "always":
		return media.DataAlways
	}
	return media.DataOnTone
}

// fixedDelay is the delay of a jitter buffer that does not adapt, 0 if it does.
func fixedDelay(cfg *config.RTP) time.Duration {
	if cfg.JitterMode == "fixed" {
		return cfg.JitterFixed.Duration()
	}
	return 0
}
