package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/sip/siptest"
	"github.com/ata-agent/ata-agent/slic"
)

// world is an agent on a virtual board with its registrar, on a network in
// memory and in virtual time: everything but the kernel is real.
type world struct {
	t         *testing.T
	ctx       context.Context
	hardware  sim.Hardware
	net       *siptest.Net
	registrar *siptest.Registrar
	board     *sim.Board
	agent     *agent.Agent
	log       *logBuffer
	intercept atomic.Pointer[func(*sipmsg.Request) int] // of the registrar
	anywhere  atomic.Int32                              // calls whose sockets are open at every address
	radio     atomic.Int64                              // signal of the device's radio link, dBm; 0 = it has none
	stop      func()                                    // ends the agent and waits for it
}

const registrarAddr = "10.0.0.1:5060"

// logBuffer collects the log of the agent.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

type object = map[string]any

// document is a configuration with lines 101, 102, …; change may alter line i.
func document(lines int, change func(i int, line object)) *config.Config {
	var list []object
	for i := range lines {
		l := object{
			"sip": object{
				"registrar": "ata.test", "outbound_proxy": registrarAddr, "local_address": lineAddr(i).String(),
				"user": fmt.Sprint(101 + i), "password": "secret", "expires_s": 300,
			},
			"dial": object{"plan": "(10x|9xxx)"},
		}
		if change != nil {
			change(i, l)
		}
		list = append(list, l)
	}
	doc, err := json.Marshal(object{"schema": 1, "lines": list})
	if err != nil {
		panic(err)
	}
	cfg, err := config.Parse("test", doc)
	if err != nil {
		panic(err)
	}
	return cfg
}

// newWorld starts everything in the bubble of the caller and waits until the
// lines are in service. It ends with stop, which also checks that nothing is
// left over.
func newWorld(t *testing.T, cfg *config.Config) *world {
	t.Helper()
	return newWorldOf(t, sim.Si321x, cfg)
}

// newWorldOf does it on a kind of board, whose ports wrap may change.
func newWorldOf(t *testing.T, hardware sim.Hardware, cfg *config.Config, wrap ...func(slic.Line) slic.Line) *world {
	t.Helper()
	w := startWorld(t, hardware, cfg, func(b *sim.Board) {
		for _, f := range wrap {
			for i, l := range b.Lines {
				b.Lines[i] = f(l)
			}
		}
	})
	w.inService(0)
	return w
}

// inService waits until the lines from one on, counted from 0, are in service.
func (w *world) inService(first int) {
	w.t.Helper()
	w.eventually(20*time.Second, "all lines are in service", func() bool {
		for _, l := range w.agent.Status().Lines[first:] {
			if !l.PortUp || l.Registers && l.Registration != "registered" {
				return false
			}
		}
		return true
	})
}

// startWorld starts everything on a board that prepare may change, and waits for
// nothing.
func startWorld(t *testing.T, hardware sim.Hardware, cfg *config.Config, prepare func(*sim.Board)) *world {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &world{t: t, ctx: ctx, hardware: hardware, net: siptest.NewNet(), log: &logBuffer{}}
	conn, err := w.net.Listen(netip.MustParseAddrPort(registrarAddr))
	if err != nil {
		t.Fatal(err)
	}
	users := map[string]string{}
	for i := range cfg.Lines {
		users[fmt.Sprint(101+i)] = "secret"
	}
	if w.registrar, err = siptest.NewRegistrar(conn, siptest.Opts{Users: users, Intercept: func(req *sipmsg.Request) int {
		if f := w.intercept.Load(); f != nil {
			return (*f)(req)
		}
		return 0
	}}); err != nil {
		t.Fatal(err)
	}
	nation, _ := country.Lookup(cfg.Lines[0].SLIC.Country)
	w.board, err = sim.NewBoard(sim.BoardOpts{Hardware: hardware, Lines: len(cfg.Lines), Seed: 1, Country: func(int) *country.Country { return nation }})
	if err != nil {
		t.Fatal(err)
	}
	prepare(w.board)
	w.agent, err = agent.New(cfg, agent.Hardware{PCM: w.board.PCM, Lines: w.board.Lines}, agent.Opts{
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Listen: w.listen,
		Radio:  func() float64 { return float64(w.radio.Load()) },
		SIP: func(i int, o *sip.Opts) {
			o.Listen = w.net.ListenPacket
			if !o.LocalAddr.IsValid() { // the kernel would tell, here nobody does
				o.LocalAddr = lineAddr(i)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	registrar, endRegistrar := context.WithCancel(context.Background())
	running.Go(func() {
		if err := w.registrar.Run(registrar); err != nil {
			t.Error(err)
		}
	})
	agentDone := make(chan error, 1)
	go func() { agentDone <- w.agent.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-agentDone; err != nil {
			t.Error(err)
		}
		endRegistrar()
		running.Wait()
		for i, m := range w.board.Modules {
			if u := m.Misuses(); len(u) > 0 {
				t.Errorf("module %d was misused: %v", i+1, u)
			}
		}
		for i, s := range w.board.Sets {
			if u := s.Misuses(); len(u) > 0 {
				t.Errorf("handset %d was misused: %v", i+1, u)
			}
		}
		if t.Failed() {
			t.Logf("%s\n%s", w.log, w.events())
		}
	})
	return w
}

// lineAddr is where line i, counted from 0, is on the network.
func lineAddr(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 1, byte(i + 1)}) }

// listen opens the sockets of a call in memory. Every address is that of line 1.
func (w *world) listen(local netip.Addr, portMin, portMax, _ int) (rtp, rtcp media.Conn, err error) {
	if local.IsUnspecified() {
		w.anywhere.Add(1)
		local = lineAddr(0)
	}
	for port := portMin; port+1 <= portMax; port += 2 {
		a, err := w.net.Listen(netip.AddrPortFrom(local, uint16(port)))
		if err != nil {
			continue
		}
		b, err := w.net.Listen(netip.AddrPortFrom(local, uint16(port+1)))
		if err != nil {
			a.Close()
			continue
		}
		return a, b, nil
	}
	return nil, nil, fmt.Errorf("no port free")
}

// eventually waits, in virtual time, until ok holds.
func (w *world) eventually(within time.Duration, what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Errorf("not within %v: %s", within, what)
			w.stop()
			w.t.FailNow()
		}
	}
}

// Words of a sequence that mean something else on a telephone without wires.
var (
	onPair = strings.NewReplacer(
		"GONE", "wait cpc", // the far end has hung up
		"PLAIN", "set loop=0 sidetone=100 echo=none", // what is measured is not the wires
	)
	onHandset = strings.NewReplacer("GONE", "wait tone:reorder -timeout 10s", "PLAIN", "set sidetone=100")
)

// phone works telephone n, counted from 1.
func (w *world) phone(n int, actions string) {
	w.t.Helper()
	words := onPair
	if w.hardware == sim.Handset {
		words = onHandset
	}
	actions = words.Replace(actions)
	if err := w.board.Do(w.ctx, n, strings.Fields(actions), io.Discard); err != nil {
		w.t.Errorf("%s: %v", actions, err)
		w.stop()
		w.t.FailNow()
	}
}

// idle waits until no line has a call.
func (w *world) idle() {
	w.t.Helper()
	w.eventually(10*time.Second, "all lines are idle", func() bool {
		for _, l := range w.agent.Status().Lines {
			if l.State != "idle" || len(l.Calls) > 0 {
				return false
			}
		}
		return true
	})
}

// events is what happened on the lines.
func (w *world) events() string {
	answer := httptest.NewRecorder()
	w.agent.API().ServeHTTP(answer, httptest.NewRequest("GET", "/v1/events", nil))
	return answer.Body.String()
}
