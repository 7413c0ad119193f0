package gpioslic

import "time"

// debouncer turns the edges of SHK into the state of the loop. A level counts
// when it has held for some time; the change is dated to the first edge of the
// unrest that led to it.
//
//	SHK    ____|‾|_|‾|_|‾‾‾‾‾‾‾‾‾‾‾‾‾
//	           ^first  ^last     ^accepted, dated first
type debouncer struct {
	hold   time.Duration
	closed bool      // accepted
	at     time.Time // when it began

	raw         bool // level now
	moving      bool // not yet held for long enough
	first, last time.Time
	heard       time.Time // when the program learned of last
}

// edge takes a change of the level that happened at the time at. settleBy(at)
// comes first.
func (d *debouncer) edge(raw bool, at, now time.Time) {
	if raw == d.raw {
		return
	}
	if !d.moving {
		d.moving, d.first = true, at
	}
	d.raw, d.last, d.heard = raw, at, now
}

// due is when a moving level will have held. It counts from when the program
// learned of the edge, because later edges may be just as late.
func (d *debouncer) due() time.Time { return d.heard.Add(d.hold) }

// settle accepts a level that has held until now.
func (d *debouncer) settle(now time.Time) {
	if d.moving && !now.Before(d.due()) {
		d.accept()
	}
}

// settleBy accepts a level that had held when the next edge came at the time at.
func (d *debouncer) settleBy(at time.Time) {
	if d.moving && at.Sub(d.last) >= d.hold {
		d.accept()
	}
}

func (d *debouncer) accept() {
	d.moving = false
	if d.raw != d.closed {
		d.closed, d.at = d.raw, d.first
	}
}
