package hal

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// kernelSleeper sleeps with clock_nanosleep(2) until an absolute CLOCK_MONOTONIC
// time. Go's own timers pass through the scheduler and arrive milliseconds late
// on a loaded machine.
type kernelSleeper struct {
	origin  int64 // CLOCK_MONOTONIC of the grid's origin, nanoseconds
	target  unix.Timespec
	restore func() // the thread's priority
}

func newSleeper() sleeper { return &kernelSleeper{} }

func (s *kernelSleeper) start(base time.Time, priority bool) (got Priority) {
	runtime.LockOSThread()
	// Best effort: the pacer works without either, only less evenly.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	if priority {
		got, s.restore = Prioritize()
	}
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) == nil {
		s.origin = now.Nano() - int64(time.Since(base))
	}
	return got
}

func (s *kernelSleeper) until(_ time.Time, offset time.Duration) {
	s.target = unix.NsecToTimespec(s.origin + int64(offset))
	// The runtime's preemption signals end the sleep early; the target is
	// absolute, so sleeping again costs no accuracy.
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &s.target, nil) == unix.EINTR {
	}
}

func (s *kernelSleeper) stop() {
	if s.restore != nil {
		s.restore()
		s.restore = nil
	}
	runtime.UnlockOSThread()
}
