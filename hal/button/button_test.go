package button

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

// pin is a button whose edges a test makes.
type pin struct {
	gpio.PinIn // what the button does not use
	edges      chan hal.Edge
	fail       error
}

func newPin() *pin { return &pin{edges: make(chan hal.Edge, 16)} }

func (p *pin) In(gpio.Pull, gpio.Edge) error { return p.fail }

func (p *pin) ReadEdge(ctx context.Context) (hal.Edge, error) {
	select {
	case e, ok := <-p.edges:
		if !ok {
			return e, errors.New("pin is gone")
		}
		return e, nil
	case <-ctx.Done():
		return hal.Edge{}, context.Cause(ctx)
	}
}

func (p *pin) set(level gpio.Level) { p.edges <- hal.Edge{At: time.Now(), Level: level} }

// journal notes what it is told, with the second.
type journal struct {
	begin time.Time
	log   []string
}

func (j *journal) Armed(a Action)    { j.note("armed", a) }
func (j *journal) Released(a Action) { j.note("released", a) }

func (j *journal) note(what string, a Action) {
	j.log = append(j.log, fmt.Sprintf("%.1f %s %v", time.Since(j.begin).Seconds(), what, a))
}

func TestButton(t *testing.T) {
	for _, tt := range []struct {
		name string
		held time.Duration
		want []string
	}{
		{"short", 200 * time.Millisecond, []string{"1.0 armed press", "1.2 armed nothing", "1.2 released press"}},
		{"just too short", 4900 * time.Millisecond, []string{"1.0 armed press", "5.9 armed nothing", "5.9 released press"}},
		{"restart", 6 * time.Second, []string{"1.0 armed press", "6.0 armed restart", "7.0 armed nothing", "7.0 released restart"}},
		{"factory reset", 11 * time.Second, []string{
			"1.0 armed press", "6.0 armed restart", "11.0 armed factory reset",
			"12.0 armed nothing", "12.0 released factory reset",
		}},
		{"jammed", time.Hour, []string{
			"1.0 armed press", "6.0 armed restart", "11.0 armed factory reset",
			"31.0 armed nothing", "3601.0 armed nothing",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, j := newPin(), &journal{begin: time.Now()}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- Run(ctx, p, Opts{}, j) }()
				p.set(gpio.Low) // it was down when Run began
				time.Sleep(time.Second)
				p.set(gpio.High)
				time.Sleep(tt.held)
				p.set(gpio.Low)
				time.Sleep(time.Minute)
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if !slices.Equal(j.log, tt.want) {
					t.Errorf("told %q, want %q", j.log, tt.want)
				}
			})
		})
	}
}

// A program that was late judges by the edges' own times.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, j := newPin(), &journal{begin: time.Now()}
		p.set(gpio.High)
		time.Sleep(2 * time.Second)
		p.set(gpio.Low)
		time.Sleep(20 * time.Second)
		close(p.edges)
		if err := Run(t.Context(), p, Opts{}, j); err == nil {
			t.Error("Run without a pin returned nil")
		}
		if got := j.log[len(j.log)-1]; got != "22.0 released press" {
			t.Errorf("told %q", j.log)
		}
	})
}

func TestRunErrors(t *testing.T) {
	p := newPin()
	p.fail = errors.New("no such line")
	if err := Run(t.Context(), p, Opts{}, &journal{}); !errors.Is(err, p.fail) {
		t.Errorf("Run = %v, want %v", err, p.fail)
	}
	if err := Run(t.Context(), newPin(), Opts{Restart: time.Minute}, &journal{}); err == nil {
		t.Error("times that do not grow are taken")
	}
}
