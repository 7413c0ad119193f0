package line

import "time"

// HookTiming is how the hook switch of a telephone was measured, from edge to
// edge. What did not happen yet is 0.
type HookTiming struct {
	Flash       time.Duration // break of the last hook flash
	PulseBreak  time.Duration // mean break in the last train of dial pulses
	PulsePeriod time.Duration // mean from one pulse of it to the next
}

// HookTiming returns what was measured since New.
func (m *Machine) HookTiming() HookTiming { return m.hook.measured }

// train adds up dial pulses while they come.
type train struct {
	began  time.Time     // start of the first break
	broken time.Duration // all breaks together
}

// add takes the break that ended.
func (t *train) add(opened time.Time, length time.Duration, first bool) {
	if first {
		*t = train{began: opened}
	}
	t.broken += length
}

// measure keeps what a train of n pulses, 2 or more, was like; the last of them
// began at opened.
func (h *hook) measure(n int, opened time.Time) {
	h.measured.PulseBreak = h.train.broken / time.Duration(n)
	h.measured.PulsePeriod = opened.Sub(h.train.began) / time.Duration(n-1)
}
