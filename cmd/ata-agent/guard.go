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
		feed(ctx, m, m.Timeout(), well, log.With("watchdog", "service manager"))
	}
	<-ctx.Done()
	return errors.Join(m.Stopping(), m.Close())
}

// deviceTimeout is how soon the kernel's watchdog is to restart a machine whose
// agent hangs. Some know of no longer time: 16 s on a Raspberry Pi.
const deviceTimeout = 15 * time.Second

// guardMachine feeds a watchdog of the kernel as long as all is well, and stops
// it when ctx ends. If the process ends without that, or stands still, the
// machine is restarted.
func guardMachine(ctx context.Context, well func() bool, d *watchdog.Device, log *slog.Logger) error {
	feed(ctx, d, d.Timeout(), well, log.With("watchdog", "kernel"))
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
