package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	boardfile "github.com/ata-agent/ata-agent/board"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/profile"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/state"
	"github.com/ata-agent/ata-agent/telemetry"
)

// provisioned is the service as what a provisioning server works on. Everything
// goes through the leading goroutine, so it waits between two lives.
type provisioned struct {
	service *service
	ctx     context.Context // of the service
}

// newManager makes the manager of a service that remembers.
func newManager(ctx context.Context, s *service, id boardfile.Identity) *provision.Manager {
	d := &dialer{identity: id, earliest: s.memory.newest(), log: s.log, counter: &s.operations}
	opts := provision.Opts{
		Logger:   s.log,
		Identity: provision.Identity{MAC: hex.EncodeToString(id.MAC), Serial: id.Serial},
		Region:   s.memory.region,
		Dial:     d.dial,
		Expand:   d.expand,
		Read:     (&profile.Reader{Device: d.device(), Logger: s.log}).Read,
		Discover: d.discover,
		Listen:   d.listen,
		Audit:    s.memory.audit,
	}
	return provision.New(&provisioned{s, ctx}, opts)
}

// do has the leading goroutine do something with the present life.
func (p *provisioned) do(f func(*life) error) error {
	return p.service.order(p.ctx, func(l *life) (func() error, error) { return nil, f(l) })
}

// Current is what is in force.
func (p *provisioned) Current() (layers []config.Layer, e *config.Effective) {
	_ = p.do(func(*life) error { // fails at the end of the service alone
		layers, e = slices.Clone(p.service.memory.layers), p.service.memory.effective
		return nil
	})
	if e == nil {
		e = &config.Effective{Config: &config.Config{}}
	}
	return layers, e
}

// Try takes a layer over on trial.
func (p *provisioned) Try(m state.Meta, l config.Layer) error {
	return p.do(func(now *life) error {
		s := p.service
		s.memory.beginTrial()
		err := s.change(now, l)
		if err != nil {
			s.memory.endTrial()
		}
		return err
	})
}

// Confirm makes what is on trial the last good.
func (p *provisioned) Confirm() error {
	return p.do(func(*life) error { return p.service.memory.confirm() })
}

// RollBack returns to what was good last.
func (p *provisioned) RollBack(reason string) error {
	return p.do(func(now *life) error {
		layers := p.service.memory.rollBack(reason, p.service.layers())
		p.service.waiting = nil
		p.service.operations.Applied(telemetry.RolledBack)
		return p.service.changeTo(now, layers, "last good")
	})
}

// Known finds a layer among what is remembered.
func (p *provisioned) Known(l config.Layer) (v state.Version, ok bool) {
	_ = p.do(func(*life) error {
		v, ok = p.service.memory.known(l)
		return nil
	})
	return v, ok
}

// Health is how the lines are. Between two lives nothing is well.
func (p *provisioned) Health() provision.Health {
	l := p.service.now.Load()
	if l == nil {
		return provision.Health{}
	}
	v := l.view.Load()
	return healthOf(l.agent.Status(), v.config, v.waiting != "", time.Now())
}

func healthOf(s agent.Status, cfg *config.Config, waiting bool, now time.Time) provision.Health {
	h := provision.Health{Sound: s.Clock.Running}
	for i, l := range s.Lines {
		h.Lines = append(h.Lines, provision.LineHealth{
			Enabled: l.Enabled, Up: l.PortUp, Pending: l.Pending || waiting,
			Registers:  i < len(cfg.Lines) && cfg.Lines[i].SIP.Register,
			Registered: l.Registration == sip.Registered.String(), Since: l.RegisteredAt, Code: l.Code,
		})
		h.Calls += len(l.Calls)
		if l.EmergencyAt.After(h.Emergency) {
			h.Emergency = l.EmergencyAt
		}
		if slices.ContainsFunc(l.Calls, func(c agent.CallStatus) bool { return c.Emergency }) {
			h.Emergency = now
		}
	}
	return h
}

// Wipe ends the life with this provider.
func (p *provisioned) Wipe(string) error {
	_, err := p.service.wipe(p.ctx, resetOrder{Actor: "provisioning server", Force: true})
	return err
}

// beginTrial has what is taken over from now on count as tried only.
func (m *memory) beginTrial() { m.good, m.trial = m.layers, true }

func (m *memory) endTrial() { m.good, m.trial = nil, false }

// confirm makes what is on trial the last good.
func (m *memory) confirm() error {
	m.endTrial()
	if m.document == nil {
		return nil
	}
	err := m.document.Confirm()
	if errors.Is(err, state.ErrNoVersion) {
		return nil // it was good before
	}
	return err
}

// rollBack gives up what is on trial and returns the layers that were good
// before, with what others than the server have changed since: now are all that
// are in force or wait to be.
func (m *memory) rollBack(reason string, now []config.Layer) []config.Layer {
	layers := slices.DeleteFunc(slices.Clone(now), isServers)
	if i := slices.IndexFunc(m.good, isServers); i >= 0 {
		layers = append(layers, m.good[i])
	}
	m.endTrial()
	if m.document != nil {
		if err := m.document.RollBack(reason); err != nil && !errors.Is(err, state.ErrNoVersion) {
			m.log.Error("the roll-back is not remembered", "err", err)
		}
	}
	return layers
}

func isServers(l config.Layer) bool { return l.Name == config.Device }

// known finds the configuration that a layer would make among the remembered.
func (m *memory) known(l config.Layer) (state.Version, bool) {
	if m.document == nil {
		return state.Version{}, false
	}
	data, err := json.Marshal(config.WithLayer(m.layers, l))
	if err != nil {
		return state.Version{}, false
	}
	return m.document.Same(data)
}

// serveResync asks for a look at the server.
func (s *service) serveResync(w http.ResponseWriter, _ *http.Request) {
	if s.manager == nil {
		http.Error(w, "resync: this agent is not provisioned", http.StatusNotFound)
		return
	}
	s.manager.Resync(provision.Asked)
}

// runResync has the running agent look for a new configuration.
func runResync(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "resync", "look for a new configuration at the provisioning server now")
	dir := f.stateFlag()
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return &usageError{fmt.Sprintf("unexpected %q", f.Arg(0))}
	}
	answer, err := newControlClient(*dir).do(ctx, http.MethodPost, "/v1/resync", nil)
	if err != nil {
		return err
	}
	return answer.Close()
}

// Restart has the agent begin a new life when all lines are idle.
func (p *provisioned) Restart() error {
	return p.do(func(*life) error {
		if s := p.service; s.waiting == nil {
			s.waiting = &waiting{s.memory.layers, s.memory.effective, "restart", time.Now()}
		}
		return nil
	})
}

// checkSync follows the wish of a SIP server. It is called by a line, which must
// not wait.
func (s *service) checkSync(c sip.CheckSync) {
	s.log.Info("the server wants the configuration looked at", "restart", c.Restart)
	switch {
	case c.Report: // what a server may know of the device is telemetry's to tell
	case c.Restart:
		s.manager.Restart(provision.Notified)
	default:
		s.manager.Resync(provision.Notified)
	}
}

// sipOpts are the options of user agents that come from the configuration of the
// whole device. Any goroutine may call it.
func (s *service) sipOpts(_ int, o *sip.Opts) {
	if s.warm.Load() { // sip.start_spread_s is for power-up, when a town comes back
		o.StartJitter = 0
	}
	if l := s.now.Load(); l != nil && s.manager != nil {
		n := l.view.Load().config.Provision.Notify
		o.CheckSync, o.SyncAuth = n.Enabled, sip.SyncAuth(n.Auth)
	}
}
