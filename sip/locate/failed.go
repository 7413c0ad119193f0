package locate

import (
	"net/netip"
	"slices"
	"time"
)

const (
	failFirst = 60 * time.Second
	failMost  = 30 * time.Minute
	maxFailed = 256
)

// place is what can fail.
type place struct {
	addr      netip.AddrPort
	transport string
}

func (t Target) place() place { return place{t.Addr, t.Transport} }

// failure is how long a place is avoided, and for how long it was last time.
type failure struct {
	until time.Time
	last  time.Duration
}

// Fail notes that a target did not answer or turned us away. It is listed
// last for a minute, then twice as long each time, half an hour at most; or
// for after, if the server named a time (Retry-After).
func (l *Locator) Fail(t Target, after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	f, known := l.failed[t.place()]
	if !known && len(l.failed) >= maxFailed {
		l.pardon(now)
	}
	f.last = min(max(2*f.last, failFirst), failMost)
	f.until = now.Add(f.last)
	if after > 0 {
		f.until = now.Add(min(after, failMost))
	}
	l.failed[t.place()] = f
}

// OK notes that a target works: its failures are forgotten, and its address
// family goes first from now on.
func (l *Locator) OK(t Target) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failed, t.place())
	l.prefer6 = t.Addr.Addr().Is6()
}

// pardon forgets the failures that are over, or all if none is.
func (l *Locator) pardon(now time.Time) {
	before := len(l.failed)
	for p, f := range l.failed {
		if now.After(f.until) {
			delete(l.failed, p)
		}
	}
	if len(l.failed) == before {
		clear(l.failed)
	}
}

func (l *Locator) prefers6() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.prefer6
}

// sortFailed moves what failed lately to the end, the one first that is due
// first. It stays in the list: with nothing else left it must be tried.
func (l *Locator) sortFailed(list []Target) []Target {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	due := func(t Target) time.Time {
		if until := l.failed[t.place()].until; now.Before(until) {
			return until
		}
		return time.Time{}
	}
	slices.SortStableFunc(list, func(a, b Target) int { return due(a).Compare(due(b)) })
	return list
}
