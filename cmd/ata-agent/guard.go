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
		feed(ctx, m, rounds(a), log)
	}
	<-ctx.Done()
	return errors.Join(m.Stopping(), m.Close())
}

// feed feeds the manager's watchdog until ctx ends.
func feed(ctx context.Context, m *watchdog.Manager, well func() bool, log *slog.Logger) {
	period := m.Timeout() / 3
	for ctx.Err() == nil {
		if err := watchdog.Run(ctx, period, well, m); err != nil {
			log.Warn("the service manager's watchdog was not fed", "err", err)
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
