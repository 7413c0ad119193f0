package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/state"
)

// member is one agent. What it remembers is in memory and survives power cuts, as
// the disk of a real one does. What is not said to be for others belongs to the
// goroutine of its present life.
type member struct {
	fleet *Fleet
	id    provision.Identity
	from  netip.Addr // zero: any

	manager  atomic.Pointer[provision.Manager] // for all goroutines, nil before the first life
	accounts atomic.Pointer[[]*account]        // for all goroutines: those that register
	// confirmed is when a document came into force for good, for all goroutines.
	confirmed atomic.Pointer[time.Time]

	end   context.CancelFunc // of the fleet's goroutine: ends the present life
	ended chan struct{}      // of the fleet's goroutine
	dark  *atomic.Bool       // the present life has lost its power

	layers    []config.Layer
	effective *config.Effective
	lines     []*account     // of each line, nil: it registers nowhere
	old       sync.WaitGroup // accounts that run, and those that take their registration back
	good      []config.Layer // during a trial: what was in force before
	failed    map[[sha256.Size]byte]state.Version
}

func newMember(f *Fleet, mac string, from netip.Addr) (*member, error) {
	m := &member{fleet: f, id: provision.Identity{MAC: mac}, from: from}
	data := bytes.ReplaceAll(f.opts.Config, []byte("{mac}"), []byte(mac))
	return m, m.use([]config.Layer{{Name: config.Factory, Source: f.opts.Source, Data: data}})
}

// use makes layers what is in force, for accounts that begin after it.
func (m *member) use(layers []config.Layer) error {
	e, err := config.Merge(m.fleet.opts.Region, layers...)
	if err == nil {
		m.layers, m.effective = layers, e
	}
	return err
}

// powerOn begins a life.
func (m *member) powerOn(ctx context.Context) {
	ctx, m.end = context.WithCancel(ctx)
	m.ended, m.dark = make(chan struct{}), new(atomic.Bool)
	ended := m.ended
	m.fleet.running.Go(func() {
		defer close(ended)
		m.live(ctx)
	})
}

// powerOff ends the life; wait waits for the end.
func (m *member) powerOff() {
	m.dark.Store(true)
	m.end()
}

func (m *member) wait() { <-m.ended }

// live is from the power coming to its going.
func (m *member) live(ctx context.Context) {
	if m.good != nil { // a trial ends with the power
		m.restore()
	}
	o := &m.fleet.opts
	manager := provision.New(m, provision.Opts{
		Logger: o.Logger.With("mac", m.id.MAC), Identity: m.id, Region: o.Region,
		Dial:   m.dial,
		Expand: func(p *config.Provision, url string) string { return o.Expand(m.id, p, url) },
	})
	m.manager.Store(manager)
	m.renew(nil, true)
	if err := manager.Run(ctx); err != nil {
		o.Logger.Error("manager ended", "mac", m.id.MAC, "err", err)
	}
	for _, a := range m.lines {
		a.stop()
	}
	m.lines = nil
	m.old.Wait()
}

// counted counts what the server has to work on.
type counted struct {
	provision.Client
	requests *meter
}

func (c counted) Get(ctx context.Context, url string, have fetch.Validator) (*fetch.Document, error) {
	c.requests.mark(time.Now())
	return c.Client.Get(ctx, url, have)
}

func (c counted) Report(ctx context.Context, url string, body []byte) error {
	c.requests.mark(time.Now())
	return c.Client.Report(ctx, url, body)
}

func (m *member) dial(p *config.Provision) (provision.Client, error) {
	c, err := m.fleet.opts.Dial(m.id, m.from, p)
	if err != nil {
		return nil, err
	}
	return counted{c, &m.fleet.looks}, nil
}

// renew begins the accounts anew that a change concerns; without a before all of
// them.
func (m *member) renew(before *config.Config, powerUp bool) {
	next := m.effective.Config
	for i := range next.Lines {
		switch {
		case before != nil && i < len(before.Lines) && config.DiffLine(&before.Lines[i], &next.Lines[i]).Class() < config.OfLine:
			continue
		case i < len(m.lines):
			m.lines[i].stop()
		default:
			m.lines = append(m.lines, nil)
		}
		m.lines[i] = m.start(i, &next.Lines[i], powerUp)
	}
	for len(m.lines) > len(next.Lines) {
		m.lines[len(m.lines)-1].stop()
		m.lines = m.lines[:len(m.lines)-1]
	}
	m.show()
}

// start begins the account of a line, at power-up or later; nil if it has none to
// register.
func (m *member) start(n int, l *config.Line, powerUp bool) *account {
	a, err := m.newAccount(n, l, powerUp)
	if err != nil {
		m.fleet.opts.Logger.Error("account out of service", "mac", m.id.MAC, "line", n+1, "err", err)
	}
	if a == nil {
		return nil
	}
	ctx, end := context.WithCancel(context.Background())
	a.end = end
	m.old.Go(func() { _ = a.ua.Run(ctx) }) // its error is nil
	return a
}

// stop has the account take its registration back and end.
func (a *account) stop() {
	if a != nil {
		a.end()
	}
}

// show lets other goroutines see the accounts.
func (m *member) show() {
	var list []*account
	for _, a := range m.lines {
		if a != nil {
			list = append(list, a)
		}
	}
	m.accounts.Store(&list)
}
