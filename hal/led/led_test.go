package led

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// tree is a class of LEDs as the kernel shows it.
func tree(t *testing.T, brightest string) string {
	t.Helper()
	class := t.TempDir()
	dir := filepath.Join(class, "green:status")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"max_brightness": brightest + "\n", "brightness": "12\n", "trigger": "none [heartbeat] mmc0\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return class
}

func content(t *testing.T, class, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(class, "green:status", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLED(t *testing.T) {
	class := tree(t, "255")
	l, err := Open(class, "green:status")
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, class, "trigger"); got != "none" {
		t.Errorf("trigger %q", got)
	}
	for _, tt := range []struct {
		on   bool
		want string
	}{{true, "255"}, {false, "0"}, {true, "255"}} {
		if err := l.Set(tt.on); err != nil {
			t.Fatal(err)
		}
		if got := content(t, class, "brightness"); got != tt.want {
			t.Errorf("Set(%v): brightness %q, want %q", tt.on, got, tt.want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	class := tree(t, "255")
	for _, name := range []string{"", "..", "../leds/green:status", ".hidden"} {
		if _, err := Open(class, name); err == nil {
			t.Errorf("Open(%q) works", name)
		}
	}
	_, err := Open(class, "red:fault")
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "green:status") {
		t.Errorf("Open of a LED that is not there: %v", err)
	}
	if _, err := Open(tree(t, "bright"), "green:status"); err == nil {
		t.Error("a brightness that is no number is taken")
	}
}

// A LED that is gone is not made up again as files.
func TestLEDGone(t *testing.T) {
	class := tree(t, "1")
	l, err := Open(class, "green:status")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(class, "green:status", "brightness")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := l.Set(true); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Set = %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("Set made a file")
	}
}

// line is an output that remembers its level, or fails.
type line struct {
	gpio.PinOut
	level gpio.Level
	err   error
}

func (l *line) Out(level gpio.Level) error {
	l.level = level
	return l.err
}

func TestPin(t *testing.T) {
	l := &line{}
	for _, on := range []bool{true, false} {
		if err := (Pin{l}).Set(on); err != nil || l.level != gpio.Level(on) {
			t.Errorf("Set(%v): level %v, %v", on, l.level, err)
		}
	}
	l.err = errors.New("busy")
	if err := (Pin{l}).Set(true); !errors.Is(err, l.err) {
		t.Errorf("Set = %v, want %v", err, l.err)
	}
}

// light notes when it changed, in milliseconds.
type light struct {
	begin time.Time
	log   []int // positive on, negative off
	err   error
}

func (l *light) Set(on bool) error {
	at := int(time.Since(l.begin) / time.Millisecond)
	if !on {
		at = -at
	}
	l.log = append(l.log, at)
	return l.err
}

func TestLamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &light{begin: time.Now()}
		lamp := NewLamp(l)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		lamp.Show(Slow) // replaced before it is seen
		lamp.Show(Fast)
		time.Sleep(time.Millisecond)
		go func() { ended <- lamp.Run(ctx) }()
		time.Sleep(449 * time.Millisecond)
		lamp.Show(Lit)
		time.Sleep(time.Minute)
		lamp.Show(Dark)
		time.Sleep(50 * time.Millisecond)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		want := []int{-1, 1, -101, 201, -301, 401, 450, -60450, -60500}
		if !slices.Equal(l.log, want) {
			t.Errorf("lit and dark at %v, want %v", l.log, want)
		}
	})
}

func TestLampFails(t *testing.T) {
	l := &light{err: errors.New("broken")}
	if err := NewLamp(l).Run(t.Context()); !errors.Is(err, l.err) {
		t.Errorf("Run = %v", err)
	}
}
