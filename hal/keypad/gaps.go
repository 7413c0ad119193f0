package keypad

import (
	"sync"
	"time"
)

// shortest is the shortest time for which a telephone's key is held. ITU-T Q.24
// table A-1, minimum signal duration of most administrations.
const shortest = 40 * time.Millisecond

// Gaps are the times in which nobody looked at the keys for so long that one may have
// been pressed and let go, because the program did not get the processor or the bus
// was slow. What happened then is unknown.
type Gaps struct {
	Count   int
	Longest time.Duration
}

// watchman counts gaps. Its total may be asked for by any goroutine.
type watchman struct {
	last time.Time // look

	mu    sync.Mutex
	total Gaps
}

// begin begins to count afresh, at now.
func (w *watchman) begin(now time.Time) { w.last = now }

// looked notes that the keys were looked at.
func (w *watchman) looked(now time.Time) {
	gap := now.Sub(w.last)
	w.last = now
	if gap <= shortest {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.total.Count++
	w.total.Longest = max(w.total.Longest, gap)
}

func (w *watchman) gaps() Gaps {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.total
}
