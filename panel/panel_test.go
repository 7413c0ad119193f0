package panel

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/hal/button"
	"github.com/ata-agent/ata-agent/hal/led"
)

func TestMeanings(t *testing.T) {
	ok := Line{Up: true, Registers: true, Registered: true}
	change := func(f func(*Line)) Line {
		l := ok
		f(&l)
		return l
	}
	for _, tt := range []struct {
		name                    string
		state                   State
		power, network, message Pattern
		lines                   []Pattern
	}{
		{"all is well", State{true, []Line{ok, ok}}, Lit, Lit, Dark, []Pattern{Dark, Dark}},
		{"no clock", State{false, []Line{{}, {}}}, Fast, Dark, Dark, []Pattern{Wink, Wink}},
		{"a port is lost", State{true, []Line{ok, change(func(l *Line) { l.Up = false })}}, Slow, Lit, Dark, []Pattern{Dark, Wink}},
		{"one not registered", State{true, []Line{ok, change(func(l *Line) { l.Registered = false })}}, Lit, Slow, Dark, []Pattern{Dark, Dark}},
		{"none registered", State{true, []Line{change(func(l *Line) { l.Registered = false })}}, Lit, Fast, Dark, []Pattern{Dark}},
		{"no account", State{true, []Line{{Up: true}}}, Lit, Dark, Dark, []Pattern{Dark}},
		{"talks, rings, has mail", State{true, []Line{
			change(func(l *Line) { l.OffHook = true }),
			change(func(l *Line) { l.Ringing, l.Messages = true, true }),
		}}, Lit, Lit, Slow, []Pattern{Lit, Fast}},
		{"a lamp without line", State{true, nil}, Lit, Dark, Dark, []Pattern{Dark}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.state
			if got, want := [3]Pattern{s.power(), s.network(), s.message()}, [3]Pattern{tt.power, tt.network, tt.message}; got != want {
				t.Errorf("power, network, message = %v, want %v", got, want)
			}
			for i, want := range tt.lines {
				if got := s.line(i); got != want {
					t.Errorf("line %d = %v, want %v", i+1, got, want)
				}
			}
		})
	}
}

// bench is a virtual panel that runs in a bubble.
type bench struct {
	*Virtual
	mu    sync.Mutex
	state State
	acts  []button.Action
	log   bytes.Buffer
}

// Write takes the log.
func (b *bench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func (b *bench) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

func (b *bench) did() []button.Action {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.acts)
}

func (b *bench) now() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return State{b.state.Clock, slices.Clone(b.state.Lines)}
}

func (b *bench) act(a button.Action) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.acts = append(b.acts, a)
}

func (b *bench) line(set func(*Line)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	set(&b.state.Lines[0])
}

func inBubble(t *testing.T, prepare func(*bench), f func(ctx context.Context, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{Virtual: NewVirtual(1), state: State{Clock: true, Lines: []Line{{Up: true}}}}
		prepare(b)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := b.Run(ctx, Opts{State: b.now, Act: b.act, Logger: slog.New(slog.NewTextHandler(b, nil))}); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(100 * time.Millisecond)
		f(ctx, b)
		cancel()
		running.Wait()
		for i, l := range append([]led.Light{b.Power, b.Network, b.Message}, b.Lines...) {
			if m, ok := l.(*Memory); ok && m.Lit() {
				t.Errorf("lamp %d is lit after the end", i)
			}
		}
	})
}

func (b *bench) shows(t *testing.T, want string) {
	t.Helper()
	var got []string
	for _, l := range b.Lamps() {
		got = append(got, l.Name+" "+l.Pattern)
	}
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("lamps show %q, want %q", text, want)
	}
}

func TestLampsFollow(t *testing.T) {
	inBubble(t, func(*bench) {}, func(_ context.Context, b *bench) {
		b.shows(t, "power lit, network dark, message dark, line 1 dark")
		if !b.Power.(*Memory).Lit() || b.Lines[0].(*Memory).Lit() {
			t.Error("lights are not what the lamps show")
		}
		b.line(func(l *Line) { l.OffHook = true })
		time.Sleep(2 * period)
		b.shows(t, "power lit, network dark, message dark, line 1 lit")
		if !b.Lines[0].(*Memory).Lit() {
			t.Error("the lamp of the line is dark")
		}
	})
}

// TestButton: what the release would do is to be seen at every lamp, and done
// at the release alone.
func TestButton(t *testing.T) {
	for _, tt := range []struct {
		held time.Duration
		seen string // of every lamp, before the release
		want button.Action
	}{
		{time.Second, "lit", button.Press},
		{6 * time.Second, "slow", button.Restart},
		{11 * time.Second, "fast", button.FactoryReset},
		{31 * time.Second, "lit", button.Nothing},
	} {
		t.Run(tt.held.String(), func(t *testing.T) {
			inBubble(t, func(*bench) {}, func(ctx context.Context, b *bench) {
				var holding sync.WaitGroup
				holding.Go(func() { b.Hold(ctx, tt.held) })
				time.Sleep(tt.held - 100*time.Millisecond)
				if got := b.Lamps()[0].Pattern; got != tt.seen || len(b.did()) != 0 {
					t.Errorf("while held: lamp %s, did %v; want %s and nothing yet", got, b.did(), tt.seen)
				}
				holding.Wait()
				time.Sleep(period)
				b.shows(t, "power lit, network dark, message dark, line 1 dark")
				want := []button.Action{tt.want}
				if tt.want == button.Nothing {
					want = nil // the button is jammed
				}
				if got := b.did(); !slices.Equal(got, want) {
					t.Errorf("did %v, want %v", got, want)
				}
			})
		})
	}
}

// broken is a lamp whose wire is off.
type broken struct{}

func (broken) Set(bool) error { return errors.New("wire is off") }

func TestBrokenLamp(t *testing.T) {
	inBubble(t, func(b *bench) { b.Network = broken{} }, func(_ context.Context, b *bench) {
		b.line(func(l *Line) { l.Registers = true })
		time.Sleep(time.Minute)
		b.line(func(l *Line) { l.Registered = true })
		time.Sleep(time.Second)
		if got := strings.Count(b.logged(), "wire is off"); got != 1 {
			t.Errorf("a broken lamp is reported %d times, want once:\n%s", got, b.logged())
		}
		if !b.Power.(*Memory).Lit() {
			t.Error("the other lamps went out with it")
		}
	})
}

func TestRunWantsOptions(t *testing.T) {
	if err := NewVirtual(1).Run(t.Context(), Opts{}); err == nil {
		t.Error("Run works without State and Act")
	}
}
