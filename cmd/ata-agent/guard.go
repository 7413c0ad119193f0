package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/hal/watchdog"
)

// guard tells the service manager that the agent serves its lines, and feeds its
// watchdog as long as the audio goroutine makes its rounds. Without a manager it
// waits for ctx. A manager that does not listen is no reason to end calls.
func guard(ctx context.Context, a *agent.Agent, getenv func(string) string, log *slog.Logger) error {
	m, err := watchdog.NewManager(getenv, os.Getpid())
	if err != nil {
		return err
	}
	if err := m.Ready(); err != nil {
		return errors.Join(err, m.Close())
	}
	if m.Timeout() > 0 {
		feed(ctx, m, m.Timeout(), rounds(a), log.With("watchdog", "service manager"))
	}
	<-ctx.Done()
	return errors.Join(m.Stopping(), m.Close())
}

// deviceTimeout is how soon the kernel's watchdog is to restart a machine whose
// agent hangs. Some know of no longer time: 16 s on a Raspberry Pi.
const deviceTimeout = 15 * time.Second

// guardMachine feeds a watchdog of the kernel as long as the audio goroutine
// makes its rounds, and stops it when ctx ends. If the process ends without
// that, or stands still, the machine is restarted.
func guardMachine(ctx context.Context, a *agent.Agent, d *watchdog.Device, log *slog.Logger) error {
	feed(ctx, d, d.Timeout(), rounds(a), log.With("watchdog", "kernel"))
	return d.Close()
}

// feed feeds a watchdog until ctx ends.
func feed(ctx context.Context, f watchdog.Feeder, timeout time.Duration, well func() bool, log *slog.Logger) {
	period := timeout / 3
	for ctx.Err() == nil {
		if err := watchdog.Run(ctx, period, well, f); err != nil {
			log.Warn("the watchdog was not fed", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(period):
			}
		}
	}
}

// rounds returns a function that says whether the audio goroutine has been round
// since it was asked last. A highway without a clock counts: it is tried again,
// and a restart would not bring it back.
func rounds(a *agent.Agent) func() bool {
	var last uint64
	return func() bool {
		clock := a.Status().Clock
		now := clock.Periods + clock.Errors
		moved := now != last
		last = now
		return moved
	}
}
