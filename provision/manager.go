package provision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/state"
)

// Device is what configurations are for, and remembers them. Its methods are
// called from one goroutine.
type Device interface {
	// Current is the configuration in force and the layers it was made of.
	Current() ([]config.Layer, *config.Effective)
	// Try takes a layer over, on trial: what is live at once, what belongs to a
	// line when that is idle, the rest when all are. An error leaves what was in
	// force.
	Try(state.Meta, config.Layer) error
	// Confirm ends the trial well.
	Confirm() error
	// RollBack ends the trial: what was good last is in force again.
	RollBack(reason string) error
	// Known finds a layer among those that the device remembers.
	Known(config.Layer) (state.Version, bool)
	Health() Health
	// Restart has the agent begin anew when all lines are idle.
	Restart() error
	// Wipe ends the device's life with this provider. It may not return.
	Wipe(reason string) error
}

// Client talks to the server; *fetch.Client is one.
type Client interface {
	Get(ctx context.Context, url string, have fetch.Validator) (*fetch.Document, error)
	// Fetch gets a file that another one names.
	Fetch(ctx context.Context, r fetch.Request) (*fetch.Document, error)
	Report(ctx context.Context, url string, body []byte) error
	Close()
}

// Opts are the settings of a Manager that no document holds.
type Opts struct {
	Logger   *slog.Logger
	Identity Identity
	Region   string // of lines that name no country

	// Dial makes a client for the server that a configuration names.
	Dial func(*config.Provision) (Client, error)
	// Expand fills in the macros of a URL.
	Expand func(p *config.Provision, url string) string
	// Read makes a document of ours of another maker's; nil: nothing but ours is
	// taken.
	Read func(context.Context, Foreign) (*Profile, error)
	// Discover looks for the URL of a server when no configuration names one;
	// nil: it is not looked for.
	Discover func(context.Context, *config.Provision) ([]string, error)
	// Listen calls nudge when the server of a push connection says that there is
	// something new, until ctx ends; nil: nobody is listened to.
	Listen func(ctx context.Context, p *config.Provision, nudge func()) error
	// Audit is told of what is done to the device.
	Audit func(state.Entry)
}

// Manager pulls the device's configuration from a server and brings it into
// force. One goroutine owns it:
//
//	            due, or asked                changes, idle
//	waiting ───────────────────▶ fetching ─────────────────▶ trial ──▶ confirmed
//	   ▲                            │ 304, same, refused       │
//	   │                            ▼                          ▼
//	   └─────────────────────────────────────────────────── rolled back
//
// A document comes into force on trial: it stays if the lines register and the
// server answers within provision.confirm_s, else the last good one returns.
type Manager struct {
	opts   Opts
	log    *slog.Logger
	device Device

	schedule schedule
	known    fetch.Validator // of the document in force
	from     string          // where it came from
	cause    Cause           // of the present look
	excused  string          // mark of a document that failed through no fault of its own
	asked    chan Cause
	restart  atomic.Bool // after the next look
	wiped    atomic.Bool // before the next look

	mu     sync.Mutex
	status Status
}

// New makes a manager; nothing runs before Run.
func New(device Device, opts Opts) *Manager {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Expand == nil {
		opts.Expand = func(_ *config.Provision, url string) string { return url }
	}
	if opts.Audit == nil {
		opts.Audit = func(state.Entry) {}
	}
	m := &Manager{opts: opts, log: opts.Logger, device: device, asked: make(chan Cause, 1)}
	m.schedule = schedule{spread: spreadOf(opts.Identity.MAC + opts.Identity.Serial), random: rand.Float64}
	m.status.State = Waiting
	return m
}

// Resync asks for a look at the server. Several that come while one is waited
// for are one. It never blocks and any goroutine may call it.
func (m *Manager) Resync(why Cause) {
	select {
	case m.asked <- why:
	default:
	}
}

// Restart asks for a look and, whatever comes of it, a restart once all lines are
// idle.
func (m *Manager) Restart(why Cause) {
	m.restart.Store(true)
	m.Resync(why)
}

// Wiped says that the device has forgotten everything, its documents too. It looks
// for new ones at once: somebody waits beside it.
func (m *Manager) Wiped() {
	m.wiped.Store(true)
	m.Resync(AtBoot)
}

// forget has no document be known.
func (m *Manager) forget() {
	m.known, m.from, m.excused = fetch.Validator{}, "", ""
	m.note(func(s *Status) { *s = Status{State: s.State} })
}

// askedApart is the least time between two looks that the network asked for.
const askedApart = time.Minute

// Run looks when it is time, until ctx ends.
func (m *Manager) Run(ctx context.Context) error {
	push := &follower{
		listen: m.opts.Listen, nudge: func() { m.Resync(Pushed) },
		failed: func(err error) { m.log.Error("push connection", "err", err) },
	}
	defer push.end()
	layers, _ := m.device.Current()
	m.schedule.resync = m.settings().Resync
	m.schedule.boot(time.Now(), slices.ContainsFunc(layers, ofServer))
	var last time.Time
	for {
		push.follow(ctx, m.settings())
		cause, ok := m.wait(ctx, last)
		if !ok {
			return nil
		}
		last = time.Now()
		m.look(ctx, cause)
		if m.restart.Swap(false) {
			m.begin()
		}
	}
}

// ofServer reports whether a layer is the server's own document.
func ofServer(l config.Layer) bool { return l.Name == config.Device }

// begin has the agent begin anew.
func (m *Manager) begin() {
	m.audit("restart asked for", "", "")
	if err := m.device.Restart(); err != nil {
		m.log.Error("restart", "err", err)
	}
}

func (m *Manager) settings() *config.Provision { return &m.inForce().Provision }

func (m *Manager) inForce() *config.Config {
	_, e := m.device.Current()
	return e.Config
}

// wait returns why to look now; false when ctx has ended. What the network asks
// for comes a minute after the last look at the earliest; a person's wish at
// once.
func (m *Manager) wait(ctx context.Context, last time.Time) (Cause, bool) {
	m.note(func(s *Status) { s.State, s.Next = Waiting, m.schedule.due })
	due := time.NewTimer(time.Until(m.schedule.due))
	defer due.Stop()
	cause := m.schedule.cause
	for {
		select {
		case <-ctx.Done():
			return "", false
		case <-due.C:
			return cause, true
		case why := <-m.asked:
			earliest := last.Add(askedApart)
			if why == Asked || m.wiped.Load() || !time.Now().Before(earliest) {
				return why, true
			}
			if cause = why; earliest.Before(m.schedule.due) {
				due.Reset(time.Until(earliest))
			}
		}
	}
}

// look fetches, and brings what is new into force.
func (m *Manager) look(ctx context.Context, cause Cause) {
	if m.wiped.Swap(false) {
		m.forget()
	}
	m.cause = cause
	m.note(func(s *Status) { s.State, s.Cause, s.Looked = Fetching, cause, time.Now() })
	c, err := m.fetch(ctx)
	if err == nil && c != nil {
		err = m.obey(ctx, c)
	}
	m.schedule.resync = m.settings().Resync
	if ctx.Err() != nil || errors.Is(err, errOvertaken) || errors.Is(err, errEnded) {
		return // nothing is known yet, or any more
	}
	r, failed := errors.AsType[*fetch.Refusal](err)
	switch {
	case err == nil:
		m.schedule.succeeded(time.Now())
		m.note(func(s *Status) { s.Reason, s.Detail = "", "" })
	case failed && r.Reason == fetch.Gone && r.Mutual:
		m.deprovision(ctx, "the server says that the account has ended")
	default:
		m.failed(ctx, cause, err)
	}
}

// failed takes note of a look that changed nothing, and why.
func (m *Manager) failed(ctx context.Context, cause Cause, err error) {
	r, ok := errors.AsType[*fetch.Refusal](err)
	if !ok {
		r = &fetch.Refusal{Reason: NotApplied, Err: err}
	}
	m.log.Warn("configuration not taken", "cause", cause, "reason", r.Reason, "err", r)
	m.note(func(s *Status) { s.Reason, s.Detail = r.Reason, r.Error() })
	hopeless := r.Reason == fetch.Unauthorized || r.Reason == fetch.Forbidden || r.Reason == fetch.Untrusted || r.Reason == fetch.Gone
	if aboutDocument[r.Reason] {
		m.audit("configuration refused", string(r.Reason), r.Error())
		m.report(ctx, Report{Result: "refused", Reason: r.Reason, Detail: r.Error()})
		m.schedule.succeeded(time.Now()) // the server is well; the next document may be
		return
	}
	m.schedule.failed(time.Now(), r.RetryAfter, hopeless)
}

// aboutDocument are the reasons that the server should hear of: its document is
// at fault.
var aboutDocument = map[fetch.Reason]bool{
	NotSigned: true, Unreadable: true, NotValid: true, OtherDevice: true, Older: true, PlainSecrets: true,
	FailedBefore: true, NotApplied: true, NotProven: true, WrongKey: true, BadRule: true, fetch.TooLarge: true, fetch.Bomb: true, fetch.Truncated: true,
}

// fetch asks the servers in their order. nil without an error: nothing is new.
func (m *Manager) fetch(ctx context.Context) (*candidate, error) {
	client, err := m.opts.Dial(m.settings())
	if err != nil {
		return nil, reject(fetch.Unreachable, err)
	}
	defer client.Close()
	urls, err := m.urls(ctx)
	if err != nil {
		return nil, err
	}
	err = reject(NoServer, errors.New("no server is named"))
	for _, url := range urls {
		var d *fetch.Document
		if d, err = client.Get(ctx, url, m.validator(url)); err == nil {
			return m.news(ctx, client, url, d)
		}
		if r, ok := errors.AsType[*fetch.Refusal](err); !ok || r.Reason == fetch.Gone {
			break
		}
	}
	return nil, err
}

// urls are the places to ask.
func (m *Manager) urls(ctx context.Context) ([]string, error) {
	p := m.settings()
	var urls []string
	if p.URL != "" {
		urls = append(urls, p.URL)
	}
	urls = append(urls, p.Fallback...)
	if m.mayDiscover(p, len(urls) > 0) {
		found, err := m.opts.Discover(ctx, p)
		if err != nil && len(urls) == 0 {
			return nil, reject(NoServer, err)
		}
		urls = append(found, urls...)
	}
	for i := range urls {
		urls[i] = m.opts.Expand(p, urls[i])
	}
	return urls, nil
}

// mayDiscover reports whether the local network may name a server: where nobody
// else did, and unless it was told to override never to a device that works by
// what stands beside it. Whoever is in the network could take its account away.
func (m *Manager) mayDiscover(p *config.Provision, named bool) bool {
	if m.opts.Discover == nil || !p.DHCP.Enabled && !p.PnP {
		return false
	}
	return p.DHCP.Override || !named && !m.hasOwnAccount()
}

// hasOwnAccount reports whether the layers other than the server's have an
// account.
func (m *Manager) hasOwnAccount() bool {
	layers, _ := m.device.Current()
	e, err := config.Merge(m.opts.Region, slices.DeleteFunc(slices.Clone(layers), ofServer)...)
	return err == nil && slices.ContainsFunc(e.Config.Lines, func(l config.Line) bool { return l.SIP.Registrar != "" })
}

func (m *Manager) validator(url string) fetch.Validator {
	if url == m.from {
		return m.known
	}
	return fetch.Validator{}
}

// news makes a candidate of an answer, nil if it is what is in force.
func (m *Manager) news(ctx context.Context, client Client, url string, d *fetch.Document) (*candidate, error) {
	if d.Unchanged {
		return nil, nil
	}
	if err := m.checkSignature(d); err != nil {
		return nil, err
	}
	p, err := m.read(ctx, client, url, d)
	if err != nil {
		return nil, err
	}
	known := p.validator(d)
	if len(p.More) > 0 && known == m.validator(url) {
		return nil, nil
	}
	c, err := m.examine(d, p)
	if err != nil {
		return nil, err
	}
	c.url, c.known = url, known
	return c, nil
}

// obey brings a document into force, or ends what there is if it says so.
func (m *Manager) obey(ctx context.Context, c *candidate) error {
	if !c.ends {
		return m.bring(ctx, c)
	}
	if err := m.waitForIdle(ctx, config.OfBoot); err != nil {
		return err
	}
	m.deprovision(ctx, fmt.Sprintf("generation %d, signed, says that the account has ended", c.meta.Generation))
	return errEnded
}

// errEnded says that the device was wiped.
var errEnded = errors.New("provision: the account has ended")

// deprovision wipes the device: the account is closed, says a server that has
// shown who it is and that knows who we are, or a document that is signed.
func (m *Manager) deprovision(ctx context.Context, why string) {
	m.audit("deprovisioned", "", why)
	m.report(ctx, Report{Result: "wiped"})
	if err := m.device.Wipe("deprovisioned by the server"); err != nil {
		m.log.Error("wipe", "err", err)
	}
	m.forget()
	m.schedule.failed(time.Now(), 0, true)
}

func (m *Manager) audit(action, result, detail string) {
	m.opts.Audit(state.Entry{Actor: "provisioning server", Action: action, Object: fetch.Shown(m.from), Result: result, Detail: detail})
}
