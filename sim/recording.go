package sim

import (
	"slices"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
)

// maxTape bounds a recording that nobody ends: an hour.
const maxTape = 3600 * dsp.SampleRate

// A Recording is what the earpiece sounded like: the network's voice and a
// little of the telephone's own.
type Recording struct {
	of      *Telephone
	start   int64
	limit   int
	samples []int16
	stopped bool
}

// Record starts a recording of the given length, 0 = until Stop. The handset
// may be down; then it records silence.
func (t *Telephone) Record(length time.Duration) *Recording {
	r := newRecording(t, length)
	t.mu.Lock()
	defer t.mu.Unlock()
	r.start = t.now
	t.tapes = append(t.tapes, r)
	return r
}

// Start is when the recording began, in samples of the telephone's time.
func (r *Recording) Start() int64 { return r.start }

func newRecording(t *Telephone, length time.Duration) *Recording {
	r := &Recording{of: t, limit: maxTape}
	if length > 0 {
		r.limit = int(min(samples(length), maxTape))
		r.samples = make([]int16, 0, r.limit)
	}
	return r
}

// Stop ends the recording and returns it.
func (r *Recording) Stop() []int16 {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.stop()
	return r.samples
}

func (r *Recording) stop() {
	r.stopped = true
	r.of.tapes = slices.DeleteFunc(r.of.tapes, func(o *Recording) bool { return o == r })
}

// tape records one sample.
func (t *Telephone) tape(v float64) {
	if len(t.tapes) == 0 {
		return
	}
	s := voltsToUnits(v)
	for i := len(t.tapes) - 1; i >= 0; i-- {
		r := t.tapes[i]
		if r.samples = append(r.samples, s); len(r.samples) >= r.limit {
			r.stop()
		}
	}
}
