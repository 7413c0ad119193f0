package hal

// Priority is how the kernel chooses a thread among those that could run.
type Priority int

// Priorities, the lowest first.
const (
	Ordinary Priority = iota
	// Favoured threads share the processor as ordinary ones do, and get three times
	// as much of it (SCHED_OTHER with a nice value of -5).
	Favoured
	// Realtime threads run until they wait (SCHED_FIFO).
	Realtime
)

// String returns the name in lower case.
func (p Priority) String() string {
	switch p {
	case Favoured:
		return "favoured"
	case Realtime:
		return "realtime"
	default:
		return "ordinary"
	}
}

// highest is the highest priority that does no harm on so many processors.
//
// Go's runtime waits for a thread that has a goroutine's stack in its hands by
// yielding. A real-time thread that yields gets the processor again, always: where
// there is no other one, the thread it waits for never runs, until the kernel
// takes the processor from real-time threads for the last 5 % of a second
// (sched(7), sched_rt_runtime_us). For the same reason Favoured is no more than it
// is: with a nice value of -15, and so 28 times as much of the processor, stalls
// of 120 ms were seen.
func highest(processors int) Priority {
	if processors < 2 {
		return Favoured
	}
	return Realtime
}
