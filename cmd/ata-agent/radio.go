package main

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/telemetry"
)

const (
	radioPeriod = 2 * time.Second // from one look at a radio link to the next
	radioSearch = time.Minute     // where there was none
)

// radio knows the signal of the device's radio link, so that a call can tell that it
// was bad because of that.
type radio struct {
	stations func() ([]telemetry.Station, error) // may block
	signal   atomic.Uint64                       // float64 bits, dBm; 0 = there is no link
}

// dBm never blocks.
func (r *radio) dBm() float64 { return math.Float64frombits(r.signal.Load()) }

// run looks at the link until ctx ends. A link that cannot be read is none.
func (r *radio) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		signal := r.look()
		r.signal.Store(math.Float64bits(signal))
		if signal == 0 {
			timer.Reset(radioSearch)
			continue
		}
		timer.Reset(radioPeriod)
	}
}

// look is the signal of the first link that has one.
func (r *radio) look() float64 {
	list, err := r.stations()
	if err != nil {
		return 0
	}
	for _, s := range list {
		if s.Signal < 0 {
			return float64(s.Signal)
		}
	}
	return 0
}
