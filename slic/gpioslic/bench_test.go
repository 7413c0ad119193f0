package gpioslic_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
	"github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
)

const ms = time.Millisecond

// bench is a port at work in a bubble.
type bench struct {
	*testing.T
	dev    *gpioslic.Dev
	module *model.Module
	phone  *slictest.Telephone
	events chan slic.Event
	log    bytes.Buffer
	mu     sync.Mutex
	volts  []float64 // of the pair, one per millisecond

	forgive bool // the module could not be treated well
}

var errOver = errors.New("the test is over")

// setup is what a bench is made of.
type setup struct {
	model model.Opts
	opts  gpioslic.Opts
	pins  func(*model.Module) gpioslic.Pins // [allPins]
	phone *slictest.Telephone               // [400 ohm, 1 REN]
}

// onBench runs f with a port that runs, and checks that Run ends well and that
// the module has nothing to complain of.
func onBench(t *testing.T, s setup, f func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if s.pins == nil {
			s.pins = allPins
		}
		if s.phone == nil {
			s.phone = slictest.NewTelephone(400, 1)
		}
		b := &bench{T: t, phone: s.phone, events: make(chan slic.Event, 1000)}
		s.model.Pair = s.phone
		b.module = model.New(s.model)
		s.opts.Logger = slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		var err error
		if b.dev, err = gpioslic.New(s.pins(b.module), s.opts); err != nil {
			t.Fatal(err)
		}
		halt := make(chan struct{})
		var world sync.WaitGroup
		world.Go(func() { b.turn(halt) })
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.dev.Run(ctx, func(e slic.Event) { b.events <- e }) }()
		defer func() {
			cancel(errOver)
			if err := <-ended; !errors.Is(err, errOver) {
				t.Errorf("Run = %v, want the cause of the end", err)
			}
			time.Sleep(5 * ms)
			close(halt)
			world.Wait()
			if !b.forgive {
				blameless(t, b.module)
			}
		}()
		f(b)
	})
}

// turn runs the module by the millisecond.
func (b *bench) turn(halt chan struct{}) {
	tick := time.NewTicker(ms)
	defer tick.Stop()
	for {
		select {
		case <-halt:
			return
		case now := <-tick.C:
			for i := range 8 {
				b.module.Frame(now.Add(time.Duration(i-8)*model.FrameTime), nil, nil)
			}
			b.mu.Lock()
			d := b.phone.Drive()
			if d.Open {
				d.Volts = 0
			}
			b.volts = append(b.volts, d.Volts)
			b.mu.Unlock()
		}
	}
}

// want waits for an event of a kind; Notes come only when asked for.
func (b *bench) want(kind slic.EventKind, limit time.Duration) slic.Event {
	b.Helper()
	late := time.After(limit)
	for {
		select {
		case e := <-b.events:
			switch {
			case e.Kind == kind:
				return e
			case e.Kind != slic.Note:
				b.Fatalf("event %v (%v), want %v", e.Kind, e.Err, kind)
			}
		case <-late:
			b.Fatalf("no %v within %v", kind, limit)
		}
	}
}

// wantNote waits for a Note with a text.
func (b *bench) wantNote(text string, limit time.Duration) {
	b.Helper()
	if e := b.want(slic.Note, limit); !strings.Contains(e.Err.Error(), text) {
		b.Errorf("note %q, want %q", e.Err, text)
	}
}

// quiet checks that nothing but Notes is reported for d.
func (b *bench) quiet(d time.Duration) {
	b.Helper()
	over := time.After(d)
	for {
		select {
		case e := <-b.events:
			if e.Kind != slic.Note {
				b.Fatalf("event %v (%v), want none for %v", e.Kind, e.Err, d)
			}
		case <-over:
			return
		}
	}
}

// feed asks for a feed and waits until the hook can be told again.
func (b *bench) feed(f slic.Feed) {
	b.Helper()
	b.dev.SetFeed(f)
	b.quiet(300 * ms)
}

// ready waits until the port is up and feeds it.
func (b *bench) ready() {
	b.Helper()
	b.want(slic.Ready, 10*ms)
	b.feed(slic.Forward)
}

// voltage returns the last n milliseconds of the pair.
func (b *bench) voltage(n int) []float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]float64(nil), b.volts[len(b.volts)-n:]...)
}

// ringing measures the next second: rms voltage, 0 when its sign does not
// change, and frequency.
func (b *bench) ringing() (volts, hertz float64) {
	const n = 1000
	time.Sleep(n * ms)
	v := b.voltage(n)
	var sum float64
	first, last, cycles := 0, 0, 0
	for i := range v {
		sum += v[i] * v[i]
		if i == 0 || v[i-1] >= 0 || v[i] < 0 {
			continue
		}
		if first == 0 {
			first = i
		} else {
			cycles++
		}
		last = i
	}
	if cycles == 0 {
		return 0, 0
	}
	return math.Sqrt(sum / n), float64(cycles) * n / float64(last-first)
}
