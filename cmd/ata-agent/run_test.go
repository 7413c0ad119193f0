package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/state"
)

// startService runs the agent on a board with one line that registers
// nowhere, and waits until its port is up.
func startService(t *testing.T, hardware sim.Hardware, country string) *service {
	t.Helper()
	return startServiceWith(t, hardware, country, 2)
}

// startServiceWith is startService with a level of privacy that is asked for.
func startServiceWith(t *testing.T, hardware sim.Hardware, country string, level int) *service {
	t.Helper()
	doc, err := json.Marshal(map[string]any{"schema": 1, "privacy": map[string]any{"level": level}, "lines": []any{map[string]any{
		"sip":  map[string]any{"registrar": "127.0.0.1:9", "user": "100", "register": false, "local_address": "127.0.0.1"},
		"slic": map[string]any{"country": country},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("test", doc)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	dir, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := newVirtualBoard(hardware, cfg, loadCalibrations(dir, "virtual", time.Now(), log), log)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{config: cfg, board: b, dir: dir, log: log, level: new(slog.LevelVar)}
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		end()
		running.Wait()
	})
	return s
}

// TestVirtualTelephoneKnowsItsCountry waits for a dial tone by its name, which
// the telephone can do only when it was told whose tones it hears.
func TestVirtualTelephoneKnowsItsCountry(t *testing.T) {
	for name, hardware := range map[string]sim.Hardware{"virtual": sim.Si321x, "virtual-gpio": sim.Ag1171, "virtual-handset": sim.Handset} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startService(t, hardware, "GB")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := s.board.virtual.Do(ctx, 1, strings.Fields("pause 2s offhook wait tone:dial onhook"), nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// waitFor waits until the control socket of an agent answers.
func waitFor(t *testing.T, dir string) {
	t.Helper()
	for range 500 {
		if code, _, _ := command(t, nil, "status", "-state", dir); code == exitOK {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the agent does not answer")
}

// TestWatchdogMissing asks for a watchdog that is not there: an owner who wants
// to be guarded is told that he is not.
func TestWatchdogMissing(t *testing.T) {
	cfg := &config.Config{}
	log := slog.New(slog.DiscardHandler)
	dir, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := newVirtualBoard(sim.Si321x, cfg, loadCalibrations(dir, "virtual", time.Now(), log), log)
	if err != nil {
		t.Fatal(err)
	}
	other := &service{config: cfg, board: b, dir: dir, log: log, watchdog: "/dev/null/watchdog"}
	if err := other.run(t.Context()); err == nil || !strings.Contains(err.Error(), "watchdog: open /dev/null/watchdog") {
		t.Errorf("run = %v", err)
	}
}
