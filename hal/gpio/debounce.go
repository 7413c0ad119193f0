package gpio

import (
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

// debouncer turns the bursts of edges of a contact into one edge each. Its clock
// is the edges' own times, so that a program which is late sees no other edges.
//
//	raw    __|""|_|"""""""""""""""""
//	clean  __|""""""""""""""""""""""   at the first edge, known period after the last
type debouncer struct {
	period time.Duration
	stable gpio.Level // after the last clean edge
	burst  bool
	first  time.Time  // edge of the burst
	last   time.Time  // edge of the burst
	level  gpio.Level // after last
}

// edge takes a raw edge. It returns the clean edge that a burst was which had
// ended before.
func (d *debouncer) edge(e hal.Edge) (hal.Edge, bool) {
	clean, ok := d.settle(e.At, d.level)
	if !d.burst {
		d.burst, d.first = true, e.At
	}
	d.last, d.level = e.At, e.Level
	return clean, ok
}

// settle ends a burst that has been quiet for the period. level is the line's
// level after it.
func (d *debouncer) settle(now time.Time, level gpio.Level) (hal.Edge, bool) {
	if !d.burst || now.Sub(d.last) < d.period {
		return hal.Edge{}, false
	}
	d.burst = false
	if level == d.stable {
		return hal.Edge{}, false
	}
	d.stable = level
	return hal.Edge{At: d.first, Level: level}, true
}

// due is the time at which settle may say more, zero when an edge must come
// first.
func (d *debouncer) due() time.Time {
	if !d.burst {
		return time.Time{}
	}
	return d.last.Add(d.period)
}
