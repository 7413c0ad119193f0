// Package contact watches switches on input pins: the hook switch of a handset,
// the loop detector of a line module. A [Watcher] brings the edges of any kind of
// pin, a [Debouncer] makes the switch's state of them.
package contact

import (
	"context"
	"errors"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

const (
	edgeWait = 100 * time.Millisecond // longest wait of a plain pin, so that the end of ctx is noticed
	poll     = 2 * time.Millisecond   // of a pin that has no edges
)

// A Watcher brings the edges of a pin to the goroutine that takes them. A hal.EdgePin
// tells the time of its edges, a plain pin has the time at which they were noticed,
// and a pin that has no edges, as on a port expander, is polled every 2 ms. An edge
// that finds Edges full is lost: who takes them reads the pin from time to time.
type Watcher struct {
	Edges   <-chan hal.Edge
	Drained <-chan struct{} // answers Drain

	pin     gpio.PinIn
	edges   chan hal.Edge
	drained chan struct{}

	mu        sync.Mutex
	asked     bool               // Drain was called
	interrupt context.CancelFunc // ends the present wait
}

// NewWatcher returns a watcher of a pin, which In has made an input with edges. Up
// to queue edges may wait to be taken.
func NewWatcher(pin gpio.PinIn, queue int) *Watcher {
	w := &Watcher{pin: pin, edges: make(chan hal.Edge, queue), drained: make(chan struct{}, 1)}
	w.Edges, w.Drained = w.edges, w.drained
	return w
}

// Run watches until ctx ends or the pin fails; then it returns the pin's error, nil
// for the end of ctx.
func (w *Watcher) Run(ctx context.Context) error {
	if p, ok := w.pin.(hal.EdgePin); ok {
		return w.watchEdges(ctx, p)
	}
	w.watchPlain(ctx)
	return nil
}

// Drain asks for all edges that the pin has: when they are in Edges, Drained
// receives. Whoever looks at the pin's level, or at the clock, without that may be
// ahead of edges that the program was too busy to take. Any goroutine may call it.
func (w *Watcher) Drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = true
	if w.interrupt != nil {
		w.interrupt()
	}
}

// begin begins a wait that Drain ends.
func (w *Watcher) begin(ctx context.Context) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, w.interrupt = context.WithCancel(ctx)
	if w.asked {
		w.interrupt()
	}
	return ctx
}

// answered says whether Drain was called, and that all that the pin has from here on is
// read before the answer.
func (w *Watcher) answered() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked := w.asked
	w.asked = false
	return asked
}

func (w *Watcher) answer() {
	select {
	case w.drained <- struct{}{}:
	default:
	}
}

func (w *Watcher) watchEdges(ctx context.Context, pin hal.EdgePin) error {
	defer w.Drain() // releases the last wait
	for {
		wait := w.begin(ctx)
		err := w.read(wait, pin)
		switch {
		case ctx.Err() != nil:
			return nil
		case wait.Err() == nil:
			return err
		}
		w.answered()
		if err := w.read(wait, pin); !errors.Is(err, context.Canceled) {
			return err
		}
		w.answer()
	}
}

// read takes edges until there is an error, which is that of ctx if none is left.
func (w *Watcher) read(ctx context.Context, pin hal.EdgePin) error {
	for {
		e, err := pin.ReadEdge(ctx)
		if err != nil {
			return err
		}
		post(w.edges, e)
	}
}

// watchPlain waits for edges of a pin that does not tell their time, or polls a
// pin that returns at once without an edge.
func (w *Watcher) watchPlain(ctx context.Context) {
	level := w.pin.Read()
	for ctx.Err() == nil {
		begin := time.Now()
		woken := w.pin.WaitForEdge(edgeWait)
		if !woken && time.Since(begin) < edgeWait/2 {
			pause(ctx, poll)
		}
		asked := w.answered()
		if l := w.pin.Read(); l != level || woken {
			level = l
			post(w.edges, hal.Edge{At: time.Now(), Level: l})
		}
		if asked {
			w.answer()
		}
	}
}

func post(edges chan<- hal.Edge, e hal.Edge) {
	select {
	case edges <- e:
	default:
	}
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
