// Package panel is the face of a box: lamps that say how the lines fare, and
// the one button.
//
//	lamp      dark              lit              slow                  fast            wink
//	power     agent not running every port works some port does not    no PCM clock    -
//	network   no registration   all registered   some not registered   none registered -
//	line N    idle, on hook     off hook         -                     ringing         port does not work
//	message   none              -                messages wait         -               -
//
// While the button is held every lamp shows what the release would do: slow
// from 5 s on for a restart, fast from 10 s on for a factory reset, and what
// it showed before once the button has been held for 30 s.
package panel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/button"
	"github.com/ata-agent/ata-agent/hal/led"
)

// Panel is the lamps and the button of a box. What is not fitted is nil.
type Panel struct {
	Power, Network, Message led.Light
	Lines                   []led.Light // lamp i belongs to line i
	Button                  hal.EdgePin // High while the button is down

	mu    sync.Mutex
	shown []Lamp
}

// Lamp is what one lamp shows.
type Lamp struct {
	Name    string `json:"name"`    // power, network, message, line 1, …
	Pattern string `json:"pattern"` // dark, lit, slow, fast, wink
}

// Opts are what a Panel works for.
type Opts struct {
	// State tells how the device fares; it is asked four times a second.
	State func() State
	// Act does what the release of the button asks for: Restart, FactoryReset or
	// Press. It must return at once.
	Act func(button.Action)

	Button button.Opts  // how long it is held [its defaults]
	Logger *slog.Logger // [discard]
}

// period is the time between two looks at the state.
const period = 250 * time.Millisecond

// Run shows the state and watches the button until ctx ends; then every lamp is
// dark. A lamp or a button that fails is reported once and left alone: a device
// with a broken lamp is still a telephone. The error is that of wrong options.
func (p *Panel) Run(ctx context.Context, o Opts) error {
	if o.State == nil || o.Act == nil {
		return errors.New("panel: run: want State and Act")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var parts sync.WaitGroup
	defer parts.Wait()
	lamps := p.lamps()
	for _, l := range lamps {
		parts.Go(func() {
			if err := l.Run(ctx); err != nil {
				o.Logger.Warn("lamp out of order", "lamp", l.name, "err", err)
			}
		})
	}
	h := &handler{act: o.Act, armed: make(chan button.Action, 1)}
	if p.Button != nil {
		parts.Go(func() {
			if err := button.Run(ctx, p.Button, o.Button, h); err != nil {
				o.Logger.Warn("button out of order", "err", err)
			}
		})
	}
	p.show(ctx, lamps, o.State, h.armed)
	return nil
}

// show keeps the lamps at what they mean until ctx ends.
func (p *Panel) show(ctx context.Context, lamps []*lamp, state func() State, armed <-chan button.Action) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for held := button.Nothing; ; {
		s := state()
		for _, l := range lamps {
			l.set(l.meaning(s, held))
		}
		p.publish(lamps)
		select {
		case <-ctx.Done():
			return
		case held = <-armed:
		case <-tick.C:
		}
	}
}

// Lamps returns what every lamp of a running panel shows. Any goroutine may
// call it.
func (p *Panel) Lamps() []Lamp {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Lamp(nil), p.shown...)
}

func (p *Panel) publish(lamps []*lamp) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = p.shown[:0]
	for _, l := range lamps {
		p.shown = append(p.shown, Lamp{l.name, l.shown.String()})
	}
}

// lamps are those that are fitted, with their meanings.
func (p *Panel) lamps() []*lamp {
	var all []*lamp
	add := func(name string, light led.Light, means func(State) Pattern) {
		if light != nil {
			all = append(all, &lamp{Lamp: led.NewLamp(light), light: light, name: name, means: means})
		}
	}
	add("power", p.Power, State.power)
	add("network", p.Network, State.network)
	add("message", p.Message, State.message)
	for i, light := range p.Lines {
		add(fmt.Sprintf("line %d", i+1), light, func(s State) Pattern { return s.line(i) })
	}
	return all
}

// lamp is a lamp with its meaning.
type lamp struct {
	*led.Lamp
	light led.Light
	name  string
	means func(State) Pattern
	shown Pattern
}

// meaning is what the lamp shows while the button is held for what it says.
func (l *lamp) meaning(s State, held button.Action) Pattern {
	switch held {
	case button.Restart:
		return Slow
	case button.FactoryReset:
		return Fast
	}
	return l.means(s)
}

// set changes the pattern if it is another: a pattern begins anew when shown.
func (l *lamp) set(p Pattern) {
	if p != l.shown {
		l.shown = p
		l.Show(patterns[p].led)
	}
}

// handler takes what the button tells to the lamps.
type handler struct {
	act   func(button.Action)
	armed chan button.Action
}

// Armed implements button.Handler. The last one counts.
func (h *handler) Armed(a button.Action) {
	select {
	case <-h.armed:
	default:
	}
	h.armed <- a
}

// Released implements button.Handler.
func (h *handler) Released(a button.Action) { h.act(a) }
