package led

import (
	"context"
	"time"
)

// Pattern is how a lamp is lit. It is steady when either time is zero: dark
// without On, lit without Off.
type Pattern struct{ On, Off time.Duration }

// Patterns of a device with one lamp per line.
var (
	Dark = Pattern{}
	Lit  = Pattern{On: time.Second}
	Slow = Pattern{On: time.Second, Off: time.Second}
	Fast = Pattern{On: 100 * time.Millisecond, Off: 100 * time.Millisecond}
	Wink = Pattern{On: 50 * time.Millisecond, Off: 1950 * time.Millisecond}
)

// Lamp shows patterns on a light.
type Lamp struct {
	light Light
	next  chan Pattern
}

// NewLamp returns a dark lamp.
func NewLamp(light Light) *Lamp { return &Lamp{light: light, next: make(chan Pattern, 1)} }

// Show changes the pattern. It never blocks; of several in quick succession the
// last one counts. It may be called by one goroutine.
func (l *Lamp) Show(p Pattern) {
	select {
	case <-l.next: // not taken up yet, and out of date
	default:
	}
	l.next <- p
}

// Run lights the lamp until ctx ends and leaves it dark. It returns the error of
// the light, or nil when ctx has ended.
func (l *Lamp) Run(ctx context.Context) error {
	for p := Dark; ; {
		var err error
		if p, err = l.show(ctx, p); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return l.light.Set(false)
		}
	}
}

// show lights one pattern until there is another.
func (l *Lamp) show(ctx context.Context, p Pattern) (Pattern, error) {
	for on := p.On > 0; ; on = !on {
		if err := l.light.Set(on); err != nil {
			return p, err
		}
		var change <-chan time.Time
		if p.On > 0 && p.Off > 0 {
			change = time.After(map[bool]time.Duration{true: p.On, false: p.Off}[on])
		}
		select {
		case <-ctx.Done():
			return p, nil
		case p = <-l.next:
			return p, nil
		case <-change:
		}
	}
}
