package contact

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
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
				edges := make(chan hal.Edge, 8)
				if err := Watch(ctx, pin, edges); err != nil {
					t.Fatal(err)
				}
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
	if err := Watch(t.Context(), failing{}, make(chan hal.Edge)); !errors.Is(err, errPin) {
		t.Errorf("Watch = %v, want %v", err, errPin)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Watch(ctx, failing{}, nil); err != nil {
		t.Errorf("Watch after the end of ctx = %v", err)
	}
}
