package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
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

// TestFactoryResetByButton: the state is wiped when everything has ended, and
// what a link points to is not.
func TestFactoryResetByButton(t *testing.T) {
	t.Parallel() // in real time, mostly asleep
	s := startService(t, sim.Ag1171, "US")
	soon(t, "the panel is open", func() bool { return s.front.Load() != nil })
	outside := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), s.dir.Path("link")); err != nil {
		t.Fatal(err)
	}
	s.pressed(button.Press)
	time.Sleep(50 * time.Millisecond)
	if entries, err := os.ReadDir(string(s.dir)); err != nil || len(entries) < 2 {
		t.Fatalf("a short press: state %v, %v", entries, err)
	}
	s.pressed(button.FactoryReset)
	soon(t, "the state is wiped", func() bool {
		entries, err := os.ReadDir(string(s.dir))
		return err == nil && len(entries) == 0
	})
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("outside of the state: %v", err)
	}
}

func TestRestartByButton(t *testing.T) {
	t.Parallel() // in real time, mostly asleep
	s := startService(t, sim.Si321x, "US")
	soon(t, "the panel is open", func() bool { return s.front.Load() != nil })
	s.pressed(button.Restart)
	soon(t, "the agent has ended", func() bool {
		code, _, _ := command(t, nil, "status", "-state", string(s.dir))
		return code == exitFailed
	})
	if id, err := s.dir.Instance(); err != nil || id == "" {
		t.Errorf("the state is gone after a restart: %v", err)
	}
}

func TestWiperOnNothing(t *testing.T) {
	if err := (wiper{state.Dir(filepath.Join(t.TempDir(), "none"))}).FactoryReset(); err == nil {
		t.Error("no folder was wiped without an error")
	}
}

var _ resetter = wiper{}
