//go:build machine && linux

package guest

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/sip/siptest"
)

// Numbers: two of the machine's board, one of the far end.
const (
	numberOne = "101"
	numberTwo = "102"
	numberFar = "200"

	domain   = "machine.test"
	loopback = "127.0.0.1"
)

func password(number string) string { return "machine-" + number }

// peer is the network: a registrar, and a telephone at the far end with an
// adapter of its own, which has no part of the machine but its network.
type peer struct {
	*testing.T
	server string // address of the registrar
	local  string // address of the far end
	phone  *sim.Telephone
	agent  *agent.Agent
	log    lockedText
}

// newPeer serves at an address of the machine until the test ends.
func newPeer(t *testing.T, local string) *peer {
	t.Helper()
	conn, err := net.ListenPacket("udp", net.JoinHostPort(local, "0"))
	if err != nil {
		t.Fatal(err)
	}
	users := map[string]string{}
	for _, n := range []string{numberOne, numberTwo, numberFar} {
		users[n] = password(n)
	}
	registrar, err := siptest.NewRegistrar(conn, siptest.Opts{Domain: domain, Users: users})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{T: t, server: registrar.Addr().String(), local: local}
	p.build()
	p.serve(registrar)
	return p
}

// build makes the far end's adapter.
func (p *peer) build() {
	cfg, err := config.Parse("far", configuration(p.server, p.local, numberFar))
	if err != nil {
		p.Fatal(err)
	}
	nation, _ := country.Lookup("US")
	board, err := sim.NewBoard(sim.BoardOpts{Lines: 1, Seed: 9, Realtime: true, Country: func(int) *country.Country { return nation }})
	if err != nil {
		p.Fatal(err)
	}
	p.phone = board.Phones[0]
	p.agent, err = agent.New(cfg, agent.Hardware{PCM: board.PCM, Lines: board.Lines}, agent.Opts{
		Logger: slog.New(slog.NewTextHandler(&p.log, nil)), UserAgent: "far", InstanceID: "urn:uuid:00000000-0000-4000-8000-000000000200",
	})
	if err != nil {
		p.Fatal(err)
	}
}

// serve runs the adapter, and the registrar a little longer.
func (p *peer) serve(registrar *siptest.Registrar) {
	inner, stopInner := context.WithCancel(context.Background())
	outer, stopOuter := context.WithCancel(context.Background())
	var adapter, network sync.WaitGroup
	run := func(w *sync.WaitGroup, f func() error) {
		w.Go(func() {
			if err := f(); err != nil {
				p.Error(err)
			}
		})
	}
	run(&network, func() error { return registrar.Run(outer) })
	run(&adapter, func() error { return p.agent.Run(inner) })
	p.Cleanup(func() {
		stopInner()
		adapter.Wait()
		stopOuter()
		network.Wait()
		if p.Failed() {
			p.Logf("the far end's log:\n%s", &p.log)
		}
	})
}

// ready waits until the far end can be called.
func (p *peer) ready() {
	p.Helper()
	for begin := time.Now(); !inService(p.agent.Status()); time.Sleep(50 * time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			p.Fatalf("the far end is not in service: %+v", p.agent.Status())
		}
	}
}

// do works the far end's telephone.
func (p *peer) do(actions string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), 2*time.Minute)
	defer cancel()
	if err := p.phone.Do(ctx, strings.Fields(actions), nil); err != nil {
		p.Fatalf("far end: %s: %v", actions, err)
	}
}
