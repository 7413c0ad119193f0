//go:build linux

package gpio

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// limit is for what happens at once, on a busy machine.
const limit = 10 * time.Second

// Edges come in order with the kernel's times, whose distances are exact.
func TestReadEdge(t *testing.T) {
	k, fake, l := bench(t, "INT", Opts{})
	if err := l.In(gpio.PullUp, gpio.BothEdges); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	now := k.monotonic()
	gaps := []time.Duration{0, 1, 125 * time.Microsecond, 20 * time.Millisecond, time.Hour}
	level := gpio.Low
	for _, d := range gaps {
		k.edge(t, fake, level, now+int64(d))
		level = !level
	}
	level = gpio.Low
	var first time.Time
	for i, d := range gaps {
		e, err := l.ReadEdge(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = e.At
		}
		if got := e.At.Sub(first); got != d || e.Level != level {
			t.Errorf("edge %d: %v after the first to %v, want %v to %v", i, got, e.Level, d, level)
		}
		level = !level
	}
	if off := first.Sub(begin); off < -limit || off > limit {
		t.Errorf("the first edge is %v from now", off)
	}
	if first.Round(0).Equal(first) && first.String() == first.Round(0).String() {
		t.Error("the time of an edge has no monotonic reading")
	}
}

// The clock is right to far less than a millisecond.
func TestClock(t *testing.T) {
	c := newClock(system{}.monotonic)
	for range 100 {
		before := time.Now()
		stamp := system{}.monotonic()
		after := time.Now()
		at := c.time(stamp)
		const slack = 50 * time.Microsecond
		if at.Before(before.Add(-slack)) || at.After(after.Add(slack)) {
			t.Errorf("stamp between %v and %v became %v", before, after, at)
		}
	}
}

// Edges from before a configuration do not count.
func TestInForgetsEdges(t *testing.T) {
	k, fake, l := bench(t, "INT", Opts{})
	if err := l.In(gpio.PullUp, gpio.BothEdges); err != nil {
		t.Fatal(err)
	}
	k.edge(t, fake, gpio.Low, k.monotonic())
	if err := l.In(gpio.PullUp, gpio.FallingEdge); err != nil {
		t.Fatal(err)
	}
	at := k.monotonic()
	k.edge(t, fake, gpio.Low, at)
	e, err := l.ReadEdge(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if want := l.chips.clock.time(at); e.At.Sub(want).Abs() > time.Microsecond {
		t.Errorf("edge of %v, want the one of %v", e.At, want)
	}
	if l.WaitForEdge(0) {
		t.Error("there is another edge")
	}
}

func TestWaitForEdgeTimeout(t *testing.T) {
	k, fake, l := bench(t, "INT", Opts{})
	if err := l.In(gpio.PullUp, gpio.FallingEdge); err != nil {
		t.Fatal(err)
	}
	if l.WaitForEdge(0) {
		t.Error("an edge from nowhere")
	}
	begin := time.Now()
	if l.WaitForEdge(20*time.Millisecond) || time.Since(begin) < 20*time.Millisecond {
		t.Errorf("a wait of 20 ms ended after %v", time.Since(begin))
	}
	time.AfterFunc(5*time.Millisecond, func() { k.edge(t, fake, gpio.Low, k.monotonic()) })
	if !l.WaitForEdge(-1) {
		t.Error("a wait without end missed the edge")
	}
}

// Every way to end a wait does so, both before and while it waits.
func TestWaitEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*Line, context.CancelFunc) error
		want error
	}{
		{"cancel", func(_ *Line, cancel context.CancelFunc) error { cancel(); return nil }, context.Canceled},
		{"In", func(l *Line, _ context.CancelFunc) error { return l.In(gpio.PullUp, gpio.BothEdges) }, errInterrupted},
		{"Out", func(l *Line, _ context.CancelFunc) error { return l.Out(gpio.Low) }, nil},
		{"Halt", func(l *Line, _ context.CancelFunc) error { return l.Halt() }, errInterrupted},
		{"Close", func(l *Line, _ context.CancelFunc) error { return l.Close() }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, l := bench(t, "INT", Opts{})
			if err := l.In(gpio.PullUp, gpio.BothEdges); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			ended := make(chan error, 1)
			go func() { _, err := l.ReadEdge(ctx); ended <- err }()
			// A wait that has not begun is not ended: try until it has.
			for begin := time.Now(); ; {
				if err := tt.end(l, cancel); err != nil && !errors.Is(err, errClosed) {
					t.Fatal(err)
				}
				select {
				case err := <-ended:
					if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
						t.Errorf("ReadEdge = %v, want %v", err, tt.want)
					}
					return
				case <-time.After(2 * time.Millisecond):
					if time.Since(begin) > limit {
						t.Fatal("the wait does not end")
					}
				}
			}
		})
	}
}

// A cancelled wait takes no edge with it.
func TestCancelLosesNothing(t *testing.T) {
	k, fake, l := bench(t, "INT", Opts{})
	if err := l.In(gpio.PullUp, gpio.BothEdges); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	k.edge(t, fake, gpio.Low, k.monotonic())
	if e, err := l.ReadEdge(cancelled); err != nil || e.Level != gpio.Low {
		t.Errorf("ReadEdge = %v, %v, want the edge that is there", e, err)
	}
	if _, err := l.ReadEdge(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadEdge = %v with nothing left", err)
	}
	k.edge(t, fake, gpio.High, k.monotonic())
	if !l.WaitForEdge(limit) {
		t.Error("the next edge is lost")
	}
}

func TestReadEdgeNeedsEdges(t *testing.T) {
	_, _, l := bench(t, "INT", Opts{})
	for _, set := range []func(*Line) error{
		func(*Line) error { return nil },
		in(gpio.PullUp, gpio.NoEdge),
		func(l *Line) error { return l.Out(gpio.High) },
	} {
		if err := set(l); err != nil {
			t.Fatal(err)
		}
		if _, err := l.ReadEdge(context.Background()); !errors.Is(err, errNotInput) {
			t.Errorf("ReadEdge = %v, want %v", err, errNotInput)
		}
	}
}

// Several goroutines may use a line in every way at once.
func TestConcurrentUse(t *testing.T) {
	k, fake, l := bench(t, "INT", Opts{Debounce: time.Millisecond})
	if err := l.In(gpio.PullUp, gpio.BothEdges); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	for _, f := range []func(){
		func() { _, _ = l.ReadEdge(ctx) },
		func() { l.WaitForEdge(time.Millisecond) },
		func() { l.Read() },
		func() { _ = l.Halt() },
		func() { _ = l.In(gpio.PullUp, gpio.BothEdges); time.Sleep(100 * time.Microsecond) },
		func() {
			k.edge(t, fake, gpio.Low, k.monotonic())
			k.edge(t, fake, gpio.High, k.monotonic())
			time.Sleep(100 * time.Microsecond)
		},
	} {
		all.Go(func() {
			for ctx.Err() == nil {
				f()
			}
		})
	}
	all.Wait()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// A contact that bounces gives one edge, at the time of its first touch.
func TestLineDebounce(t *testing.T) {
	k, fake, l := bench(t, "INT", Opts{Debounce: 5 * time.Millisecond})
	k.mu.Lock()
	fake.level = true
	k.mu.Unlock()
	if err := l.In(gpio.PullUp, gpio.FallingEdge); err != nil {
		t.Fatal(err)
	}
	first := k.monotonic()
	for i, level := range []gpio.Level{gpio.Low, gpio.High, gpio.Low} {
		k.edge(t, fake, level, first+int64(i)*int64(time.Millisecond))
	}
	e, err := l.ReadEdge(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if want := l.chips.clock.time(first); e.Level != gpio.Low || e.At.Sub(want).Abs() > time.Microsecond {
		t.Errorf("edge %v %v after the first touch, want Low, 0", e.Level, e.At.Sub(want))
	}
	// The release was not asked for.
	k.edge(t, fake, gpio.High, k.monotonic())
	if l.WaitForEdge(20 * time.Millisecond) {
		t.Error("the release counts")
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add(make([]byte, eventBytes))
	f.Add([]byte{8: eventRising, eventBytes - 1: 0})
	f.Fuzz(func(t *testing.T, p []byte) {
		e, stamp, err := parseEvent(p)
		if err == nil && (len(p) != eventBytes || p[8] != eventRising && p[8] != eventFalling) {
			t.Errorf("parseEvent(%x) = %v, %d", p, e, stamp)
		}
	})
}
