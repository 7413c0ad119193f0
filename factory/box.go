package factory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/hal/button"
	"github.com/ata-agent/ata-agent/hal/led"
	"github.com/ata-agent/ata-agent/panel"
)

// box is the lamps and the button under test.
type box struct {
	panel    *panel.Panel
	bench    Bench
	patience time.Duration
}

func (b *box) test(ctx context.Context) ([]Result, error) {
	if b.panel == nil {
		return nil, nil
	}
	var steps []step
	if lamps := b.lamps(); len(lamps) > 0 {
		steps = append(steps, step{"lamps", func(ctx context.Context, r *Result) error { return b.walkLamps(ctx, r, lamps) }})
	}
	if b.panel.Button != nil {
		steps = append(steps, step{"button", b.button})
	}
	return walk(ctx, 0, steps, true)
}

// lamp is a lamp that is fitted.
type lamp struct {
	name  string
	light led.Light
}

func (b *box) lamps() []lamp {
	var all []lamp
	add := func(name string, l led.Light) {
		if l != nil {
			all = append(all, lamp{name, l})
		}
	}
	add("power", b.panel.Power)
	add("network", b.panel.Network)
	add("message", b.panel.Message)
	for i, l := range b.panel.Lines {
		add(fmt.Sprintf("line %d", i+1), l)
	}
	return all
}

// walkLamps lights one lamp after the other. All are looked at: whoever mends one
// wants to know of the rest.
func (b *box) walkLamps(ctx context.Context, r *Result, lamps []lamp) error {
	var dark []string
	for _, l := range lamps {
		seen := false
		err := l.light.Set(true)
		if err == nil {
			if seen, err = b.bench.SeesLamp(ctx, l.name); err != nil {
				return err
			}
			err = l.light.Set(false)
		}
		if err != nil || !seen {
			dark = append(dark, l.name)
		}
	}
	r.Text = fmt.Sprintf("%d lamps work", len(lamps))
	if len(dark) > 0 {
		return &failure{"lamps that do not light up, or not alone: " + strings.Join(dark, ", ")}
	}
	return nil
}

// button waits for a press.
func (b *box) button(ctx context.Context, r *Result) error {
	watch, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	pressed := &press{done: cancel}
	ended := make(chan error, 1)
	go func() { ended <- button.Run(watch, b.panel.Button, button.Opts{}, pressed) }()
	asked := b.bench.PressButton(ctx)
	if asked != nil {
		cancel()
	}
	err := <-ended
	switch {
	case asked != nil:
		return asked
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return &failure{err.Error()}
	case !pressed.seen:
		return &failure{"the pressed button was not noticed"}
	}
	r.Text = "the button is noticed"
	return nil
}

// press notes the first release of the button.
type press struct {
	seen bool
	done func()
}

// Armed implements button.Handler.
func (p *press) Armed(button.Action) {}

// Released implements button.Handler.
func (p *press) Released(button.Action) {
	p.seen = true
	p.done()
}
