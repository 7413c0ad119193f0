package si321x_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
)

// setup is what a test wants of the port under test.
type setup struct {
	model  model.Opts
	opts   si321x.Opts
	phone  *slictest.Telephone
	faults []model.Fault // from the start
	pins   func(*model.Chip) si321x.Pins
	port   func(spi.Port) spi.Port // wraps the bus
	lifted bool
}

// bench is a driver on its model with its highway, events and log.
type bench struct {
	*testing.T
	chip   *model.Chip
	dev    *si321x.Dev
	phone  *slictest.Telephone
	events chan slic.Event
	done   sync.WaitGroup
	stuck  atomic.Bool // the highway does not run

	mu  sync.Mutex
	log bytes.Buffer
}

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

// inBubble runs f with a running port in a synctest bubble.
func inBubble(t *testing.T, s setup, f func(*bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, s)
		ctx, cancel := context.WithCancel(context.Background())
		b.start(ctx)
		defer b.done.Wait()
		defer cancel()
		f(b)
	})
}

func newBench(t *testing.T, s setup) *bench {
	if s.phone == nil {
		s.phone = slictest.NewTelephone(400, 1)
	}
	if s.pins == nil {
		s.pins = allPins
	}
	if s.port == nil {
		s.port = func(p spi.Port) spi.Port { return p }
	}
	if s.lifted {
		s.phone.Lift()
	}
	b := &bench{T: t, phone: s.phone, events: make(chan slic.Event, 4096)}
	s.model.Pair = s.phone
	b.chip = model.New(s.model)
	for _, f := range s.faults {
		b.chip.Inject(f)
	}
	s.opts.Logger = slog.New(slog.NewTextHandler(b, nil))
	var err error
	if b.dev, err = si321x.New(s.port(b.chip.SPI()), s.pins(b.chip), s.opts); err != nil {
		t.Fatal(err)
	}
	return b
}

// start runs the highway in steps of 1 ms and the driver. The highway's blocks
// end between the driver's own times, so that every run is the same.
func (b *bench) start(ctx context.Context) {
	b.done.Go(func() {
		time.Sleep(300 * time.Microsecond)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		frame := make([]byte, 4)
		for ctx.Err() == nil {
			now := <-tick.C
			for i := 0; i < 8 && !b.stuck.Load(); i++ {
				b.chip.Frame(now.Add(time.Duration(i-8)*model.FrameTime), frame, frame)
			}
		}
	})
	b.done.Go(func() { _ = b.dev.Run(ctx, func(e slic.Event) { b.events <- e }) })
}

// want waits for the next event, which must be of a kind and have an error that
// says text. It returns the event and how long it took.
func (b *bench) want(kind slic.EventKind, text string, limit time.Duration) (slic.Event, time.Duration) {
	b.Helper()
	begin := time.Now()
	select {
	case e := <-b.events:
		if e.Kind != kind || text != "" && (e.Err == nil || !strings.Contains(e.Err.Error(), text)) {
			b.Fatalf("event %v (%v), want %v (%s)", e.Kind, e.Err, kind, text)
		}
		if text != "" && !strings.Contains(b.logged(), text) {
			b.Errorf("the log does not say %q:\n%s", text, b.logged())
		}
		return e, time.Since(begin)
	case <-time.After(limit):
		b.Fatalf("no event within %v, want %v (%s); log:\n%s", limit, kind, text, b.logged())
	}
	return slic.Event{}, 0
}

// quiet checks that no event comes for d.
func (b *bench) quiet(d time.Duration) {
	b.Helper()
	select {
	case e := <-b.events:
		b.Fatalf("event %v (%v), want none for %v", e.Kind, e.Err, d)
	case <-time.After(d):
	}
}

// fed waits for the port and feeds it.
func (b *bench) fed() {
	b.Helper()
	b.want(slic.Ready, "", 10*time.Second)
	b.dev.SetFeed(slic.Forward)
	b.quiet(300 * time.Millisecond)
}

// works checks that the hook is reported within limit.
func (b *bench) works(limit time.Duration) {
	b.Helper()
	b.phone.Lift()
	if _, took := b.want(slic.OffHook, "", time.Second); took > limit {
		b.Errorf("off hook reported after %v, want %v", took, limit)
	}
	b.quiet(100 * time.Millisecond)
	b.phone.Hang()
	if _, took := b.want(slic.OnHook, "", time.Second); took > limit {
		b.Errorf("on hook reported after %v, want %v", took, limit)
	}
	b.quiet(100 * time.Millisecond)
}
