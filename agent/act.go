package agent

import (
	"time"

	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/slic"
)

// SetFeed implements line.Port.
func (p *port) SetFeed(f slic.Feed) {
	p.feed = f
	p.chip.SetFeed(f)
}

// Play implements line.Port. Call waiting is heard over the call, every other
// tone in place of it.
func (p *port) Play(t line.Tone) {
	p.tone = t
	if t == line.CallWaiting {
		p.voice.PlayOver(p.nation.tone(t))
		return
	}
	p.voice.PlayOver(nil)
	p.voice.Play(p.nation.tone(t))
}

// Dial implements line.Port. A call that cannot even start ends like any other:
// Released follows.
func (p *port) Dial(number string, emergency bool) line.CallID {
	p.lastID++
	id := p.lastID
	p.keys.placed(emergency)
	if err := p.place(id, number, emergency, p.agentsFor(emergency)); err != nil {
		p.log.Warn("call not started", "call", id, "err", err)
		p.post(message{event: line.Released{Call: id, Tone: line.Reorder}})
	}
	return id
}

// Alert implements line.Port.
func (p *port) Alert(id line.CallID) {
	if c := p.calls[id]; c != nil {
		c.agent.Ring(c.sip)
	}
}

// Answer implements line.Port.
func (p *port) Answer(id line.CallID) {
	if c := p.calls[id]; c != nil {
		c.answered = p.at
		c.agent.Answer(c.sip, c.rtp())
	}
}

// Reject implements line.Port.
func (p *port) Reject(id line.CallID, why line.Refusal) {
	if c := p.calls[id]; c != nil {
		code := 480
		switch why {
		case line.RefuseBusy:
			code = 486
		case line.RefuseDeclined:
			code = 603
		}
		c.agent.Reject(c.sip, code, "")
		p.drop(c)
	}
}

// Hangup implements line.Port.
func (p *port) Hangup(id line.CallID) {
	if c := p.calls[id]; c != nil {
		c.agent.Hangup(c.sip)
		p.drop(c)
	}
}

// Hold implements line.Port.
func (p *port) Hold(id line.CallID, on bool) {
	if c := p.calls[id]; c != nil {
		c.agent.Hold(c.sip, on)
	}
}

// Connect implements line.Port.
func (p *port) Connect(id line.CallID) {
	p.connected = id
	if c := p.calls[id]; c != nil {
		p.voice.Connect(c.session)
		return
	}
	p.voice.Connect(nil)
}

// SendFlash implements line.Port.
func (p *port) SendFlash(id line.CallID) {
	if p.calls[id] != nil {
		p.voice.SendFlash()
	}
}

// SendCallerID implements line.Port.
func (p *port) SendCallerID(id line.CallID, s line.Signal) time.Duration {
	var caller callerid.Call
	if c := p.calls[id]; c != nil {
		caller = c.caller
	}
	plan := p.nation.signal(s, caller)
	p.voice.Tell(plan)
	if plan == nil {
		return 0
	}
	return plan.Duration()
}

// distinctiveRing reads the ring wanted by an Alert-Info header: Bellcore-drN
// or -rN, N from 1 to 8; 0 is the country's own.
func distinctiveRing(alert string) int {
	for i := 0; i+2 < len(alert); i++ {
		if alert[i] != '-' {
			continue
		}
		rest := alert[i+1:]
		if rest[0] == 'd' && len(rest) > 2 {
			rest = rest[1:]
		}
		if rest[0] == 'r' && rest[1] >= '1' && rest[1] <= '8' {
			return int(rest[1] - '0')
		}
	}
	return 0
}
