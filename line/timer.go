package line

import "time"

// timerID names the deadlines a Machine can have at a time, in the order in
// which those of the same instant are served. The hook switch has its own.
type timerID uint8

const (
	ringTimer    timerID = iota // a call rings or knocks no longer
	loopTimer                   // the open loop ends
	tellTimer                   // a step of telling who calls ends
	cadenceTimer                // ringing goes on or off
	stateTimer                  // patience of the present state is at its end
	timers
)

// expired says that the state timer ran out.
type expired struct{}

func (expired) isEvent() {}

// Deadline returns when Handle wants to be called with a Timer, if no other
// event comes before.
func (m *Machine) Deadline() (time.Time, bool) {
	at, ok := m.hook.deadline()
	if _, t, running := m.nextTimer(); running && (!ok || t.Before(at)) {
		return t, true
	}
	return at, ok
}

func (m *Machine) nextTimer() (id timerID, at time.Time, ok bool) {
	for i, t := range m.timer {
		if !t.IsZero() && (!ok || t.Before(at)) {
			id, at, ok = timerID(i), t, true
		}
	}
	return id, at, ok
}

// advance serves every deadline up to at, in order and each at its own time, so
// that a late wake-up ends where a punctual one would have.
func (m *Machine) advance(at time.Time) {
	for {
		deadline, ok := m.Deadline()
		if !ok || deadline.After(at) {
			return
		}
		m.pass(deadline)
		m.expire(deadline)
	}
}

// pass moves the machine's time forward, never back.
func (m *Machine) pass(at time.Time) {
	if at.After(m.now) {
		m.now = at
	}
}

func (m *Machine) expire(deadline time.Time) {
	if at, ok := m.hook.deadline(); ok && at.Equal(deadline) {
		m.gesture(m.hook.expire())
		return
	}
	id, _, _ := m.nextTimer()
	m.stop(id)
	switch id {
	case ringTimer:
		m.unanswered()
	case loopTimer:
		m.closeLoop()
	case tellTimer:
		m.tellExpired()
	case cadenceTimer:
		m.nextRing()
	case stateTimer:
		m.dispatch(expired{})
	}
}

// start starts a timer, or starts it again.
func (m *Machine) start(id timerID, d time.Duration) {
	m.timer[id] = m.now.Add(max(d, 0))
}

func (m *Machine) stop(id timerID) { m.timer[id] = time.Time{} }
