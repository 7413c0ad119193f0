package fleet

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/sip"
)

// account is the user agent of one line.
type account struct {
	ua    *sip.UA
	end   context.CancelFunc
	since atomic.Pointer[time.Time] // the registrar's last consent
}

// small are limits of a user agent that nobody calls.
var small = sip.Limits{HeaderBytes: 4 << 10, BodyBytes: 2 << 10}

// newAccount makes the user agent of line n, counted from 0; nil if the line
// registers nowhere. At power-up it waits as the configuration has it.
func (m *member) newAccount(n int, l *config.Line, powerUp bool) (*account, error) {
	if !l.Enabled || !l.SIP.Register {
		return nil, nil
	}
	a := &account{}
	opts := sip.Opts{
		// one warning for each of ten thousand agents tells nothing that the sum does not
		Logger:    slog.New(slog.DiscardHandler),
		LocalAddr: m.from, UserAgent: "ata-agent-fleet", Limits: small,
		InstanceID: fmt.Sprintf("urn:uuid:%08x-0000-4000-8000-%s", n, m.id.MAC),
		CheckSync:  true, Notify: a.note(m), Listen: m.listen(), Trace: m.count,
	}
	if powerUp {
		opts.StartJitter = l.SIP.StartSpread.Duration()
	}
	var err error
	if a.ua, err = sip.New(agent.Account(&l.SIP), sip.Voice{Codecs: []string{"PCMA"}}, opts); err != nil {
		return nil, err
	}
	return a, nil
}

// note follows the registration, and has the server's wish for a look carried out.
func (a *account) note(m *member) func(sip.Event) {
	return func(e sip.Event) {
		switch e := e.(type) {
		case sip.Registration:
			if e.State == sip.Registered {
				a.since.Store(new(time.Now()))
			}
		case sip.CheckSync:
			if !e.Report {
				m.manager.Load().Resync(provision.Notified)
			}
		case sip.Incoming:
			a.ua.Reject(e.Call, 486, "")
		}
	}
}

// count counts what the registrar has to work on.
func (m *member) count(dir, _, _, _ string, msg []byte) {
	if dir == "sent" && bytes.HasPrefix(msg, []byte("REGISTER ")) {
		m.fleet.registers.mark(time.Now())
	}
}

// health is how the account is, for a trial.
func (a *account) health() provision.LineHealth {
	h := provision.LineHealth{Enabled: true, Up: true}
	if a == nil {
		return h
	}
	r := a.ua.Status().Registration
	h.Registers, h.Registered, h.Code = true, r.State == sip.Registered, r.Code
	if since := a.since.Load(); since != nil {
		h.Since = *since
	}
	return h
}

// socket is a UDP socket of an agent: what is sent without power goes nowhere.
type socket struct {
	net.PacketConn
	dark *atomic.Bool
}

// WriteTo sends a datagram.
func (s socket) WriteTo(b []byte, to net.Addr) (int, error) {
	if s.dark.Load() {
		return len(b), nil
	}
	return s.PacketConn.WriteTo(b, to)
}

func (m *member) listen() func(network, address string) (net.PacketConn, error) {
	dark := m.dark
	return func(network, address string) (net.PacketConn, error) {
		pc, err := m.fleet.opts.Listen(network, address)
		if err != nil {
			return nil, err
		}
		return socket{pc, dark}, nil
	}
}
