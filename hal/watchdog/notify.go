package watchdog

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// Manager is the service manager that started the agent, systemd or one that
// speaks its protocol (sd_notify). A nil Manager does nothing, so that callers
// need not ask whether there is one.
type Manager struct {
	conn    net.Conn
	timeout time.Duration
}

// NewManager connects to the manager that the environment names, NOTIFY_SOCKET
// and WATCHDOG_USEC for process pid. It returns nil when there is none.
func NewManager(getenv func(string) string, pid int) (*Manager, error) {
	path := getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil, nil
	}
	conn, err := net.Dial("unixgram", path) // a leading @ means an abstract name here, too
	if err != nil {
		return nil, fmt.Errorf("watchdog: service manager: %w", err)
	}
	m := &Manager{conn: conn}
	if m.timeout, err = managerTimeout(getenv, pid); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return m, nil
}

// managerTimeout is how soon the manager wants to be fed, 0 for never.
func managerTimeout(getenv func(string) string, pid int) (time.Duration, error) {
	value := getenv("WATCHDOG_USEC")
	if of := getenv("WATCHDOG_PID"); value == "" || of != "" && of != strconv.Itoa(pid) {
		return 0, nil
	}
	micro, err := strconv.ParseInt(value, 10, 64)
	if err != nil || micro <= 0 || micro > int64(time.Duration(1<<63-1)/time.Microsecond) {
		return 0, fmt.Errorf("watchdog: WATCHDOG_USEC is %q, want microseconds", value)
	}
	return time.Duration(micro) * time.Microsecond, nil
}

// Timeout is how soon the manager restarts an agent that does not feed it, 0 for
// never.
func (m *Manager) Timeout() time.Duration {
	if m == nil {
		return 0
	}
	return m.timeout
}

// Ready says that the agent serves its lines.
func (m *Manager) Ready() error { return m.send("READY=1") }

// Reloading says that a new configuration is being taken; Ready ends it. now is
// CLOCK_MONOTONIC.
func (m *Manager) Reloading(now time.Duration) error {
	return m.send("RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(now.Microseconds(), 10))
}

// Stopping says that the agent ends.
func (m *Manager) Stopping() error { return m.send("STOPPING=1") }

// Status is a line for the manager's own display.
func (m *Manager) Status(text string) error { return m.send("STATUS=" + text) }

// Feed puts a restart off.
func (m *Manager) Feed() error { return m.send("WATCHDOG=1") }

// Close ends the connection.
func (m *Manager) Close() error {
	if m == nil {
		return nil
	}
	return m.conn.Close()
}

func (m *Manager) send(text string) error {
	if m == nil {
		return nil
	}
	if _, err := m.conn.Write([]byte(text)); err != nil {
		return fmt.Errorf("watchdog: tell the service manager: %w", err)
	}
	return nil
}
