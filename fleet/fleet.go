// Package fleet runs many agents without telephones in one process. It shows a
// provisioning server and a registrar what a fleet does to them: installation, a
// power cut, a push.
//
// What an agent of the fleet lacks is the board and the disk. Schedule, fetching,
// trial and roll-back are those of package provision, and each line has a user
// agent of package sip that registers.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
)

// Opts are the settings of a Fleet.
type Opts struct {
	Logger *slog.Logger // of all agents [discards]

	Count  int    // of agents
	First  uint64 // MAC address of the first, 48 bits; the others follow it
	Config []byte // factory's layer; {mac} in it becomes the MAC address of each agent
	Source string // name of Config in faults
	Region string // country of lines that name none

	// Over is the time within which installation and pushes reach the agents, each
	// at a random moment of it. 0: all at once.
	Over time.Duration
	// Patience is how long a phase may take [15 min].
	Patience time.Duration
	// Addresses has each agent send from an address of its own of this prefix,
	// which this computer must have, as it has 127.0.0.0/8. The zero value: from
	// the one that routes to the server.
	Addresses netip.Prefix

	// Dial makes an agent's client for the server of a configuration. Requests
	// are to come from an address, unless that is the zero value.
	Dial func(id provision.Identity, from netip.Addr, p *config.Provision) (provision.Client, error)
	// Expand fills in the macros of a URL.
	Expand func(id provision.Identity, p *config.Provision, url string) string
	// Listen opens UDP sockets of SIP [of the kernel].
	Listen func(network, address string) (net.PacketConn, error)
}

// Fleet is a number of agents. One goroutine drives it.
type Fleet struct {
	opts      Opts
	members   []*member
	looks     meter // requests to the provisioning server
	registers meter // REGISTER requests
	running   sync.WaitGroup
}

// maxMAC is the greatest address of 48 bits.
const maxMAC = 1<<48 - 1

// New makes a fleet and checks the configuration of every agent. Nothing runs
// before Run.
func New(opts Opts) (*Fleet, error) {
	opts = opts.withDefaults()
	if opts.Count < 1 || opts.First > maxMAC-uint64(opts.Count) {
		return nil, fmt.Errorf("fleet: there are no %d addresses from %012x on", opts.Count, opts.First)
	}
	f := &Fleet{opts: opts}
	from := opts.Addresses.Masked().Addr()
	for i := range opts.Count {
		if from.IsValid() {
			if from = from.Next(); !opts.Addresses.Contains(from) {
				return nil, fmt.Errorf("fleet: %s has no %d addresses", opts.Addresses, opts.Count)
			}
		}
		m, err := newMember(f, fmt.Sprintf("%012x", opts.First+uint64(i)), from)
		if err != nil {
			return nil, fmt.Errorf("fleet: %w", err)
		}
		f.members = append(f.members, m)
	}
	return f, nil
}

func (o Opts) withDefaults() Opts {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Patience == 0 {
		o.Patience = 15 * time.Minute
	}
	if o.Expand == nil {
		o.Expand = func(_ provision.Identity, _ *config.Provision, url string) string { return url }
	}
	if o.Listen == nil {
		o.Listen = net.ListenPacket
	}
	return o
}

// Run has drive lead the fleet through phases, and returns when drive has and
// every agent has ended; registrations are taken back.
func (f *Fleet) Run(ctx context.Context, drive func(context.Context) error) error {
	ctx, end := context.WithCancel(ctx)
	defer f.running.Wait()
	defer end()
	return drive(ctx)
}

// Install powers on agents that have never seen their server, within Over.
func (f *Fleet) Install(ctx context.Context) (*Phase, error) {
	return f.phase(ctx, "install", func() error {
		return f.spread(ctx, func(m *member) { m.powerOn(ctx) })
	})
}

// PowerCut takes the power from all agents and gives it back to all at once. An
// agent that loses power says nothing to anybody, unless it is connected by TCP.
func (f *Fleet) PowerCut(ctx context.Context) (*Phase, error) {
	for _, m := range f.members {
		m.powerOff()
	}
	for _, m := range f.members {
		m.wait()
	}
	return f.phase(ctx, "power cut", func() error {
		for _, m := range f.members {
			m.powerOn(ctx)
		}
		return nil
	})
}

// Push has all agents look at the server within Over, as their owners' resync does.
func (f *Fleet) Push(ctx context.Context) (*Phase, error) {
	return f.phase(ctx, "push", func() error {
		return f.spread(ctx, func(m *member) { m.manager.Load().Resync(provision.Asked) })
	})
}

// spread does something to all agents, to each at a random moment within Over.
func (f *Fleet) spread(ctx context.Context, do func(*member)) error {
	moments := make([]time.Duration, len(f.members))
	for i := range moments {
		moments[i] = time.Duration(rand.Float64() * float64(f.opts.Over))
	}
	slices.Sort(moments)
	start := time.Now()
	for i, at := range moments {
		if err := sleep(ctx, time.Until(start.Add(at))); err != nil {
			return err
		}
		do(f.members[i])
	}
	return nil
}

// errImpatient ends a phase that took too long; what came of it is told all the
// same.
var errImpatient = errors.New("fleet: not every agent has settled in time")

// phase measures what something does to the servers, until all agents have
// settled.
func (f *Fleet) phase(ctx context.Context, name string, do func() error) (*Phase, error) {
	start := time.Now()
	f.looks.begin(start)
	f.registers.begin(start)
	err := do()
	if err == nil {
		err = f.settle(ctx, start)
	}
	if err != nil && !errors.Is(err, errImpatient) {
		return nil, err
	}
	return f.sum(name, start), nil
}

// lookEvery is how often the fleet is looked at while it settles.
const lookEvery = time.Second

func (f *Fleet) settle(ctx context.Context, start time.Time) error {
	for end := start.Add(f.opts.Patience); time.Now().Before(end); {
		restless := func(m *member) bool { return !m.standing(start).settled }
		if !slices.ContainsFunc(f.members, restless) {
			return nil
		}
		if err := sleep(ctx, lookEvery); err != nil {
			return err
		}
	}
	return errImpatient
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
