package si321x

import (
	"context"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/slic/driver"
)

// edgeQueue is the number of edges that may wait for Run. More are dropped: one
// service of the chip answers for all.
const edgeQueue = 16

// watchRetry is the wait before an INT that failed is watched again. Polling goes on
// meanwhile.
const watchRetry = 100 * time.Millisecond

// watch starts the goroutine that brings the edges of INT, if there is an INT, and
// returns a function that ends it.
func (w *worker) watch(ctx context.Context) (stop func()) {
	pin := w.pins.Int
	if pin == nil {
		return func() {}
	}
	if err := pin.In(gpio.PullUp, gpio.FallingEdge); err != nil {
		w.intBroken = "INT cannot be watched: " + err.Error()
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil && w.irq.Run(ctx) != nil {
			_ = driver.Pause(ctx, watchRetry) // the loop looks at ctx
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// timed says whether INT is in use and tells the time of its edges.
func (w *worker) timed() bool {
	_, ok := w.pins.Int.(hal.EdgePin)
	return ok && w.intFault == ""
}

// look has the chip serviced, by the time of INT where that can be known.
func (w *worker) look() error {
	if w.timed() {
		w.irq.Drain()
		return nil
	}
	return w.serviceAll()
}

// ask looks whether somebody wants to know that all is told.
func (w *worker) ask() error {
	if !w.orders.Asked() {
		return nil
	}
	w.awaited = true
	return w.look()
}

// mostDrains bounds how often INT is asked for the edge that made it low before that
// counts as lost.
const mostDrains = 3

// serviceAll handles what is pending since the first edge of INT that waits, or since
// now if there is none. An INT that is low has an edge that came just now.
func (w *worker) serviceAll() error {
	at, found := w.firstEdge()
	if !found && w.timed() && w.drains < mostDrains && w.pins.Int.Read() == gpio.Low {
		w.drains++
		w.irq.Drain()
		return nil
	}
	w.drains = 0
	err := w.service(at)
	if err == nil && w.awaited {
		w.awaited = false
		w.reports.CaughtUp()
	}
	return err
}

// firstEdge takes all edges of INT that wait and returns the time of the first, or now.
func (w *worker) firstEdge() (at time.Time, found bool) {
	at = time.Now()
	for n := len(w.irq.Edges); n > 0; n-- {
		if e := <-w.irq.Edges; e.Level == gpio.Low && !e.At.After(at) {
			at, found = e.At, true
		}
	}
	return at, found
}

// drainEdges forgets edges of a chip that was reset since.
func (w *worker) drainEdges() {
	for {
		select {
		case <-w.irq.Edges:
		default:
			return
		}
	}
}

// Numbers of polls after which INT is given up.
const (
	stuckPolls  = 4 // low with nothing pending
	silentPolls = 2 // high with something pending
)

// checkInt compares INT with what is pending. An INT that is stuck or dead is
// reported once and replaced by fast polling until the next power-up.
func (w *worker) checkInt() {
	if w.pins.Int == nil || w.intFault != "" {
		return
	}
	pending := w.chip.read(drInt2)
	pending &= w.chip.read(drInt2) // what both reads agree on
	low := w.pins.Int.Read() == gpio.Low
	switch {
	case low && pending == 0:
		if w.intStuck++; w.intStuck >= stuckPolls {
			w.intFault = "INT is stuck low"
		}
	case !low && pending != 0:
		w.intStuck = 0
		if w.intSilent++; w.intSilent >= silentPolls {
			w.intFault = "INT does not go low"
		}
	default:
		w.intStuck = 0
	}
	if w.intFault != "" {
		w.reports.Note(w.intFault + ", polling instead")
	}
}
