package fleet

import (
	"runtime"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/sip"
)

// Phase is what came of one thing that was done to the fleet. An agent counts
// under each heading that fits.
type Phase struct {
	Name   string    `json:"phase"`
	Began  time.Time `json:"began"`
	Took   float64   `json:"seconds"` // until all agents had settled
	Agents int       `json:"agents"`

	Settled    int `json:"settled"`     // has looked at the server and heard of its registrar
	Registered int `json:"registered"`  // with all its lines
	Applied    int `json:"applied"`     // took a document over
	Refused    int `json:"refused"`     // did not take what it got, or got nothing
	RolledBack int `json:"rolled_back"` // tried a document and returned to the one before
	Alarmed    int `json:"alarmed"`     // keeps a document that somebody must look at
	// Unserved agents are not registered, and none of the above says why: the
	// fault to look for.
	Unserved int `json:"unserved"`

	Reasons map[fetch.Reason]int `json:"reasons,omitempty"` // of Refused and RolledBack

	Provisioning Rate  `json:"provisioning"` // requests, reports among them
	Registration Rate  `json:"registration"` // REGISTER requests
	Memory       int64 `json:"memory_bytes"` // of the whole process in Go's hands, at the end
}

// Onboard reports whether every agent has settled and none is without service for
// no reason.
func (p *Phase) Onboard() bool { return p.Settled == p.Agents && p.Unserved == 0 }

// standing is how an agent fares since a moment.
type standing struct {
	settled, registered, applied, refused, rolledBack, alarmed bool
	reason                                                     fetch.Reason
}

// standing looks at the agent. Any goroutine may ask.
func (m *member) standing(since time.Time) (s standing) {
	manager, accounts := m.manager.Load(), m.accounts.Load()
	if manager == nil || accounts == nil {
		return s
	}
	p := manager.Status()
	looked := p.State == provision.Waiting && !p.Looked.Before(since)
	s.registered, s.settled = true, looked
	for _, a := range *accounts {
		switch a.ua.Status().Registration.State {
		case sip.Registered:
		case sip.Refused:
			s.registered = false
		default:
			s.registered = false
			s.settled = false
		}
	}
	if looked {
		s.reason = p.Reason
		s.rolledBack = p.Reason == provision.NotProven
		s.refused = p.Reason != "" && !s.rolledBack
		confirmed := m.confirmed.Load()
		s.applied = confirmed != nil && !confirmed.Before(since)
		s.alarmed = p.Alarm != ""
	}
	return s
}

// sum counts how the agents fare.
func (f *Fleet) sum(name string, start time.Time) *Phase {
	p := &Phase{
		Name: name, Began: start, Took: time.Since(start).Seconds(), Agents: len(f.members),
		Reasons: map[fetch.Reason]int{}, Provisioning: f.looks.rate(), Registration: f.registers.rate(),
	}
	for _, m := range f.members {
		p.add(m.standing(start))
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	p.Memory = int64(memory.HeapInuse + memory.StackInuse)
	return p
}

func (p *Phase) add(s standing) {
	for _, c := range []struct {
		n  *int
		is bool
	}{
		{&p.Settled, s.settled},
		{&p.Registered, s.registered},
		{&p.Applied, s.applied},
		{&p.Refused, s.refused},
		{&p.RolledBack, s.rolledBack},
		{&p.Alarmed, s.alarmed},
		{&p.Unserved, !s.registered && !s.alarmed && !s.refused && !s.rolledBack},
	} {
		if c.is {
			*c.n++
		}
	}
	if s.reason != "" {
		p.Reasons[s.reason]++
	}
}
