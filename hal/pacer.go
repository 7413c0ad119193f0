package hal

import (
	"sync/atomic"
	"time"
)

// PacerOpts are the settings of a Pacer. The zero value is the default.
type PacerOpts struct {
	// Portable sleeps with time.Sleep and leaves the thread alone, so that the
	// pacer works in a testing/synctest bubble and on any system. The default
	// sleeps in the kernel until an absolute time.
	Portable bool
	// Ordinary leaves the thread's priority as it is. The default is that of
	// Prioritize.
	Ordinary bool
	// MaxBehind is how far Wait may fall behind its grid before it gives the
	// missed periods up [500 ms].
	MaxBehind time.Duration
}

// A Pacer releases its caller once per period on a grid of absolute times: a
// late release does not shift those that follow, and no error accumulates.
//
// After a stall it catches up without a burst: releases come at least half a
// period apart, so the caller runs at most at twice its speed until it is back
// on the grid. When it is further behind than MaxBehind, whole periods are
// skipped and counted instead.
//
// Start, Wait and Stop belong to one goroutine; Stats may be called by any.
type Pacer struct {
	period time.Duration
	opts   PacerOpts
	sleep  sleeper

	base time.Time     // origin of the grid, with a monotonic reading
	next time.Duration // grid time of the last release, since base
	last time.Duration // when the last release happened, since base

	released, late, stalled, skipped atomic.Int64
	maxLate                          atomic.Int64
	priority                         atomic.Int32
}

// sleeper sleeps until an absolute time; its methods are called by the
// goroutine that owns the pacer.
type sleeper interface {
	start(base time.Time, priority bool) Priority
	until(base time.Time, offset time.Duration)
	stop()
}

// PacerStats counts what a Pacer did.
type PacerStats struct {
	Released int64         // periods released
	Late     int64         // of these, later than half a period
	Stalled  int64         // of these, later than ten periods
	Skipped  int64         // periods given up because the caller was too far behind
	MaxLate  time.Duration // worst lateness
	Priority Priority      // of the thread
}

// NewPacer returns a pacer of the given period, which must be positive.
func NewPacer(period time.Duration, opts PacerOpts) *Pacer {
	if opts.MaxBehind == 0 {
		opts.MaxBehind = 500 * time.Millisecond
	}
	p := &Pacer{period: period, opts: opts, sleep: newSleeper()}
	if opts.Portable {
		p.sleep = portableSleeper{}
	}
	return p
}

// Start puts the origin of the grid to now. Unless the pacer is portable it
// locks the calling goroutine to its thread and gives that the priority that
// Prioritize can give.
func (p *Pacer) Start() {
	p.base = time.Now()
	p.next, p.last = 0, 0
	p.priority.Store(int32(p.sleep.start(p.base, !p.opts.Ordinary)))
}

// Stop undoes what Start did to the thread.
func (p *Pacer) Stop() { p.sleep.stop() }

// Wait blocks until the next period ends. It returns the grid time of that
// instant and how much later than it the caller was released. It does not
// allocate.
func (p *Pacer) Wait() (at time.Time, late time.Duration) {
	p.next += p.period
	if behind := time.Since(p.base) - p.next; behind > p.opts.MaxBehind {
		p.skip(behind)
	}
	p.sleep.until(p.base, max(p.next, p.last+p.period/2))
	p.last = time.Since(p.base)
	late = p.last - p.next
	p.count(late)
	return p.base.Add(p.next), late
}

func (p *Pacer) skip(behind time.Duration) {
	n := behind / p.period
	p.next += n * p.period
	p.skipped.Add(int64(n))
}

func (p *Pacer) count(late time.Duration) {
	p.released.Add(1)
	if late > p.period/2 {
		p.late.Add(1)
	}
	if late > 10*p.period {
		p.stalled.Add(1)
	}
	if int64(late) > p.maxLate.Load() {
		p.maxLate.Store(int64(late))
	}
}

// Stats returns the counters.
func (p *Pacer) Stats() PacerStats {
	return PacerStats{
		Released: p.released.Load(),
		Late:     p.late.Load(),
		Stalled:  p.stalled.Load(),
		Skipped:  p.skipped.Load(),
		MaxLate:  time.Duration(p.maxLate.Load()),
		Priority: Priority(p.priority.Load()),
	}
}

type portableSleeper struct{}

func (portableSleeper) start(time.Time, bool) Priority { return Ordinary }

func (portableSleeper) until(base time.Time, offset time.Duration) {
	time.Sleep(time.Until(base.Add(offset)))
}

func (portableSleeper) stop() {}
