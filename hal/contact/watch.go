// Package contact watches switches on input pins: the hook switch of a handset,
// the loop detector of a line module. [Watch] brings the edges of any kind of
// pin, a [Debouncer] makes the switch's state of them.
package contact

import (
	"context"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

const (
	edgeWait = 100 * time.Millisecond // longest wait of a plain pin, so that the end of ctx is noticed
	poll     = 2 * time.Millisecond   // of a pin that has no edges
)

// Watch puts the edges of a pin, which In has made an input with edges, into a
// channel until ctx ends or the pin fails; then it returns the pin's error, nil
// for the end of ctx. A hal.EdgePin tells the time of its edges, a plain pin has
// the time at which they were noticed, and a pin that has no edges, as on a port
// expander, is polled every 2 ms. An edge that finds the channel full is lost:
// whoever takes them reads the pin from time to time.
func Watch(ctx context.Context, pin gpio.PinIn, edges chan<- hal.Edge) error {
	if p, ok := pin.(hal.EdgePin); ok {
		return watchEdges(ctx, p, edges)
	}
	watchPlain(ctx, pin, edges)
	return nil
}

func watchEdges(ctx context.Context, pin hal.EdgePin, edges chan<- hal.Edge) error {
	for ctx.Err() == nil {
		e, err := pin.ReadEdge(ctx)
		switch {
		case err == nil:
			post(edges, e)
		case ctx.Err() == nil:
			return err
		}
	}
	return nil
}

// watchPlain waits for edges of a pin that does not tell their time, or polls a
// pin that returns at once without an edge.
func watchPlain(ctx context.Context, pin gpio.PinIn, edges chan<- hal.Edge) {
	level := pin.Read()
	for ctx.Err() == nil {
		begin := time.Now()
		if !pin.WaitForEdge(edgeWait) && time.Since(begin) < edgeWait/2 {
			pause(ctx, poll)
		}
		if l := pin.Read(); l != level {
			level = l
			post(edges, hal.Edge{At: time.Now(), Level: l})
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
