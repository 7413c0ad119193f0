package agent

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/sip"
)

// agentsFor are the user agents a call may use, in the order to try them. An
// emergency call may use the account of every line, those in service first,
// for any way out is better than none.
func (p *port) agentsFor(emergency bool) (list []*userAgent) {
	if own := p.agents.current; own != nil {
		list = append(list, own)
	}
	if !emergency {
		return list
	}
	for _, other := range p.agent.ports {
		if ua := other.agents.served.Load(); other != p && ua != nil {
			list = append(list, ua)
		}
	}
	slices.SortStableFunc(list, func(a, b *userAgent) int { return a.rank() - b.rank() })
	return list
}

// rank is 0 for an account in service.
func (u *userAgent) rank() int {
	if !u.registers || u.Status().Registration.State == sip.Registered {
		return 0
	}
	return 1
}

// place starts a call by the first of some user agents that can.
func (p *port) place(id line.CallID, number string, emergency bool, agents []*userAgent) error {
	err := errors.New("no account")
	for i, ua := range agents {
		c, failed := p.newCall(id, ua)
		if failed != nil {
			err = failed
			continue
		}
		c.number, c.emergency, c.others = number, emergency, agents[i+1:]
		if c.sip, err = ua.invite(p, number, c.rtp(), emergency); err == nil {
			p.meter(c)
			return nil
		}
		p.drop(c)
	}
	return err
}

// elsewhere tries the next account for an emergency call that failed, under the
// same name. A busy or a refusal is the word of the emergency service itself.
func (p *port) elsewhere(c *call, wasConnected bool, e sip.Ended) bool {
	if !c.emergency || !c.answered.IsZero() || e.Code == 486 || e.Code == 600 || e.Code == 603 {
		return false
	}
	if err := p.place(c.id, c.number, true, c.others); err != nil {
		return false
	}
	p.log.Warn("emergency call tried by another account", "call", c.id, "code", e.Code)
	if wasConnected { // to early media; the machine takes the call for connected
		p.Connect(c.id)
	}
	return true
}

// errEnded: the user agent of another line was taken away meanwhile.
var errEnded = errors.New("account is out of service")

// invite starts a call for a line, which may be another than the account's own.
func (u *userAgent) invite(p *port, number string, rtp netip.AddrPort, emergency bool) (sip.CallID, error) {
	u.mu.Lock() // an event of the call waits until it is known whose it is
	defer u.mu.Unlock()
	if u.ended {
		return 0, errEnded
	}
	start := u.Invite
	if emergency {
		start = u.InviteUrgently
	}
	id := start(number, rtp)
	if p != u.port {
		u.guests[id] = p
	}
	return id, nil
}

// report brings an event to the line it concerns.
func (u *userAgent) report(e sip.Event) {
	u.mu.Lock()
	to := u.port
	id, over := callOf(e)
	if guest := u.guests[id]; guest != nil {
		to = guest
		if over {
			delete(u.guests, id)
			defer u.port.post(message{}) // it may have waited with a new configuration
		}
	}
	u.mu.Unlock()
	to.post(message{sip: e, agent: u})
}

// callOf is the outgoing call that an event is about, 0 if none, and whether it
// is the last one.
func callOf(e sip.Event) (id sip.CallID, over bool) {
	switch e := e.(type) {
	case sip.Progress:
		return e.Call, false
	case sip.Answered:
		return e.Call, false
	case sip.Changed:
		return e.Call, false
	case sip.Digit:
		return e.Call, false
	case sip.Ended:
		return e.Call, true
	}
	return 0, false
}

// lent says whether calls of other lines use this account.
func (u *userAgent) lent() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.guests) > 0
}

// close keeps other lines from starting calls and ends the user agent.
func (u *userAgent) close() {
	u.mu.Lock()
	u.ended = true
	u.mu.Unlock()
	u.end()
}
