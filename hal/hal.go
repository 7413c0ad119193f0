// Package hal is what ata-agent needs of a board that periph.io does not give
// as it needs it: the PCM highway, edges with their time, and real-time pacing.
package hal

import (
	"context"
	"errors"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// ErrClockLost is returned by PCM.Exchange when the highway's clock stopped.
// Chips on the highway must then be treated as reset.
var ErrClockLost = errors.New("hal: PCM clock lost")

// PCM is a full-duplex PCM highway. Its hardware clock is the only clock of the
// audio path.
//
// Exchange waits for the end of the current period, hands over one block per
// channel for the lines to play and fills one block per channel with what the
// lines said. Both slices have Channels() blocks of Period() samples. It is
// called by one goroutine, which may be locked to its thread; it does not
// allocate. After an error the highway may be tried again. A highway runs only
// while Exchange is being called: chips on it lose their clock otherwise.
type PCM interface {
	Channels() int
	Period() int
	Exchange(toPhone, fromPhone [][]int16) error
	Close() error
}

// Delayed is a PCM that plays later than it must: a toPhone block begins to be
// heard Delay samples after the first sample of the fromPhone block of the same
// Exchange was said. Of a PCM that does not say, it is none. The delay is
// known once the highway runs and stays the same until an Exchange fails.
type Delayed interface {
	Delay() int
}

// Lagging is a PCM whose time may lag behind that of the program, as that of a
// simulated one does on a busy computer: what its lines tell next may have
// happened Behind ago. Any goroutine may ask.
type Lagging interface {
	Behind() time.Duration
}

// HighwayStats count what happened on a highway since it was opened first.
type HighwayStats struct {
	Periods   int64 `json:"periods"`     // exchanged
	Overruns  int64 `json:"overruns"`    // reading was late by more than the buffer
	Underruns int64 `json:"underruns"`   // writing was late
	Lost      int64 `json:"lost_frames"` // that were not read or not played for that
	Restarts  int64 `json:"restarts"`    // streams begun anew
	Opens     int64 `json:"opens"`       // openings of the card
}

// Counted is a PCM that keeps HighwayStats. Any goroutine may ask for them.
type Counted interface {
	Stats() HighwayStats
}

// Edge is a change of an input pin.
type Edge struct {
	At    time.Time  // when it happened, with a monotonic reading
	Level gpio.Level // level after the edge
}

// EdgePin is an input pin that tells when an edge happened. Pins of the kernel's
// GPIO v2 interface and of the models are EdgePins; a plain gpio.PinIn is
// not, and its edges carry the time at which the program noticed them.
type EdgePin interface {
	gpio.PinIn
	// ReadEdge waits for the next edge or the end of ctx. Edges that are there when
	// ctx has ended are returned first: an error of ctx means that none is left.
	ReadEdge(ctx context.Context) (Edge, error)
}
