package contact

import "time"

// Debouncer turns the edges of a switch into its state. A level counts when it
// has held for some time; the change is dated to the first edge of the unrest
// that led to it. It is pure: it is told the time.
//
//	raw     ____|‾|_|‾|_|‾‾‾‾‾‾‾‾‾‾‾‾‾
//	            ^first  ^last     ^accepted, dated first
type Debouncer struct {
	Hold   time.Duration // a level must last so long
	Closed bool          // accepted
	At     time.Time     // when Closed began

	Raw    bool // level now
	Moving bool // Raw has not held for long enough yet

	first, last time.Time
	heard       time.Time // when the program learned of last
}

// Edge takes a change of the level that happened at the time at and of which
// the program learned now. SettleBy(at) comes first.
func (d *Debouncer) Edge(raw bool, at, now time.Time) {
	if raw == d.Raw {
		return
	}
	if !d.Moving {
		d.Moving, d.first = true, at
	}
	d.Raw, d.last, d.heard = raw, at, now
}

// Due is when a moving level will have held. It counts from when the program
// learned of the edge, because later edges may be just as late.
func (d *Debouncer) Due() time.Time { return d.heard.Add(d.Hold) }

// Settle accepts a level that has held until now.
func (d *Debouncer) Settle(now time.Time) {
	if d.Moving && !now.Before(d.Due()) {
		d.accept()
	}
}

// SettleBy accepts a level that had held when the next edge came at the time at.
func (d *Debouncer) SettleBy(at time.Time) {
	if d.Moving && at.Sub(d.last) >= d.Hold {
		d.accept()
	}
}

func (d *Debouncer) accept() {
	d.Moving = false
	if d.Raw != d.Closed {
		d.Closed, d.At = d.Raw, d.first
	}
}
