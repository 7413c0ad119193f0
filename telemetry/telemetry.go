package telemetry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/state"
	"github.com/ata-agent/ata-agent/telemetry/modem"
	"github.com/ata-agent/ata-agent/telemetry/queue"
)

// Opts are what telemetry needs of the rest of the program.
type Opts struct {
	Home    state.Dir // the state folder
	Root    fs.FS     // of the file system
	Version string
	Board   string
	Logger  *slog.Logger // [discards]

	Status func() agent.Status
	Calls  func() []agent.PastCall
	Forget func() // what the agent remembers of calls
	// Publish tells a collector something by the account of a line, counted from 1
	// [nobody is told].
	Publish func(ctx context.Context, line int, p sip.Publication) (sip.Published, error)
	Lines   []slic.Line // to be measured

	Operations *Operations // on the device [nobody counts them]

	ClockSet  func() bool               // [the kernel's word]
	Addresses func() ([]Address, error) // [the kernel's]
	Stations  func() ([]Station, error) // of radio links [the kernel's]

	Modem func(context.Context) (modem.Modem, bool, error) // that mobile calls go by [ModemManager's]
}

// Telemetry collects, keeps and sends. Its methods may be called from any
// goroutine, none waits for a receiver.
type Telemetry struct {
	opts     Opts
	log      *slog.Logger
	keeper   *privacy.Keeper
	identity *privacy.Identity
	scrubber *privacy.Scrubber
	filter   *privacy.Filter
	ledger   *privacy.Ledger
	registry *Registry
	calls    *Calls
	mobile   *mobile
	boots    *boots
	queue    *queue.Queue
	time     *timeline
	tap      *Tap
	publish  *publisher

	receivers func(*config.Telemetry, string) ([]target, error)

	run     string // tells this run of the program from others in batch numbers
	started time.Time
	inbox   chan privacy.Batch // reports and log records
	changed chan struct{}      // a new configuration is there
	missed  atomic.Uint64      // found the inbox full

	mu       sync.Mutex // over what follows, and over putting into the queue
	config   config.Telemetry
	accounts []string         // files of the certificates that lines show to their servers
	trust    config.Provision // whom it names, and as whom it goes there
	wanted   privacy.Set      // by all receivers
	serial   uint64
	cancels  map[string]context.CancelFunc // of what is being sent
	drops    map[string]float64
}

// inboxSize is how many reports and log records may wait to be put in the queue.
const inboxSize = 128

// New reads what earlier runs left; nothing runs before Run.
func New(cfg *config.Config, o Opts) (*Telemetry, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ClockSet == nil {
		o.ClockSet = ClockSet
	}
	if o.Addresses == nil {
		o.Addresses = KernelAddresses
	}
	if o.Stations == nil {
		o.Stations = KernelStations
	}
	if o.Operations == nil {
		o.Operations = &Operations{}
	}
	if o.Modem == nil {
		o.Modem = Modem
	}
	t := &Telemetry{
		opts: o, log: o.Logger, receivers: receivers, run: newRun(), started: time.Now(), inbox: make(chan privacy.Batch, inboxSize),
		changed: make(chan struct{}, 1), cancels: map[string]context.CancelFunc{}, drops: map[string]float64{},
	}
	if err := t.open(); err != nil {
		return nil, err
	}
	t.filter = privacy.NewFilter(catalogue, t.keeper, t.scrubber)
	t.tap = newTap(t.filter, t.ledger)
	t.publish = newPublisher(t)
	t.calls = NewCalls(o.Status, o.Calls)
	t.registry = NewRegistry(o.Logger, NewCollector("telemetry", t.collect))
	t.registry.Add(Device(o.Root, o.Version, o.Board)...)
	t.registry.Add(FreeSpace(string(o.Home)), Clock())
	t.registry.Add(Network(o.Root, o.Addresses)...)
	t.mobile = &mobile{read: o.Modem, wanted: func() bool {
		return t.filter.Allows(modemSignal, privacy.Everything) || t.filter.Allows(modemState, privacy.Everything)
	}}
	t.registry.Add(Wireless(o.Stations), t.mobile)
	t.registry.Add(o.Operations, t.boots, NewCollector("certificates", t.certificates), Lines(o.Status), t.calls)
	t.registry.Add(NewCollector("strangers", func(s *Samples) error { strangers(s, o.Status()); return nil }))
	// Last: the first to be left out when there are too many lines.
	t.registry.Add(Figures(o.Status), Loops(o.Status, o.Lines), t.calls.Setups(), Registrations(o.Status))
	t.take(cfg)
	t.keeper.OnNarrow(t.narrow)
	return t, nil
}

// open opens what is kept in the state folder.
func (t *Telemetry) open() error {
	dir, err := state.Open(t.opts.Home.Path("telemetry"))
	if err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	t.keeper, err = privacy.Open(t.opts.Home)
	if t.keeper == nil {
		return err
	}
	if err != nil {
		t.log.Error("the record of consent is damaged: nothing leaves until the owner decides again", "err", err)
	}
	var errs [5]error
	t.identity, errs[1] = privacy.OpenIdentity(t.opts.Home)
	t.ledger, errs[2] = privacy.OpenLedger(t.opts.Home)
	t.time, errs[3] = newTimeline(dir, t.opts.Root, t.opts.ClockSet)
	t.boots, errs[4] = openBoots(dir)
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	t.scrubber = privacy.NewScrubber(t.identity)
	t.queue, err = queue.Open(dir, queue.Opts{}, receiverNames...)
	return err
}

// newRun is eight random hexadecimal digits.
func newRun() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Filter returns the one way out, for other parts that let something leave.
func (t *Telemetry) Filter() *privacy.Filter { return t.filter }

// Tap sees packets while a capture or trace is permitted and asked for.
func (t *Telemetry) Tap() *Tap { return t.tap }

// Add adds collectors.
func (t *Telemetry) Add(cs ...Collector) { t.registry.Add(cs...) }

// Apply takes over a new configuration. What it permits less is in force when it
// returns.
func (t *Telemetry) Apply(cfg *config.Config) {
	t.take(cfg)
	select {
	case t.changed <- struct{}{}:
	default: // Run has not seen the last one yet and will see both
	}
}

func (t *Telemetry) take(cfg *config.Config) {
	t.scrubber.Know(private(cfg))
	t.mu.Lock()
	t.config, t.trust = cfg.Telemetry, cfg.Provision
	t.accounts = nil
	for i := range cfg.Lines {
		t.accounts = append(t.accounts, cfg.Lines[i].SIP.TLS.Cert)
	}
	t.mu.Unlock()
	t.keeper.Ask(asked(&cfg.Privacy))
}

func asked(p *config.Privacy) privacy.Asked {
	set, _ := privacy.ParseSet(p.Categories) // config allows known names alone
	return privacy.Asked{
		Permit: privacy.Permit{Level: privacy.Level(p.Level), Categories: set},
		Notice: p.NoticeRequired, Version: p.NoticeVersion,
	}
}

// reporting says whether there is a collector of voice quality reports.
func (t *Telemetry) reporting() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.config.Reports.Collector != "" && t.publish.send != nil
}

// private lists what a configuration holds that no text may show.
func private(cfg *config.Config) (secrets, names []string) {
	for i := range cfg.Lines {
		l := &cfg.Lines[i]
		secrets = append(secrets, l.SIP.Password.Reveal())
		names = append(names, l.SIP.User, l.SIP.AuthUser, l.SIP.DisplayName, l.Name)
	}
	c := &cfg.Telemetry
	secrets = append(secrets, c.OTLP.Authorization.Reveal(), c.HTTPS.Authorization.Reveal(), c.MQTT.Password.Reveal(), c.HEP.Password.Reveal())
	return secrets, append(names, c.MQTT.User)
}

// Report takes something that happened to all receivers that may know it. It
// never waits: when too much happens at once, it is dropped and counted.
func (t *Telemetry) Report(name string, items []privacy.Item) {
	t.post(privacy.Batch{Kind: privacy.Report, Name: name, Items: items})
}

func (t *Telemetry) post(b privacy.Batch) {
	b.Stamp = t.time.now().String()
	select {
	case t.inbox <- b:
	default:
		t.missed.Add(1) // whoever posts may be a line, which waits for nobody
	}
}

// put takes a batch, as far as it may leave, into the queue.
func (t *Telemetry) put(b privacy.Batch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.serial++
	b.ID = t.run + "-" + strconv.FormatUint(t.serial, 10)
	b.At = time.Now().Round(0)
	if b.Stamp == "" {
		b.Stamp = t.time.now().String()
	}
	b.Counting = time.Since(t.started)
	if b.Kind != privacy.Metrics {
		b.Items = append(b.Items, privacy.Item{Field: installation, Text: t.identity.Installation()})
	}
	c := t.filter.Clear(b, t.wanted)
	if !telling(c) {
		return
	}
	data, err := c.Encode()
	if err != nil {
		t.drops["damaged"]++
		return
	}
	t.queue.Put(data)
}

// telling reports whether a batch says more than that there is consent or none,
// and more than who says it.
func telling(c privacy.Cleared) bool {
	for _, i := range c.Items() {
		if i.Field.Level != privacy.Necessary && i.Field != installation {
			return true
		}
	}
	return false
}

// notice is what a receiver is told of a decision.
func (t *Telemetry) notice(d privacy.Decision) privacy.Batch {
	s := &Samples{}
	s.Set(consentLevel, float64(t.keeper.Permit().Level))
	s.Set(consentSerial, float64(d.Serial))
	s.Text(consentInstallation, t.identity.Installation())
	return privacy.Batch{ID: fmt.Sprintf("consent-%d-%s", d.Serial, t.identity.Installation()[:8]), Kind: privacy.Notice, At: time.Now().Round(0), Items: s.items}
}

// narrow empties the queue and stops what is being sent: less is permitted now.
func (t *Telemetry) narrow() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, cancel := range t.cancels {
		cancel()
	}
	t.tap.narrow()
	t.publish.clear()
	for len(t.inbox) > 0 {
		<-t.inbox
	}
	if err := t.queue.Clear(); err != nil {
		t.log.Error("telemetry queue not emptied", "err", err)
	}
}

// sending notes how to stop what is being sent to a receiver; nil when it ended.
func (t *Telemetry) sending(name string, cancel context.CancelFunc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancels[name] = cancel
	if cancel == nil {
		delete(t.cancels, name)
	}
}

func (t *Telemetry) drop(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drops[reason]++
}

func (t *Telemetry) certificates(s *Samples) error {
	t.mu.Lock()
	trust, own, accounts := t.trust, t.config, t.accounts
	t.mu.Unlock()
	return certificateEnds(s, &trust, &own, accounts)
}

// collect tells how telemetry itself fares.
func (t *Telemetry) collect(s *Samples) error {
	stats := t.queue.Stats()
	s.Text(installation, t.identity.Installation())
	s.Set(consentLevel, float64(t.keeper.Permit().Level))
	s.Set(queueBytes, float64(stats.Bytes))
	if t.reporting() {
		t.publish.collect(s)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	queued := map[string]uint64{"full": stats.Full + t.missed.Load(), "expired": stats.Expired, "revoked": stats.Revoked}
	for _, reason := range dropped.Labels[0].Values {
		s.Set(dropped, float64(queued[reason])+t.drops[reason], reason)
	}
	return nil
}
