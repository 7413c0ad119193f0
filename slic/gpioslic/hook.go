package gpioslic

import (
	"context"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/slic"
)

const (
	edgeQueue = 256                    // edges that may wait for Run; what is lost the poll finds
	edgeWait  = 100 * time.Millisecond // longest wait of a plain pin, so that the end of ctx is noticed
	pollFast  = 2 * time.Millisecond   // of a pin that has no edges
	lostPolls = 2                      // polls that must agree that an edge was lost
)

// closed says what a level of SHK means.
func (w *worker) closed(l gpio.Level) bool { return bool(l) != w.opts.SHKActiveLow }

// watch starts the goroutine that waits for edges of SHK and returns a function
// that ends it.
func (w *worker) watch(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	w.edges, w.broken = make(chan hal.Edge, edgeQueue), make(chan error, 1)
	var done sync.WaitGroup
	done.Go(func() {
		if p, ok := w.pins.SHK.(hal.EdgePin); ok {
			w.watchEdges(ctx, p)
			return
		}
		w.watchPlain(ctx, w.pins.SHK)
	})
	return func() {
		cancel()
		done.Wait()
	}
}

func (w *worker) watchEdges(ctx context.Context, pin hal.EdgePin) {
	for ctx.Err() == nil {
		e, err := pin.ReadEdge(ctx)
		switch {
		case err == nil:
			w.post(e)
		case ctx.Err() == nil:
			w.broken <- fmt.Errorf("watch SHK: %w", err)
			return
		}
	}
}

// watchPlain waits for edges of a pin that does not tell their time, or polls a
// pin that returns at once without an edge.
func (w *worker) watchPlain(ctx context.Context, pin gpio.PinIn) {
	level := pin.Read()
	for ctx.Err() == nil {
		begin := time.Now()
		if !pin.WaitForEdge(edgeWait) && time.Since(begin) < edgeWait/2 {
			_ = pause(ctx, pollFast)
		}
		if l := pin.Read(); l != level {
			level = l
			w.post(hal.Edge{At: time.Now(), Level: l})
		}
	}
}

func (w *worker) post(e hal.Edge) {
	select {
	case w.edges <- e:
	default:
	}
}

// edge takes an edge of SHK.
func (w *worker) edge(e hal.Edge) {
	now := time.Now()
	w.shk.settleBy(e.At)
	w.checkHook(now)
	w.moved(w.closed(e.Level), e.At, now)
}

// moved takes a level of SHK that is new since the time at.
func (w *worker) moved(closed bool, at, now time.Time) {
	w.polled = 0
	w.shk.edge(closed, at, now)
	if closed {
		w.trip(at, now)
	}
}

// poll finds edges that were lost. One that is still under way has a better time
// than the poll, so a second poll must confirm it.
func (w *worker) poll(now time.Time) {
	closed := w.closed(w.pins.SHK.Read())
	if closed == w.shk.raw {
		w.polled = 0
		return
	}
	if w.polled++; w.polled >= lostPolls {
		w.moved(closed, now, now)
	}
}

// checkHook reports a change of the hook that is certain.
func (w *worker) checkHook(now time.Time) {
	deaf := w.phase != resting || !w.wires.powered || now.Before(w.deafTill)
	if deaf || w.shk.moving || w.shk.closed == w.off {
		return
	}
	w.report(w.shk.closed, w.shk.at)
}

// report sends the new hook state.
func (w *worker) report(off bool, at time.Time) {
	w.off = off
	kind := slic.OnHook
	if off {
		kind = slic.OffHook
	}
	w.emit(kind, at, nil)
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
