package keypad

import (
	"math/bits"
	"time"
)

// maxSide bounds rows and columns.
const maxSide = 8

// rows holds a scan: bit c of row r is set while the key between them is down.
type rows [maxSide]uint8

// ghosted says whether a key may be seen that nobody presses: two rows have two
// columns in common.
func (r *rows) ghosted() bool {
	for i := range r {
		for j := range i {
			if bits.OnesCount8(r[i]&r[j]) > 1 {
				return true
			}
		}
	}
	return false
}

func (r *rows) empty() bool { return *r == rows{} }

// position is a key of the matrix.
type position struct{ row, column int }

// press is a key that went down.
type press struct {
	position
	at time.Time // of the first scan that saw it
}

// decoder makes presses of scans. It is pure; the zero value has seen nothing.
//
// What counts is time, not the number of scans: a program that is late scans
// less often, and a key that was down in all its scans was down.
type decoder struct {
	down  rows // accepted
	last  rows // of the last scan that counted
	since [maxSide][maxSide]time.Time
}

// steady is how long scans must agree, longer than contacts bounce.
const steady = 20 * time.Millisecond

// scan takes a scan and calls pressed for every key that is now certain to have
// gone down.
func (d *decoder) scan(r rows, at time.Time, pressed func(press)) {
	if r.ghosted() {
		return
	}
	for row := range r {
		for column := range maxSide {
			bit := uint8(1) << column
			if (r[row]^d.last[row])&bit != 0 {
				d.since[row][column] = at
			}
			if (r[row]^d.down[row])&bit == 0 || at.Sub(d.since[row][column]) < steady {
				continue
			}
			d.down[row] ^= bit
			if r[row]&bit != 0 {
				pressed(press{position{row, column}, d.since[row][column]})
			}
		}
	}
	d.last = r
}

// quiet says whether nothing is down nor about to be.
func (d *decoder) quiet() bool { return d.down.empty() && d.last.empty() }
