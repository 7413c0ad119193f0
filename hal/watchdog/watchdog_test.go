package watchdog

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type feeder struct {
	meals []time.Duration
	begin time.Time
	err   error
}

func (f *feeder) Feed() error {
	f.meals = append(f.meals, time.Since(f.begin))
	return f.err
}

// It is fed while the agent is well, and not while it is not.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &feeder{begin: time.Now()}
		var ill atomic.Bool
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- Run(ctx, time.Second, func() bool { return !ill.Load() }, f, f) }()
		time.Sleep(2500 * time.Millisecond)
		ill.Store(true)
		time.Sleep(10 * time.Second)
		ill.Store(false)
		time.Sleep(time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
		want := []time.Duration{0, 0, 1, 1, 2, 2, 13, 13}
		if len(f.meals) != len(want) {
			t.Fatalf("meals at %v", f.meals)
		}
		for i, m := range f.meals {
			if m != want[i]*time.Second {
				t.Errorf("meal %d at %v, want %v", i, m, want[i]*time.Second)
			}
		}
	})
}

func TestRunEndsWithFeeder(t *testing.T) {
	f := &feeder{err: errors.New("no device")}
	if err := Run(t.Context(), time.Hour, func() bool { return true }, f); !errors.Is(err, f.err) {
		t.Errorf("Run = %v, want %v", err, f.err)
	}
}

func TestDevice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "watchdog")
	if _, err := Open(path, 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open without a device: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, time.Second); err == nil {
		t.Error("a file took a time-out")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Open(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := d.Feed(); err != nil {
			t.Error(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "\x00\x00\x00V" {
		t.Errorf("the device got %q, %v", got, err)
	}
	if err := d.Feed(); err == nil {
		t.Error("Feed after Close")
	}
}

func environment(m map[string]string) func(string) string {
	return func(k string) string { return m[k] }
}

func TestManager(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	server, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	m, err := NewManager(environment(map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}), 7)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.Timeout() != 30*time.Second {
		t.Errorf("Timeout() = %v", m.Timeout())
	}
	for _, tt := range []struct {
		say  func() error
		want string
	}{
		{m.Ready, "READY=1"},
		{m.Feed, "WATCHDOG=1"},
		{func() error { return m.Status("2 lines") }, "STATUS=2 lines"},
		{func() error { return m.Reloading(1500 * time.Microsecond) }, "RELOADING=1\nMONOTONIC_USEC=1500"},
		{m.Stopping, "STOPPING=1"},
	} {
		if err := tt.say(); err != nil {
			t.Error(err)
		}
		b := make([]byte, 100)
		n, err := server.Read(b)
		if err != nil || string(b[:n]) != tt.want {
			t.Errorf("manager got %q, %v; want %q", b[:n], err, tt.want)
		}
	}
}

func TestManagerTimeout(t *testing.T) {
	for _, tt := range []struct {
		usec, pid string
		want      time.Duration
		bad       bool
	}{
		{"", "", 0, false},
		{"5000000", "", 5 * time.Second, false},
		{"5000000", "7", 5 * time.Second, false},
		{"5000000", "8", 0, false},
		{"soon", "", 0, true},
		{"-1", "", 0, true},
		{"9223372036854775807", "", 0, true},
	} {
		got, err := managerTimeout(environment(map[string]string{"WATCHDOG_USEC": tt.usec, "WATCHDOG_PID": tt.pid}), 7)
		if got != tt.want || (err != nil) != tt.bad {
			t.Errorf("%q for %q: %v, %v", tt.usec, tt.pid, got, err)
		}
	}
}

func TestNoManager(t *testing.T) {
	m, err := NewManager(environment(nil), 1)
	if err != nil || m != nil {
		t.Fatalf("NewManager = %v, %v", m, err)
	}
	if err := errors.Join(m.Ready(), m.Feed(), m.Status("x"), m.Stopping(), m.Close()); err != nil || m.Timeout() != 0 {
		t.Errorf("a manager that is not there: %v, %v", err, m.Timeout())
	}
	if _, err := NewManager(environment(map[string]string{"NOTIFY_SOCKET": "/nowhere/notify"}), 1); err == nil {
		t.Error("a socket that is not there was found")
	}
}
