package agent

import (
	"sync/atomic"
	"time"
)

// WorkBounds are the greatest times that WorkStatus.Counts counts separately, in
// seconds. A period is 1 to 20 ms.
var WorkBounds = [...]float64{.0001, .001, .005, .01}

// WorkStatus is what the voice of all lines takes of the processor, per period of
// the highway.
type WorkStatus struct {
	Counts   [len(WorkBounds) + 1]uint64 `json:"counts"` // of periods, by WorkBounds; the last are beyond
	Seconds  float64                     `json:"seconds"`
	Overruns uint64                      `json:"overruns"` // periods that took longer than they last
}

// work adds up what periods took. One goroutine adds, any may read.
type work struct {
	counts   [len(WorkBounds) + 1]atomic.Uint64
	total    atomic.Int64 // nanoseconds
	overruns atomic.Uint64
}

// add takes a period that lasts as long as period.
func (w *work) add(took, period time.Duration) {
	i := 0
	for i < len(WorkBounds) && took.Seconds() > WorkBounds[i] {
		i++
	}
	w.counts[i].Add(1)
	w.total.Add(int64(took))
	if took > period {
		w.overruns.Add(1)
	}
}

func (w *work) status() WorkStatus {
	s := WorkStatus{Seconds: time.Duration(w.total.Load()).Seconds(), Overruns: w.overruns.Load()}
	for i := range s.Counts {
		s.Counts[i] = w.counts[i].Load()
	}
	return s
}
