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
type decoder struct {
	down  rows // accepted
	last  rows // of the last scan that counted
	agree [maxSide][maxSide]uint8
	since [maxSide][maxSide]time.Time
}

// steady is how many scans must agree.
const steady = 3

// scan takes a scan and calls pressed for every key that is now certain to have
// gone down.
func (d *decoder) scan(r rows, at time.Time, pressed func(press)) {
	if r.ghosted() {
		return
	}
	for row := range r {
		for column := range maxSide {
			bit := uint8(1) << column
			down := r[row]&bit != 0
			if down != (d.last[row]&bit != 0) || d.agree[row][column] == 0 {
				d.agree[row][column], d.since[row][column] = 0, at
			}
			if d.agree[row][column] < steady {
				d.agree[row][column]++
			}
			if d.agree[row][column] < steady || down == (d.down[row]&bit != 0) {
				continue
			}
			d.down[row] ^= bit
			if down {
				pressed(press{position{row, column}, d.since[row][column]})
			}
		}
	}
	d.last = r
}

// quiet says whether nothing is down nor about to be.
func (d *decoder) quiet() bool { return d.down.empty() && d.last.empty() }
