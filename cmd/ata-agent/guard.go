package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/ata-agent/ata-agent/hal/watchdog"
)

// guard tells the service manager that the agent serves its lines, and feeds its
// watchdog as long as all is well. Without a manager it
// waits for ctx. A manager that does not listen is no reason to end calls.
func guard(ctx context.Context, well func() bool, getenv func(string) string, log *slog.Logger) error {
	m, err := watchdog.NewManager(getenv, os.Getpid())
	if err != nil {
		return err
	}
	if err := m.Ready(); err != nil {
		return errors.Join(err, m.Close())
	}
	if m.Timeout() > 0 {
		feed(ctx, m, well, log)
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
