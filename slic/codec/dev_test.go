package codec_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/codec"
	"github.com/ata-agent/ata-agent/slic/codec/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
)

// world is a port that runs in a bubble.
type world struct {
	circuit *model.Circuit
	phone   *slictest.Telephone
	dev     *codec.Dev
	mu      sync.Mutex
	events  []slic.Event
}

// take returns what was reported since it was called last, and the errors.
func (w *world) take() (kinds string, errs string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var k, e []string
	for _, ev := range w.events {
		k = append(k, ev.Kind.String())
		if ev.Err != nil {
			e = append(e, ev.Err.Error())
		}
	}
	w.events = nil
	return strings.Join(k, ", "), strings.Join(e, "; ")
}

func run(t *testing.T, modes codec.Modes, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{phone: slictest.NewTelephone(400, 1)}
		w.circuit = model.New(model.Opts{Pair: w.phone})
		var err error
		if w.dev, err = codec.New(codec.Pins{Hook: w.circuit.Hook(), Mode: w.circuit.Mode()}, codec.Opts{Modes: modes}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended, halt := make(chan error), make(chan struct{})
		go func() {
			ended <- w.dev.Run(ctx, func(e slic.Event) {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.events = append(w.events, e)
			})
		}()
		var frames sync.WaitGroup
		frames.Go(func() {
			for tick := time.NewTicker(time.Millisecond); ; {
				select {
				case <-halt:
					tick.Stop()
					return
				case <-tick.C:
					for range 8 {
						w.circuit.Frame()
					}
				}
			}
		})
		time.Sleep(100 * time.Millisecond)
		f(w)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
		close(halt)
		frames.Wait()
	})
}

// TestModesInBetween checks that the circuit passes only through modes that have
// the common ones of both codes.
func TestModesInBetween(t *testing.T) {
	run(t, all, func(w *world) {
		for _, f := range []slic.Feed{slic.Forward, slic.Ringing, slic.OnHookTransmitRev, slic.Reverse, slic.Open} {
			w.dev.SetFeed(f)
			time.Sleep(300 * time.Millisecond)
		}
		want := []int{0b010, 0b000, 0b001, 0b101, 0b111, 0b110, 0b010, 0b000}
		if got := w.circuit.History(); !slices.Equal(got, want) {
			t.Errorf("modes %03b, want %03b", got, want)
		}
	})
}

// TestTrouble has the bus fail and come back, with the handset lifted meanwhile.
func TestTrouble(t *testing.T) {
	run(t, all, func(w *world) {
		w.dev.SetFeed(slic.Forward)
		time.Sleep(time.Second)
		w.circuit.Fail(true)
		w.dev.SetFeed(slic.OnHookTransmit)
		w.phone.Lift()
		time.Sleep(30 * time.Second)
		w.circuit.Fail(false)
		time.Sleep(15 * time.Second)
		if got, errs := w.take(); got != "ready, lost, ready, offhook" || !strings.Contains(errs, "codec: set mode pin C1: model: pin does not answer") {
			t.Errorf("events: %s; %s", got, errs)
		}
	})
}

func TestNotes(t *testing.T) {
	run(t, least, func(w *world) {
		for range 3 {
			w.dev.SetFeed(slic.Open)
			if err := w.dev.Configure(slic.Electrical{RingVoltage: 60 * physic.Volt}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		got, errs := w.take()
		if got != "ready, note, note" || !strings.Contains(errs, "cannot open the loop") || !strings.Contains(errs, "are the board's") {
			t.Errorf("events: %s; %s", got, errs)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	c := model.New(model.Opts{})
	pins := codec.Pins{Hook: c.Hook(), Mode: c.Mode()}
	with := func(f func(*codec.Modes)) codec.Opts {
		m := all
		f(&m)
		return codec.Opts{Modes: m}
	}
	for _, tt := range []struct {
		name string
		pins codec.Pins
		opts codec.Opts
		want string
	}{
		{"no detector", codec.Pins{Mode: c.Mode()}, codec.Opts{Modes: all}, "must be wired"},
		{"no mode pins", codec.Pins{Hook: c.Hook()}, codec.Opts{Modes: all}, "must be wired"},
		{"no ringing", pins, with(func(m *codec.Modes) { m.Ringing = "" }), "forward and ringing must be given"},
		{"short code", pins, with(func(m *codec.Modes) { m.Reverse = "11" }), `mode reverse is "11", want a 0 or 1 for each of 3 mode pins`},
		{"odd code", pins, with(func(m *codec.Modes) { m.Open = "0x0" }), `mode open is "0x0"`},
		{"ringing as feeding", pins, with(func(m *codec.Modes) { m.Ringing = "010" }), `modes forward and ringing are both "010"`},
		{"open as feeding", pins, with(func(m *codec.Modes) { m.Open = "010" }), `modes open and forward are both "010"`},
		{"debounce", pins, codec.Opts{Modes: all, HookDebounce: time.Second}, "HookDebounce"},
		{"poll", pins, codec.Opts{Modes: all, Poll: time.Second}, "Poll"},
	} {
		if _, err := codec.New(tt.pins, tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	if _, err := codec.New(pins, with(func(m *codec.Modes) { m.OnHookTransmit = m.Forward })); err != nil {
		t.Errorf("a circuit whose audio always runs: %v", err)
	}
}
