package gpioslic

import (
	"context"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/contact"
	"github.com/ata-agent/ata-agent/slic"
)

const (
	edgeQueue = 256 // edges that may wait for Run; what is lost the poll finds
	lostPolls = 2   // polls that must agree that an edge was lost
)

// closed says what a level of SHK means.
func (w *worker) closed(l gpio.Level) bool { return bool(l) != w.opts.SHKActiveLow }

// watch starts the goroutine that waits for edges of SHK and returns a function
// that ends it.
func (w *worker) watch(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	w.watcher, w.broken = contact.NewWatcher(w.pins.SHK, edgeQueue), make(chan error, 1)
	var done sync.WaitGroup
	done.Go(func() {
		if err := w.watcher.Run(ctx); err != nil {
			w.broken <- fmt.Errorf("watch SHK: %w", err)
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// edge takes an edge of SHK.
func (w *worker) edge(e hal.Edge) {
	now := time.Now()
	w.shk.SettleBy(e.At)
	w.checkHook(now)
	w.moved(w.closed(e.Level), e.At, now)
}

// moved takes a level of SHK that is new since the time at.
func (w *worker) moved(closed bool, at, now time.Time) {
	w.polled = 0
	w.shk.Edge(closed, at, now)
	if closed {
		w.trip(at, now)
	}
}

// poll finds edges that were lost. One that is still under way has a better time
// than the poll: all are asked for before the pin is looked at again.
func (w *worker) poll() {
	if w.closed(w.pins.SHK.Read()) == w.shk.Raw {
		w.polled = 0
		return
	}
	w.watcher.Drain()
}

// drained looks again when no edge is under way. A second poll must confirm a loss,
// for an edge may have come just now.
func (w *worker) drained() {
	w.takeEdges()
	w.owed, w.awaited = w.owed || w.awaited, false
	now, closed := time.Now(), w.closed(w.pins.SHK.Read())
	if closed == w.shk.Raw {
		w.polled = 0
		return
	}
	if w.polled++; w.polled >= lostPolls {
		w.moved(closed, now, now)
	}
}

// ask looks whether somebody wants to know that all is told.
func (w *worker) ask() {
	if w.orders.Asked() {
		w.awaited = true
		w.watcher.Drain()
	}
}

// catchUp says that all is told, when the hook is certain.
func (w *worker) catchUp() {
	if w.owed && !w.shk.Moving {
		w.owed = false
		w.reports.CaughtUp()
	}
}

// takeEdges takes all edges that wait.
func (w *worker) takeEdges() {
	for range len(w.watcher.Edges) {
		w.edge(<-w.watcher.Edges)
	}
}

// checkHook reports a change of the hook that is certain.
func (w *worker) checkHook(now time.Time) {
	deaf := w.phase != resting || !w.wires.powered || now.Before(w.deafTill)
	if deaf || w.shk.Moving || w.shk.Closed == w.off {
		return
	}
	w.report(w.shk.Closed, w.shk.At)
	if w.off {
		w.missedTrip(w.shk.At)
	}
}

// report sends the new hook state.
func (w *worker) report(off bool, at time.Time) {
	w.off = off
	kind := slic.OnHook
	if off {
		kind = slic.OffHook
	}
	w.reports.Emit(kind, at, nil)
}
