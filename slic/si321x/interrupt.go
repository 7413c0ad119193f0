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

// edgeWait bounds one wait of a plain pin, so that the end of ctx is noticed.
const edgeWait = 100 * time.Millisecond

// watch starts the goroutine that turns falling edges of INT into times, if
// there is an INT, and returns a function that ends it.
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
		if p, ok := pin.(hal.EdgePin); ok {
			w.watchEdges(ctx, p)
			return
		}
		w.watchPlain(ctx, pin)
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
		case err != nil:
			_ = driver.Pause(ctx, edgeWait) // polling goes on meanwhile
		case e.Level == gpio.Low:
			w.edge(e.At)
		}
	}
}

// watchPlain waits for edges of a pin that does not tell their time. A pin that
// returns at once without an edge must not keep the processor busy.
func (w *worker) watchPlain(ctx context.Context, pin gpio.PinIn) {
	for ctx.Err() == nil {
		begin := time.Now()
		switch {
		case pin.WaitForEdge(edgeWait):
			w.edge(time.Now())
		case time.Since(begin) < edgeWait/2:
			_ = driver.Pause(ctx, pollFast)
		}
	}
}

func (w *worker) edge(at time.Time) {
	select {
	case w.edges <- at:
	default:
	}
}

// drainEdges forgets edges of a chip that was reset since.
func (w *worker) drainEdges() {
	for {
		select {
		case <-w.edges:
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
