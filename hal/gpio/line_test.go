//go:build linux

package gpio

import (
	"errors"
	"slices"
	"testing"

	"periph.io/x/conn/v3/gpio"
)

// The first level comes with the request itself: one call, no glitch.
func TestFirstOutIsOneCall(t *testing.T) {
	for _, level := range []gpio.Level{gpio.Low, gpio.High} {
		k, fake, l := bench(t, "RESET", Opts{Consumer: "line 1 reset"})
		if len(k.calls) != 0 {
			t.Fatalf("calls before Out: %#x", k.calls)
		}
		if err := l.Out(level); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(k.calls, []uint{getLine}) || fake.level != bool(level) || fake.config.flags != flagOutput {
			t.Errorf("Out(%v): calls %#x, level %v, flags %#x", level, k.calls, fake.level, fake.config.flags)
		}
		if fake.consumer != "line 1 reset" {
			t.Errorf("consumer %q", fake.consumer)
		}
	}
}

// An output is changed by one call and never read back.
func TestOutputIsNotReadBack(t *testing.T) {
	k, fake, l := bench(t, "RESET", Opts{})
	for _, level := range []gpio.Level{gpio.High, gpio.Low, gpio.High} {
		if err := l.Out(level); err != nil {
			t.Fatal(err)
		}
		if got := l.Read(); got != level || fake.level != bool(level) {
			t.Errorf("Read() = %v, pin %v, want %v", got, fake.level, level)
		}
	}
	if want := []uint{getLine, setValues, setValues}; !slices.Equal(k.calls, want) {
		t.Errorf("calls %#x, want %#x", k.calls, want)
	}
	if l.Func() != gpio.OUT_HIGH || l.Function() != "OUT_HIGH" && l.Function() != string(gpio.OUT_HIGH) {
		t.Errorf("Func() = %v", l.Func())
	}
}

func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts Opts
		set  func(*Line) error
		want uint64
	}{
		{"input", Opts{}, in(gpio.PullNoChange, gpio.NoEdge), flagInput},
		{"pull up, both", Opts{}, in(gpio.PullUp, gpio.BothEdges), flagInput | flagPullUp | flagRising | flagFalling},
		{"pull down, rising", Opts{}, in(gpio.PullDown, gpio.RisingEdge), flagInput | flagPullDown | flagRising},
		{"float, falling", Opts{}, in(gpio.Float, gpio.FallingEdge), flagInput | flagNoBias | flagFalling},
		{"debounced watches both", Opts{Debounce: 1}, in(gpio.Float, gpio.FallingEdge), flagInput | flagNoBias | flagRising | flagFalling},
		{"active low", Opts{ActiveLow: true}, in(gpio.PullUp, gpio.NoEdge), flagInput | flagPullUp | flagActiveLow},
		{"open drain", Opts{OpenDrain: true}, func(l *Line) error { return l.Out(gpio.High) }, flagOutput | flagOpenDrain},
		{"open drain as input", Opts{OpenDrain: true}, in(gpio.Float, gpio.NoEdge), flagInput | flagNoBias},
		{"SetFunc", Opts{}, func(l *Line) error { return l.SetFunc(gpio.OUT_LOW) }, flagOutput},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, fake, l := bench(t, "INT", tt.opts)
			if err := tt.set(l); err != nil {
				t.Fatal(err)
			}
			if fake.config.flags != tt.want {
				t.Errorf("flags %#x, want %#x", fake.config.flags, tt.want)
			}
			if fake.queue != eventQueue {
				t.Errorf("queue of %d events", fake.queue)
			}
		})
	}
}

func in(pull gpio.Pull, edge gpio.Edge) func(*Line) error {
	return func(l *Line) error { return l.In(pull, edge) }
}

func TestRefused(t *testing.T) {
	k, _, l := bench(t, "INT", Opts{})
	for name, err := range map[string]error{
		"pull": l.In(gpio.Pull(9), gpio.NoEdge),
		"edge": l.In(gpio.PullUp, gpio.Edge(7)),
		"PWM":  l.PWM(gpio.DutyHalf, 0),
		"func": l.SetFunc("SPI0_MOSI"),
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: error %v, want unsupported", name, err)
		}
	}
	if len(k.calls) != 0 {
		t.Errorf("the kernel was called: %#x", k.calls)
	}
}

// The direction of a line that is owned changes without giving it up.
func TestChangeDirection(t *testing.T) {
	k, fake, l := bench(t, "RESET", Opts{})
	for _, set := range []func(*Line) error{
		in(gpio.PullUp, gpio.NoEdge),
		func(l *Line) error { return l.Out(gpio.High) },
		in(gpio.Float, gpio.NoEdge),
	} {
		if err := set(l); err != nil {
			t.Fatal(err)
		}
	}
	if want := []uint{getLine, getValues, setConfig, setConfig, getValues}; !slices.Equal(k.calls, want) {
		t.Errorf("calls %#x, want %#x", k.calls, want)
	}
	if l.Pull() != gpio.Float || l.Func() != gpio.IN {
		t.Errorf("Pull %v, Func %v", l.Pull(), l.Func())
	}
	k.mu.Lock()
	fake.level = true
	k.mu.Unlock()
	if l.Read() != gpio.High {
		t.Error("an input is not read from the kernel")
	}
}

func TestClosed(t *testing.T) {
	_, _, l := bench(t, "RESET", Opts{})
	if err := l.Out(gpio.High); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := l.Out(gpio.Low); !errors.Is(err, errClosed) {
		t.Errorf("Out after Close: %v", err)
	}
	if err := l.In(gpio.PullUp, gpio.BothEdges); !errors.Is(err, errClosed) {
		t.Errorf("In after Close: %v", err)
	}
	if l.WaitForEdge(-1) {
		t.Error("an edge on a closed line")
	}
}

func TestOutAllocs(t *testing.T) {
	k, _, l := bench(t, "RESET", Opts{})
	if err := l.Out(gpio.Low); err != nil {
		t.Fatal(err)
	}
	k.calls = make([]uint, 0, 1000)
	level := gpio.Low
	if n := testing.AllocsPerRun(100, func() { level = !level; _ = l.Out(level); _ = l.Read() }); n != 0 {
		t.Errorf("Out allocates %v times", n)
	}
}
