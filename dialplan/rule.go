package dialplan

import (
	"math/bits"
	"time"
)

// op is what an element of a rule does.
type op uint8

const (
	opKey    op = iota // take one key of the set and keep it
	opRepeat           // take any number of keys of the set and keep them
	opDrop             // take one key of the set and drop it
	opInsert           // add the text to the number
	opTone             // outside dial tone
	opLong             // set the long timer
	opShort            // set the short timer
	opPause            // wait without a key
)

type element struct {
	op    op
	keys  keySet        // opKey, opRepeat, opDrop
	text  string        // opInsert
	wait  time.Duration // opLong, opShort, opPause
	pause int           // opPause: its number in the plan
}

// rule is one sequence of a plan. It is run as a nondeterministic automaton:
// position i is before element i, position len(elements) is the end, and a set
// of positions is the bits of a word.
type rule struct {
	elements []element
	text     string // in the grammar of the plan
	column   int
	barred   bool
	linger   bool // complete but open: wait for the short timer
}

// numberPauses gives the pauses of the rule the numbers from next on and
// returns the number after the last.
func (r *rule) numberPauses(next int) int {
	for i := range r.elements {
		if r.elements[i].op == opPause {
			r.elements[i].pause = next
			next++
		}
	}
	return next
}

// takes says whether an element consumes the keys k.
func (e *element) takes(k keySet) bool { return e.op <= opDrop && e.keys&k != 0 }

// step returns the positions after a key.
func (r *rule) step(set uint64, k keySet) uint64 {
	var next uint64
	for s := set & r.consuming(); s != 0; s &= s - 1 {
		i := bits.TrailingZeros64(s)
		if e := &r.elements[i]; e.takes(k) {
			next |= 1 << e.after(i)
		}
	}
	return next
}

// after returns the position behind element i once it has taken a key.
func (e *element) after(i int) int {
	if e.op == opRepeat {
		return i
	}
	return i + 1
}

// consuming returns the positions that are before an element, all but the end.
func (r *rule) consuming() uint64 { return r.end() - 1 }

// end returns the set of the position at the end of the rule.
func (r *rule) end() uint64 { return 1 << len(r.elements) }

// grows says whether a further key or a pause can carry the rule on.
func (r *rule) grows(set uint64) bool {
	if r.linger && set&r.end() != 0 {
		return true
	}
	for s := set & r.consuming(); s != 0; s &= s - 1 {
		switch e := &r.elements[bits.TrailingZeros64(s)]; {
		case e.op <= opDrop, e.op == opPause && e.wait > 0:
			return true
		}
	}
	return false
}

// timersAt returns the timers that hold at the furthest position of the set.
func (r *rule) timersAt(set uint64, t timers) timers {
	for i := range r.elements[:bits.Len64(set)-1] {
		switch e := &r.elements[i]; e.op {
		case opLong:
			t.long = e.wait
		case opShort:
			t.short = e.wait
		}
	}
	return t
}

// insertsOrKeeps says whether every number of the rule has a character.
func (r *rule) insertsOrKeeps() bool {
	for i := range r.elements {
		if e := &r.elements[i]; e.op == opKey || e.text != "" {
			return true
		}
	}
	return false
}

// number writes what the rule makes of keys to out and returns its length, -1
// if the keys do not end the rule. Where keys fit an element and also the one
// after it, the earlier takes them.
func (r *rule) number(out *[maxKeys + maxLiterals]byte, keys []byte) int {
	var ends [maxKeys + 1]uint64
	r.endings(&ends, keys)
	if ends[0]&1 == 0 {
		return -1
	}
	n, i, at := 0, 0, 0
	for i < len(r.elements) {
		e := &r.elements[i]
		if at < len(keys) && e.takes(keyOf(keys[at])) && ends[at+1]>>e.after(i)&1 == 1 {
			if e.op != opDrop {
				out[n] = keys[at]
				n++
			}
			i, at = e.after(i), at+1
			continue
		}
		n += copy(out[n:], e.text)
		i++
	}
	return n
}

// endings fills ends[at] with the positions from which keys[at:] lead to the
// end of the rule.
func (r *rule) endings(ends *[maxKeys + 1]uint64, keys []byte) {
	for at := len(keys); at >= 0; at-- {
		var set uint64
		if at == len(keys) {
			set = r.end()
		}
		for i := len(r.elements) - 1; i >= 0; i-- {
			e := &r.elements[i]
			skips := e.op != opKey && e.op != opDrop && set>>(i+1)&1 == 1
			takes := at < len(keys) && e.takes(keyOf(keys[at])) && ends[at+1]>>e.after(i)&1 == 1
			if skips || takes {
				set |= 1 << i
			}
		}
		ends[at] = set
	}
}
