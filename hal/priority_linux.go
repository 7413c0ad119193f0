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
// (RLIMIT_RTPRIO, RLIMIT_NICE). It returns what it got. Threads that begin in the
// thread are ordinary ones.
func Prioritize() Priority { return prioritize(highest(runtime.NumCPU())) }

// prioritize tries p and what is below it.
func prioritize(p Priority) Priority {
	if p == Realtime && schedule(unix.SCHED_FIFO, fifo, 0) == nil {
		return Realtime
	}
	if p >= Favoured && schedule(unix.SCHED_NORMAL, 0, favour) == nil {
		return Favoured
	}
	return Ordinary
}

// Deprioritize makes the calling thread an ordinary one.
func Deprioritize() {
	_ = schedule(unix.SCHED_NORMAL, 0, 0) // giving up is always permitted
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
