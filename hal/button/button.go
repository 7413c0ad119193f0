// Package button tells what a person wants with the one button of a device:
//
//	short press                             Press, at the release
//	held 5 s    lamp changes (Armed)        Restart, at the release
//	held 10 s   lamp changes (Armed)        FactoryReset, at the release
//	held 30 s   lamp goes back (Armed)      nothing: the button is jammed
//
// Nothing but telling happens before the release, so whoever holds the button
// sees from the lamp what it would do and may hold on.
package button

import (
	"context"
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

// Action is what the release of the button asks for.
type Action uint8

// Actions.
const (
	Nothing Action = iota // no press, or one that was too long
	Press
	Restart
	FactoryReset
)

// String returns the name used in logs.
func (a Action) String() string {
	return [...]string{"nothing", "press", "restart", "factory reset"}[a&3]
}

// Opts are times for which the button is held. The zero value of a field means
// the default given in brackets.
type Opts struct {
	Restart      time.Duration // [5 s]
	FactoryReset time.Duration // [10 s]
	Jammed       time.Duration // [30 s]
}

func (o Opts) withDefaults() Opts {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&o.Restart, 5*time.Second)
	set(&o.FactoryReset, 10*time.Second)
	set(&o.Jammed, 30*time.Second)
	return o
}

// action is what a release asks for after the button was held, and how long it
// must be held for more, 0 for ever.
func (o Opts) action(held time.Duration) (Action, time.Duration) {
	switch {
	case held < o.Restart:
		return Press, o.Restart
	case held < o.FactoryReset:
		return Restart, o.FactoryReset
	case held < o.Jammed:
		return FactoryReset, o.Jammed
	}
	return Nothing, 0
}

// Handler is told about the button by Run's goroutine.
type Handler interface {
	// Armed says what a release would ask for now: Press as soon as the button
	// is down, Nothing when it is up again.
	Armed(Action)
	// Released says what the release asks for.
	Released(Action)
}

// Run watches the button until ctx ends. pin is High while the button is down;
// a line of hal/gpio inverts and debounces itself. A button that is down when
// Run begins counts from its next press.
//
// It returns nil when ctx has ended, and an error when the pin has failed.
func Run(ctx context.Context, pin hal.EdgePin, opts Opts, h Handler) error {
	opts = opts.withDefaults()
	if opts.Restart >= opts.FactoryReset || opts.FactoryReset >= opts.Jammed {
		return errors.New("button: run: the times must grow: restart, factory reset, jammed")
	}
	if err := pin.In(gpio.PullUp, gpio.BothEdges); err != nil {
		return fmt.Errorf("button: run: %w", err)
	}
	w := watch{opts: opts, pin: pin, handler: h}
	for {
		if err := w.step(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("button: run: %w", err)
		}
	}
}

// watch is a button being watched.
type watch struct {
	opts    Opts
	pin     hal.EdgePin
	handler Handler

	down  bool
	since time.Time     // of the press
	armed Action        // as told
	limit time.Duration // of holding, until armed changes; 0 is never
}

// step waits for an edge or for the button to be held long enough.
func (w *watch) step(ctx context.Context) error {
	wait, cancel := ctx, context.CancelFunc(func() {})
	if w.down && w.limit > 0 {
		wait, cancel = context.WithDeadline(ctx, w.since.Add(w.limit))
	}
	e, err := w.pin.ReadEdge(wait)
	late := wait.Err() != nil && ctx.Err() == nil
	cancel()
	switch {
	case err != nil && late:
		w.hold(w.limit)
	case err != nil:
		return err
	case e.Level == gpio.High && !w.down:
		w.down, w.since = true, e.At
		w.hold(0)
	case e.Level == gpio.Low && w.down:
		w.release(e.At.Sub(w.since))
	}
	return nil
}

// hold tells what the button would do after it was held for a time.
func (w *watch) hold(held time.Duration) {
	w.armed, w.limit = w.opts.action(held)
	w.handler.Armed(w.armed)
}

// release acts on the time between the edges, whatever was told before.
func (w *watch) release(held time.Duration) {
	w.down = false
	action, _ := w.opts.action(held)
	w.handler.Armed(Nothing)
	if action != Nothing {
		w.handler.Released(action)
	}
}
