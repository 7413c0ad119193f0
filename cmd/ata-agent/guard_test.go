package main

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/sim"
)

// TestGuard plays the service manager: ready, fed while the audio runs and no
// longer, stopping.
func TestGuard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	hear := func(within time.Duration) string {
		t.Helper()
		buf := make([]byte, 256)
		if err := manager.SetReadDeadline(time.Now().Add(within)); err != nil {
			t.Fatal(err)
		}
		n, _ := manager.Read(buf)
		return string(buf[:n])
	}
	b, err := sim.NewBoard(sim.BoardOpts{Lines: 1, Realtime: true})
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.New(&config.Config{}, agent.Hardware{PCM: b.PCM, Lines: b.Lines}, agent.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	s := &service{}
	s.now.Store(&life{agent: a})
	env := map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() {
		done <- guard(ctx, s.rounds(), func(name string) string { return env[name] }, slog.New(slog.DiscardHandler))
	}()
	if got := hear(5 * time.Second); got != "READY=1" {
		t.Errorf("the manager hears %q, want READY=1", got)
	}
	if got := hear(500 * time.Millisecond); got != "" {
		t.Errorf("the manager hears %q of an agent whose audio does not run", got)
	}
	running, end := context.WithCancel(t.Context())
	go func() { done <- a.Run(running) }()
	for range 2 {
		if got := hear(5 * time.Second); got != "WATCHDOG=1" {
			t.Errorf("the manager hears %q, want WATCHDOG=1", got)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	got := ""
	for got = hear(5 * time.Second); strings.HasPrefix(got, "WATCHDOG"); got = hear(5 * time.Second) {
	}
	if got != "STOPPING=1" {
		t.Errorf("the manager hears %q at the end, want STOPPING=1", got)
	}
	end()
	<-done
}

func TestGuardWithoutManager(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := guard(ctx, nil, func(string) string { return "" }, nil); err != nil {
		t.Error(err)
	}
}
