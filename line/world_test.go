package line

import (
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dialplan"
	"github.com/ata-agent/ata-agent/slic"
)

// world is the far side of a Port. It fails the test when the machine does what
// no call allows.
type world struct {
	t      testing.TB
	next   CallID
	calls  map[CallID]*leg
	dialed []string
	feed   slic.Feed
	tone   Tone
	voice  CallID
	signal Signal // the last one
}

// leg is one call as the network sees it.
type leg struct{ outgoing, answered, held bool }

func newWorld(t testing.TB) *world {
	return &world{t: t, calls: map[CallID]*leg{}, feed: slic.Forward}
}

func (w *world) leg(what string, id CallID) *leg {
	l := w.calls[id]
	if l == nil {
		w.t.Fatalf("%s of call %d, which does not exist", what, id)
	}
	return l
}

func (w *world) fresh(l *leg) CallID {
	w.next++
	w.calls[w.next] = l
	return w.next
}

func (w *world) SetFeed(f slic.Feed) { w.feed = f }

func (w *world) Play(t Tone) { w.tone = t }

func (w *world) Dial(number string, emergency bool) CallID {
	w.dialed = append(w.dialed, number)
	return w.fresh(&leg{outgoing: true})
}

func (w *world) ringing(what string, id CallID) *leg {
	l := w.leg(what, id)
	if l.outgoing || l.answered {
		w.t.Fatalf("%s of call %d, which does not come in", what, id)
	}
	return l
}

func (w *world) Alert(id CallID) { w.ringing("alert", id) }

func (w *world) Answer(id CallID) { w.ringing("answer", id).answered = true }

func (w *world) Reject(id CallID, _ Refusal) {
	w.ringing("reject", id)
	delete(w.calls, id)
}

func (w *world) Hangup(id CallID) {
	if l := w.leg("hangup", id); !l.outgoing && !l.answered {
		w.t.Fatalf("hangup of call %d, which comes in", id)
	}
	delete(w.calls, id)
}

func (w *world) Hold(id CallID, on bool) {
	l := w.leg("hold", id)
	if !l.answered || l.held == on {
		w.t.Fatalf("hold %v of call %d, which is %+v", on, id, *l)
	}
	l.held = on
}

func (w *world) Connect(id CallID) {
	if id != 0 {
		w.leg("connect", id)
	}
	w.voice = id
}

func (w *world) SendCallerID(id CallID, s Signal) time.Duration {
	if id != 0 {
		w.ringing("caller ID", id)
	}
	w.signal = s
	if s == NoSignal {
		return 0
	}
	return 700 * millisecond
}

func (w *world) SendFlash(id CallID) { w.leg("flash", id) }

// idle checks that nothing is left of all that happened.
func (w *world) idle(m *Machine) {
	w.t.Helper()
	if m.State() != Idle || m.OffHook() || m.Call() != 0 || m.Held() != 0 || m.Knocking() != 0 {
		w.t.Fatalf("not idle: %v, off hook %v, calls %d, %d, %d", m.State(), m.OffHook(), m.Call(), m.Held(), m.Knocking())
	}
	if len(w.calls) != 0 || w.feed != slic.Forward || w.tone != Silence || w.voice != 0 {
		w.t.Fatalf("idle, but calls %v, feed %v, tone %v, voice %d", w.calls, w.feed, w.tone, w.voice)
	}
	if w.feed != m.Feed() || w.tone != m.Tone() {
		w.t.Fatalf("machine thinks feed %v, tone %v", m.Feed(), m.Tone())
	}
	if at, ok := m.Deadline(); ok {
		w.t.Fatalf("idle, but waits for %v", at)
	}
}

// run serves deadlines until a time.
func (w *world) run(m *Machine, until time.Time) {
	for at, ok := m.Deadline(); ok && !at.After(until); at, ok = m.Deadline() {
		m.Handle(at, Timer{})
	}
}

func testCountry() *country.Country {
	return &country.Country{
		Ring: []time.Duration{2 * time.Second, 4 * time.Second},
		Hook: groups[0].timing,
		CPC:  500 * millisecond,
	}
}

func mustPlan(t testing.TB, text string) *dialplan.Plan {
	t.Helper()
	plan, err := dialplan.Parse(text, dialplan.Sipura)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
