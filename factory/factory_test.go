package factory_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/factory"
	"github.com/ata-agent/ata-agent/panel"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
)

// bench works the telephones of a virtual board and its panel.
type bench struct {
	board   *sim.Board
	panel   *panel.Virtual
	keys    string // pressed instead of those asked for
	gone    bool   // whoever it was has left
	lazy    bool   // does nothing
	noPress bool
}

var errLeft = errors.New("nobody is at the bench")

func (b *bench) do(ctx context.Context, line int, actions ...string) error {
	if b.gone {
		return errLeft
	}
	if b.lazy {
		return nil
	}
	return b.board.Do(ctx, line, actions, io.Discard)
}

func (b *bench) Lift(ctx context.Context, line int) error   { return b.do(ctx, line, "offhook") }
func (b *bench) HangUp(ctx context.Context, line int) error { return b.do(ctx, line, "onhook") }

func (b *bench) PressKeys(ctx context.Context, line int, keys string) error {
	if b.keys != "" {
		keys = b.keys
	}
	return b.do(ctx, line, "dial", keys)
}

func (b *bench) Couple(ctx context.Context, line int) error {
	return b.do(ctx, line, "set", "echo=m1", "erl=20")
}

func (b *bench) SeesLamp(_ context.Context, name string) (bool, error) {
	return b.panel.OnlyLit(name), nil
}

func (b *bench) PressButton(ctx context.Context) error {
	if !b.noPress {
		b.panel.Hold(ctx, 200*time.Millisecond)
	}
	return nil
}

// dead is a lamp that does not light up.
type dead struct{}

func (dead) Set(bool) error { return nil }

// try tests a board of two lines in virtual time.
func try(t *testing.T, hardware sim.Hardware, change func(*bench)) (v factory.Verdict, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		board, failed := sim.NewBoard(sim.BoardOpts{Hardware: hardware, Lines: 2, Seed: 3})
		if failed != nil {
			t.Fatal(failed)
		}
		b := &bench{board: board, panel: panel.NewVirtual(2)}
		change(b)
		v, err = factory.Run(t.Context(), factory.Hardware{PCM: board.PCM, Lines: board.Lines, Panel: &b.panel.Panel}, b, factory.Opts{Patience: 5 * time.Second})
		for i, m := range board.Modules {
			if u := m.Misuses(); len(u) > 0 {
				t.Errorf("module %d was misused: %v", i+1, u)
			}
		}
	})
	return v, err
}

// outline is the outcomes of a verdict, a line for each line and the box.
func outline(v factory.Verdict) string {
	var b strings.Builder
	last := -1
	for _, r := range v.Results {
		if r.Line != last {
			if last = r.Line; b.Len() > 0 {
				b.WriteString(" | ")
			}
		} else {
			b.WriteString(" ")
		}
		b.WriteString(string(r.Outcome))
	}
	return b.String()
}

const allPass = "pass pass pass pass pass | pass pass pass pass pass | pass pass"

func TestSoundDevice(t *testing.T) {
	for name, hardware := range map[string]sim.Hardware{"si321x": sim.Si321x, "gpio": sim.Ag1171, "handset": sim.Handset} {
		t.Run(name, func(t *testing.T) {
			v, err := try(t, hardware, func(*bench) {})
			if err != nil || !v.Passed || outline(v) != allPass || v.Seconds < 5 || v.Seconds > 60 {
				t.Errorf("%s, passed %v in %v s, %v: %+v", outline(v), v.Passed, v.Seconds, err, v.Results)
			}
			for _, r := range v.Results {
				if r.Text == "" {
					t.Errorf("no text: %+v", r)
				}
				if s, ok := r.Figures["answer_seconds"]; ok && s > 0.3 {
					t.Errorf("ring trip after %v s, want 0.2 s and the bounce of the hook", s)
				}
			}
		})
	}
}

// TestFaultyDevice: each fault fails its step, and what does not depend on it is
// tested all the same.
func TestFaultyDevice(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*bench)
		want   string
		says   string
	}{
		{"no chip", func(b *bench) { b.board.Chips[0].Inject(model.Missing) }, "fail skip skip skip skip | pass pass pass pass pass | pass pass", "no answer from the chip"},
		{"no supply", func(b *bench) { b.board.Chips[1].Inject(model.NoBattery) }, "pass pass pass pass pass | fail skip skip skip skip | pass pass", "converter broken"},
		{"no clock", func(b *bench) { b.board.World.StopClock() }, "fail skip skip skip skip | fail skip skip skip skip | pass pass", "is the PCM clock running?"},
		{"broken wire", func(b *bench) { b.board.Phones[0].SetFaults(sim.Faults{Open: true}) }, "pass fail skip skip skip | pass pass pass pass pass | pass pass", "the lifted receiver was not noticed"},
		{"ring trip is blind", func(b *bench) { b.board.Chips[0].Inject(model.NoRingTrip) }, "pass pass fail skip skip | pass pass pass pass pass | pass pass", "not noticed while ringing"},
		{"voice does not come back", func(b *bench) {
			s := b.board.Phones[1].Settings()
			s.Echo, s.ERL = "none", 60
			b.board.Phones[1].Set(s)
		}, "pass pass pass pass pass | pass pass pass fail skip | pass pass", "voice does not pass both ways"},
		{"wrong keys", func(b *bench) { b.keys = "123" }, "pass pass pass pass fail | pass pass pass pass fail | pass pass", `heard "123" of the keys`},
		{"dead lamp", func(b *bench) { b.panel.Network = dead{} }, "pass pass pass pass pass | pass pass pass pass pass | fail pass", "not light up, or not alone: network"},
		{"dead button", func(b *bench) { b.noPress = true }, "pass pass pass pass pass | pass pass pass pass pass | pass fail", "the pressed button was not noticed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := try(t, sim.Si321x, tt.change)
			if err != nil || v.Passed || outline(v) != tt.want {
				t.Errorf("%s, passed %v, %v; want %s", outline(v), v.Passed, err, tt.want)
			}
			var said []string
			for _, r := range v.Results {
				if r.Outcome == factory.Fail {
					said = append(said, r.Text)
				}
			}
			if text := strings.Join(said, "; "); !strings.Contains(text, tt.says) {
				t.Errorf("said %q, want %q", text, tt.says)
			}
		})
	}
}

// TestNobodyAtTheBench: a bench that gives up ends the test, one that does
// nothing fails the device.
func TestNobodyAtTheBench(t *testing.T) {
	v, err := try(t, sim.Si321x, func(b *bench) { b.gone = true })
	if !errors.Is(err, errLeft) || v.Passed {
		t.Errorf("passed %v, %v", v.Passed, err)
	}
	v, err = try(t, sim.Si321x, func(b *bench) { b.lazy = true })
	if want := "pass fail skip skip skip | pass fail skip skip skip | pass pass"; err != nil || outline(v) != want {
		t.Errorf("%s, %v; want %s", outline(v), err, want)
	}
}

func TestEndedTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board, err := sim.NewBoard(sim.BoardOpts{Lines: 1})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		v, err := factory.Run(ctx, factory.Hardware{PCM: board.PCM, Lines: board.Lines}, &bench{board: board, lazy: true}, factory.Opts{})
		if !errors.Is(err, context.DeadlineExceeded) || v.Passed {
			t.Errorf("passed %v, %v", v.Passed, err)
		}
	})
	if _, err := factory.Run(t.Context(), factory.Hardware{}, nil, factory.Opts{}); err == nil {
		t.Error("no hardware was tested")
	}
}
