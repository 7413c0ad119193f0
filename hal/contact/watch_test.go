package contact

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	gpiomodel "github.com/ata-agent/ata-agent/hal/gpio/model"
)

// scripted is a pin whose level changes at the given times.
type scripted struct {
	gpio.PinIn
	begin   time.Time
	changes []time.Duration
	edges   bool // WaitForEdge works
}

func (p *scripted) Read() gpio.Level {
	level := gpio.Low
	for _, at := range p.changes {
		if time.Since(p.begin) >= at {
			level = !level
		}
	}
	return level
}

func (p *scripted) WaitForEdge(timeout time.Duration) bool {
	if !p.edges {
		return false
	}
	for _, at := range p.changes {
		if left := at - time.Since(p.begin); left > 0 && left <= timeout {
			time.Sleep(left)
			return true
		}
	}
	time.Sleep(timeout)
	return false
}

// failing is an EdgePin that breaks.
type failing struct{ gpio.PinIn }

var errPin = errors.New("broken")

func (failing) ReadEdge(context.Context) (hal.Edge, error) { return hal.Edge{}, errPin }

func TestWatch(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name  string
		edges bool
		late  time.Duration // most that an edge may be
	}{{"pin with edges", true, 0}, {"pin without", false, poll}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				changes := []time.Duration{31 * ms, 95*ms + ms/2, 700 * ms}
				pin := &scripted{begin: time.Now(), changes: changes, edges: tt.edges}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				w := NewWatcher(pin, 8)
				if err := w.Run(ctx); err != nil {
					t.Fatal(err)
				}
				edges := w.Edges
				if len(edges) != len(changes) {
					t.Fatalf("%d edges, want %d", len(edges), len(changes))
				}
				for i, at := range changes {
					e := <-edges
					if late := e.At.Sub(pin.begin) - at; late < 0 || late > tt.late || e.Level != gpio.Level(i%2 == 0) {
						t.Errorf("edge %d is %v %v late", i, e.Level, late)
					}
				}
			})
		})
	}
}

func TestWatchReportsAPinThatFails(t *testing.T) {
	if err := NewWatcher(failing{}, 1).Run(t.Context()); !errors.Is(err, errPin) {
		t.Errorf("Run = %v, want %v", err, errPin)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := NewWatcher(failing{}, 1).Run(ctx); err != nil {
		t.Errorf("Run after the end of ctx = %v", err)
	}
}

// kept is an EdgePin whose edges come from a queue as the kernel's.
type kept struct {
	gpio.PinIn
	gpiomodel.Edges
}

func (p *kept) WaitForEdge(timeout time.Duration) bool { return p.Edges.WaitForEdge(timeout) }

// Drain is answered when all edges that the pin has are there, as often as it is
// asked, and costs no time.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := &kept{}
		pin.Listen(gpio.BothEdges)
		ctx, cancel := context.WithCancel(t.Context())
		w := NewWatcher(pin, 64)
		w.Drain() // before it runs
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }()
		<-w.Drained
		begin := time.Now()
		for n := range 20 {
			for i := range n {
				pin.Record(hal.Edge{At: begin, Level: i%2 == 0})
			}
			w.Drain()
			<-w.Drained
			if got := len(w.Edges); got != n {
				t.Errorf("%d edges after Drain, want %d", got, n)
			}
			for range len(w.Edges) {
				<-w.Edges
			}
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("it took %v", took)
		}
		synctest.Wait()
		if len(w.Drained) != 0 {
			t.Error("an answer nobody asked for")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
