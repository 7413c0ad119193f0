package dialplan

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"
)

// Status is how far a number has come.
type Status uint8

const (
	NoMatch  Status = iota // rejected: no rule fits, or the one that fits bars
	Partial                // not complete
	Complete               // complete, but a further key may follow
	Done                   // complete: dial now
)

var statusNames = [...]string{"no match", "partial", "complete", "done"}

// String returns the status in words.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// Result is what is known after a key or a wait.
type Result struct {
	Status      Status
	Wait        time.Duration // call Timeout if no key comes for this long; 0 = wait for a key
	OutsideTone bool          // play the outside dial tone until the next key
	Barred      bool          // with NoMatch: a rule matched and bars
}

// never is a time that does not come.
const never = time.Duration(math.MaxInt64)

// emergencyWait is the longest wait for another key after an emergency number.
const emergencyWait = 3 * time.Second

// Match follows the keys of one number. It allocates nothing after NewMatch.
type Match struct {
	plan *Plan
	sets []uint64        // positions in each rule
	due  []time.Duration // when each pause is over, if a rule is at it

	keys [maxKeys]byte
	n    int

	now   time.Duration // since the last key
	from  time.Duration // when the timers between keys started
	timed bool          // those timers run: there has been a key or a pause
	timer time.Duration // when they end, or never

	result    Result
	out       [maxKeys + maxLiterals]byte
	outLen    int
	winner    int // index of the rule that won, or one of the below
	emergency bool
}

const (
	noRule        = -1
	emergencyRule = -2
)

// NewMatch returns a match that has seen no key.
func (p *Plan) NewMatch() *Match {
	m := &Match{plan: p, sets: make([]uint64, len(p.rules)), due: make([]time.Duration, p.pauses)}
	m.Start()
	return m
}

// Start begins a new number, as lifting the handset does. A hot line is Done at
// once; a warm line tells the time to wait. Without either the Wait is 0.
func (m *Match) Start() Result {
	m.n, m.outLen, m.winner, m.emergency = 0, 0, noRule, false
	m.now, m.from, m.timed = 0, 0, false
	tone := false
	for i := range m.sets {
		tone = m.enter(i, 1, 0) || tone
	}
	return m.judge(tone)
}

// Key adds a key: '0' to '9', '*', '#', 'A' to 'D'. After NoMatch or Done the
// number is over and a key changes nothing.
func (m *Match) Key(key byte) Result {
	if m.over() {
		return m.result
	}
	key = upper(key)
	if key != 0 && key == m.plan.dialKey && !m.takes(key) {
		return m.decide()
	}
	if m.n == maxKeys {
		return m.reject(false)
	}
	m.keys[m.n] = key
	m.n++
	m.now, m.from, m.timed = 0, 0, true
	return m.advance(keyOf(key))
}

// Timeout says that no key came for the Wait of the last result. It returns
// Done, NoMatch, or, when a pause inside a rule is over, the next Wait. Without
// a Wait nothing changes.
func (m *Match) Timeout() Result {
	if m.over() || m.result.Wait == 0 {
		return m.result
	}
	m.now += m.result.Wait
	final, tone := m.passPauses()
	if final || m.now >= m.timer {
		return m.decide()
	}
	m.from, m.timed = m.now, true
	return m.judge(tone)
}

// Result returns the last result again.
func (m *Match) Result() Result { return m.result }

// Keys returns the keys so far, without substitution.
func (m *Match) Keys() string { return string(m.keys[:m.n]) }

// Number returns the number to dial, after substitution. Before Done it is the
// number that would be dialed if no further key came, empty if there is none.
func (m *Match) Number() string {
	switch {
	case m.over():
		return string(m.out[:m.outLen])
	case m.isEmergency():
		return m.Keys()
	}
	i := m.firstComplete()
	if i == noRule || m.plan.rules[i].barred {
		return ""
	}
	return string(m.out[:m.numberOf(i)])
}

// Emergency says, once Done, that the number is one of WithEmergency.
func (m *Match) Emergency() bool { return m.emergency }

func (m *Match) over() bool { return m.result.Status == Done || m.result.Status == NoMatch }

// advance moves all rules by a key.
func (m *Match) advance(k keySet) Result {
	tone := false
	for i, set := range m.sets {
		tone = m.enter(i, m.plan.rules[i].step(set, k), 0) || tone
	}
	return m.judge(tone)
}

// enter puts rule i at the positions of set and at those reached from there
// without a key. Pauses of the positions in had have been running. It says
// whether an outside dial tone was met.
func (m *Match) enter(i int, set, had uint64) (tone bool) {
	elements := m.plan.rules[i].elements
	for at := range elements {
		if set>>at&1 == 0 {
			continue
		}
		switch e := &elements[at]; e.op {
		case opKey, opDrop:
			continue
		case opPause:
			if had>>at&1 == 0 {
				m.due[e.pause] = m.now + e.wait
			}
			if m.due[e.pause] > m.now {
				continue
			}
			set &^= 1 << at
		case opTone:
			tone = true
		}
		set |= 2 << at
	}
	m.sets[i] = set
	return tone
}

// passPauses moves on the rules whose pause is over. It says whether that
// completed a rule that takes nothing more, a hot or warm line, and whether an
// outside dial tone was met.
func (m *Match) passPauses() (final, tone bool) {
	for i, set := range m.sets {
		if set == 0 {
			continue
		}
		tone = m.enter(i, set, set) || tone
		r := &m.plan.rules[i]
		if set&r.end() == 0 && m.complete(i) && !r.grows(m.sets[i]) {
			final = true
		}
	}
	return final, tone
}

// takes says whether a rule or an emergency number goes on with the key.
func (m *Match) takes(key byte) bool {
	for i, set := range m.sets {
		if m.plan.rules[i].step(set, keyOf(key)) != 0 {
			return true
		}
	}
	return slices.ContainsFunc(m.plan.emergency, func(n string) bool {
		return m.begins(n) && n[m.n] == key
	})
}

// survey is what all rules together say of the keys so far.
type survey struct {
	complete bool // a rule is complete
	open     bool // a rule can grow
	longer   bool // a rule that does not bar still needs keys
	timers   timers
}

func (m *Match) survey() survey {
	s := survey{timers: timers{short: never}}
	for i, set := range m.sets {
		if set == 0 {
			continue
		}
		r := &m.plan.rules[i]
		t := r.timersAt(set, m.plan.timers)
		s.timers.long = max(s.timers.long, t.long)
		s.open = s.open || r.grows(set)
		if m.complete(i) {
			s.complete = true
			s.timers.short = min(s.timers.short, t.short)
		} else if r.grows(set) && !r.barred {
			s.longer = true
		}
	}
	return s
}

// judge decides after a key or a pause what happens next.
func (m *Match) judge(tone bool) Result {
	s := m.survey()
	more := m.emergencyGoesOn() && (m.n > 0 || !s.complete) // a hot line stays one
	s.open = s.open || more
	if more {
		s.timers.long = max(s.timers.long, m.plan.timers.long)
	}
	if m.isEmergency() {
		return m.judgeEmergency(s, more, tone)
	}
	switch {
	case s.complete && (!s.open || s.timers.short == 0):
		return m.decide()
	case s.complete:
		return m.wait(Complete, m.from+s.timers.short, tone)
	case !s.open || m.timed && s.timers.long == 0:
		return m.reject(false)
	case !m.timed:
		return m.wait(Partial, never, tone)
	}
	return m.wait(Partial, m.from+s.timers.long, tone)
}

// judgeEmergency waits for another key only if a longer number may be meant.
func (m *Match) judgeEmergency(s survey, more, tone bool) Result {
	wait := min(s.timers.short, m.plan.timers.short, emergencyWait)
	if !more && !s.longer || wait == 0 {
		return m.decide()
	}
	return m.wait(Complete, m.from+wait, tone)
}

// wait sets the result of a number that is not over. timer is when to decide.
func (m *Match) wait(s Status, timer time.Duration, tone bool) Result {
	m.timer = timer
	next := min(timer, m.nextPause())
	m.result = Result{Status: s, OutsideTone: tone}
	if next != never {
		m.result.Wait = next - m.now
	}
	return m.result
}

// nextPause returns when the first pause that a rule is at will be over.
func (m *Match) nextPause() time.Duration {
	next := never
	for i, set := range m.sets {
		r := &m.plan.rules[i]
		for s := set & r.consuming(); s != 0; s &= s - 1 {
			if e := &r.elements[bits.TrailingZeros64(s)]; e.op == opPause {
				next = min(next, m.due[e.pause])
			}
		}
	}
	return next
}

// decide ends the number with what it is now.
func (m *Match) decide() Result {
	if m.isEmergency() {
		m.winner, m.emergency = emergencyRule, true
		m.outLen = copy(m.out[:], m.keys[:m.n])
		m.result = Result{Status: Done}
		return m.result
	}
	m.winner = m.firstComplete()
	if m.winner == noRule {
		return m.reject(false)
	}
	if m.plan.rules[m.winner].barred {
		return m.reject(true)
	}
	m.outLen = m.numberOf(m.winner)
	m.emergency = m.plan.isEmergency(m.out[:m.outLen])
	m.result = Result{Status: Done}
	return m.result
}

func (m *Match) reject(barred bool) Result {
	m.outLen = 0
	m.result = Result{Status: NoMatch, Barred: barred}
	return m.result
}

// firstComplete returns the first rule of the list that is complete.
func (m *Match) firstComplete() int {
	for i := range m.sets {
		if m.complete(i) {
			return i
		}
	}
	return noRule
}

// complete says whether rule i is at its end with a number that is not empty.
func (m *Match) complete(i int) bool {
	r := &m.plan.rules[i]
	if m.sets[i]&r.end() == 0 {
		return false
	}
	return r.insertsOrKeeps() || m.numberOf(i) > 0
}

// numberOf writes the number of a complete rule to out and returns its length.
func (m *Match) numberOf(i int) int {
	return max(0, m.plan.rules[i].number(&m.out, m.keys[:m.n]))
}

// isEmergency says whether the keys are an emergency number.
func (m *Match) isEmergency() bool { return m.plan.isEmergency(m.keys[:m.n]) }

func (p *Plan) isEmergency(number []byte) bool {
	for _, n := range p.emergency {
		if n == string(number) {
			return true
		}
	}
	return false
}

// emergencyGoesOn says whether the keys begin a longer emergency number.
func (m *Match) emergencyGoesOn() bool { return slices.ContainsFunc(m.plan.emergency, m.begins) }

// begins says whether the keys are the beginning of number, but not all of it.
func (m *Match) begins(number string) bool {
	return len(number) > m.n && number[:m.n] == string(m.keys[:m.n])
}
