package hal

import (
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	fifo   = 50 // SCHED_FIFO priority of 1..99
	favour = -5 // nice value
)

// Prioritize has the thread of the calling goroutine, which must be locked to it,
// go before others: Realtime where there are several processors, Favoured where
// there is one, and less where the limits of the process permit less
// (RLIMIT_RTPRIO, RLIMIT_NICE). It returns what it got, and what makes the thread
// again what it was, for the same goroutine to call. Threads that begin in the
// thread are ordinary ones.
func Prioritize() (got Priority, restore func()) { return prioritize(highest(runtime.NumCPU())) }

// prioritize tries p and what is below it.
func prioritize(p Priority) (got Priority, restore func()) {
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return Ordinary, func() {}
	}
	restore = func() { _ = schedule(before.Policy, before.Priority, before.Nice) } // giving up is always permitted
	if p == Realtime && schedule(unix.SCHED_FIFO, fifo, 0) == nil {
		return Realtime, restore
	}
	if p >= Favoured && schedule(unix.SCHED_NORMAL, 0, favour) == nil {
		return Favoured, restore
	}
	return Ordinary, func() {}
}

// schedule sets the policy of the calling thread.
func schedule(policy, priority uint32, nice int32) error {
	attr := unix.SchedAttr{
		Size:     unix.SizeofSchedAttr,
		Policy:   policy,
		Flags:    unix.SCHED_FLAG_RESET_ON_FORK,
		Priority: priority,
		Nice:     nice,
	}
	return unix.SchedSetAttr(0, &attr, 0)
}
