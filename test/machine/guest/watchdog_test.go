//go:build machine && linux

package guest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/hal/watchdog"
)

const (
	watchdogTimeout = 3 * time.Second
	agentTimeout    = 15 * time.Second // of the agent's binary
)

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

// TestFrozen stops the agent's process, as a fault of the kernel or of the
// memory might. It does not return: the machine is rebooted.
func TestFrozen(t *testing.T) {
	newStretch(device(t, 1, 2)).run(t)
	p := start(t, configuration("127.0.0.1:9", loopback, numberOne, numberTwo))
	p.await(10*time.Second, "the clock runs", func(st agent.Status) bool { return st.Clock.Running })
	time.Sleep(3 * agentTimeout)
	if st, err := p.status(); err != nil || !st.Clock.Running {
		t.Fatalf("not well: %+v, %v", st, err)
	}
	if err := p.process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	fmt.Println("guest: the agent is stopped now")
	time.Sleep(agentTimeout + 3*time.Second)
	if err := p.process.Signal(unix.SIGCONT); err != nil {
		t.Error(err)
	}
	t.Error("the machine was not rebooted")
}
