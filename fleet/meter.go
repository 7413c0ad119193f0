package fleet

import (
	"slices"
	"sync"
	"time"
)

// Rate is how often something happened during a phase.
type Rate struct {
	Total int `json:"total"`
	// Mean is per second, from the first to the last.
	Mean float64 `json:"mean_per_second"`
	// Peak is the number in the busiest second.
	Peak      int   `json:"peak_per_second"`
	PerSecond []int `json:"per_second"` // from the beginning of the phase
}

// meter counts by the second. Any goroutine may use it.
type meter struct {
	mu      sync.Mutex
	start   time.Time
	seconds []int
}

// begin forgets what was counted.
func (m *meter) begin(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.start, m.seconds = at, nil
}

// mark counts one.
func (m *meter) mark(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	second := max(int(at.Sub(m.start)/time.Second), 0)
	for len(m.seconds) <= second {
		m.seconds = append(m.seconds, 0)
	}
	m.seconds[second]++
}

// rate is what was counted since begin.
func (m *meter) rate() Rate {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := Rate{PerSecond: slices.Clone(m.seconds)}
	first := slices.IndexFunc(m.seconds, func(n int) bool { return n > 0 })
	if first < 0 {
		return r
	}
	for _, n := range m.seconds {
		r.Total += n
	}
	r.Peak = slices.Max(m.seconds)
	r.Mean = float64(r.Total) / float64(len(m.seconds)-first)
	return r
}
