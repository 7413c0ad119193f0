// Package watchdog has the machine restarted when the agent hangs: by the
// kernel's watchdog, and by the service manager under systemd.
//
// Both must be fed while the agent is well and at no other time, so [Run] asks
// before each meal. A watchdog that is fed by a timer alone guards nothing.
package watchdog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Feeder puts off a restart.
type Feeder interface {
	Feed() error
}

// Run feeds all feeders every period as long as well says so, until ctx ends.
// Nothing is fed while well returns false or does not return. It returns nil
// when ctx has ended, and the error of a feeder, which is not fed any more then.
//
// The period must be less than half of the shortest time-out.
func Run(ctx context.Context, period time.Duration, well func() bool, feeders ...Feeder) error {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		if well() {
			for _, f := range feeders {
				if err := f.Feed(); err != nil {
					return err
				}
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Device is a watchdog of the kernel, /dev/watchdog. From Open on it runs.
type Device struct {
	file    *os.File
	timeout time.Duration
}

// Open opens the watchdog and starts it with a time-out in whole seconds, 0 for
// the driver's own. The driver may take another time than was asked for; see
// Timeout.
func Open(path string, timeout time.Duration) (*Device, error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	d := &Device{file: f}
	if timeout > 0 {
		if d.timeout, err = setTimeout(f, timeout); err != nil {
			return nil, errors.Join(fmt.Errorf("watchdog: set time-out of %s: %w", path, err), d.Close())
		}
	}
	return d, nil
}

// Timeout is the time-out that the driver took, 0 when none was asked for.
func (d *Device) Timeout() time.Duration { return d.timeout }

// Feed puts the restart off by the time-out.
func (d *Device) Feed() error {
	if _, err := d.file.Write([]byte{0}); err != nil {
		return fmt.Errorf("watchdog: feed: %w", err)
	}
	return nil
}

// Close stops the watchdog, where the driver allows that. To leave it running,
// so that it restarts the machine, do not call Close.
func (d *Device) Close() error {
	// The driver takes a V as the promise that the end is meant.
	_, err := d.file.Write([]byte{'V'})
	if err := errors.Join(err, d.file.Close()); err != nil {
		return fmt.Errorf("watchdog: close: %w", err)
	}
	return nil
}
