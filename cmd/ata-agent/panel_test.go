package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/hal/button"
	"github.com/ata-agent/ata-agent/panel"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/state"
)

func TestPanelState(t *testing.T) {
	s := agent.Status{Clock: agent.ClockStatus{Running: true}, Lines: []agent.LineStatus{
		{PortUp: true, OffHook: true, Registers: true, Registration: "registered", State: "talking"},
		{PortUp: true, State: "ringing", Registers: true, Registration: "refused", Messages: true},
		{State: "down"},
	}}
	got := panelState(s)
	want := []panel.Line{
		{Up: true, OffHook: true, Registers: true, Registered: true},
		{Up: true, Ringing: true, Registers: true, Messages: true},
		{},
	}
	if !got.Clock || len(got.Lines) != len(want) {
		t.Fatalf("state %+v", got)
	}
	for i := range want {
		if got.Lines[i] != want[i] {
			t.Errorf("line %d: %+v, want %+v", i+1, got.Lines[i], want[i])
		}
	}
}

// TestStatusShowsLamps: the lamps of a virtual board are there from the start.
func TestStatusShowsLamps(t *testing.T) {
	t.Parallel() // in real time, mostly asleep
	s := startService(t, sim.Si321x, "US")
	vars := map[string]string{"ATA_AGENT_STATE": string(s.dir)}
	soon(t, "the port works", func() bool {
		_, out, _ := command(t, vars, "status")
		return strings.Contains(out, "lamps: power lit, network dark, message dark, line 1 dark")
	})
	for hold, want := range map[string]int{"300ms": exitOK, "0s": exitUsage, "2h": exitUsage} {
		if code, _, err := command(t, vars, "button", "-hold", hold); code != want {
			t.Errorf("button -hold %s: exit %d, want %d: %s", hold, code, want, err)
		}
	}
}

// soon waits for something to come true in real time.
func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// startOfShortHolds runs an agent that remembers, on a virtual board whose button
// needs to be held for less than a second. ended is closed when it has ended.
func startOfShortHolds(t *testing.T) (s *service, ended chan struct{}) {
	t.Helper()
	d := newDevice(t)
	dir, err := state.Open(d.state)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(d.log, nil))
	s = &service{
		dir: dir, log: log, level: new(slog.LevelVar),
		open: func(cfg *config.Config) (*board, error) {
			return newVirtualBoard(sim.Ag1171, cfg, loadCalibrations(dir, "virtual", time.Now(), log), log)
		},
		memory: &memory{dir: dir, file: d.file, log: log, keepers: keepers(func(string) string { return "" }, log)},
		holds:  button.Opts{Restart: 200 * time.Millisecond, FactoryReset: 500 * time.Millisecond, Jammed: 5 * time.Second},
	}
	if _, err := s.begin(); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		end()
		<-ended
	})
	d.eventually("the port works", func(st serviceStatus) bool { return st.Lines[0].PortUp })
	return s, ended
}

// hold holds the button by the verb.
func (s *service) hold(t *testing.T, d string) {
	t.Helper()
	if code, _, err := command(t, nil, "button", "-state", string(s.dir), "-hold", d); code != exitOK {
		t.Fatal(err)
	}
}

// TestButtonResets: a short press does nothing, a long one wipes the state, and
// the agent lives anew as another device.
func TestButtonResets(t *testing.T) {
	s, _ := startOfShortHolds(t)
	before, err := s.dir.Instance()
	if err != nil {
		t.Fatal(err)
	}
	s.hold(t, "50ms")
	time.Sleep(100 * time.Millisecond)
	if now, err := s.dir.Instance(); err != nil || now != before {
		t.Errorf("after a short press the device is %s, %v", now, err)
	}
	s.hold(t, "800ms")
	soon(t, "the device is another one", func() bool {
		now, err := s.dir.Instance()
		return err == nil && now != before
	})
	soon(t, "the audit log says who wiped it", func() bool {
		log, err := s.dir.Audit().Entries()
		return err == nil && len(log) > 0 && log[0].Action == "wipe" && log[0].Actor == buttonActor
	})
	soon(t, "it lives anew, with its lamps", func() bool {
		_, out, _ := command(t, nil, "status", "-state", string(s.dir))
		return strings.Contains(out, "lamps: power lit")
	})
}

// TestButtonRestarts: the program ends, for its service manager to start it.
func TestButtonRestarts(t *testing.T) {
	s, ended := startOfShortHolds(t)
	s.hold(t, "300ms")
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the program goes on")
	}
}
