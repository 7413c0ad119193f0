//go:build machine && linux

package guest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/hal/watchdog"
)

const watchdogTimeout = 3 * time.Second

// A watchdog that is fed does not reboot the machine, and neither does one that
// was closed.
func TestWatchdog(t *testing.T) {
	d, err := watchdog.Open("/dev/watchdog0", watchdogTimeout)
	if err != nil {
		t.Fatal(err)
	}
	if d.Timeout() != watchdogTimeout {
		t.Errorf("Timeout() = %v, want %v", d.Timeout(), watchdogTimeout)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*watchdogTimeout)
	defer cancel()
	if err := watchdog.Run(ctx, time.Second, func() bool { return true }, d); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	time.Sleep(2 * watchdogTimeout)
}

// starveWatchdog feeds until an agent that hangs is not well any more. It
// returns only when the machine was not rebooted.
func starveWatchdog() error {
	d, err := watchdog.Open("/dev/watchdog0", watchdogTimeout)
	if err != nil {
		return err
	}
	begin := time.Now()
	well := func() bool {
		if time.Since(begin) < 3*watchdogTimeout {
			return true
		}
		fmt.Println("guest: the watchdog starves from now on")
		time.Sleep(3 * watchdogTimeout)
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*watchdogTimeout)
	defer cancel()
	return watchdog.Run(ctx, time.Second, well, d)
}
