package line

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// TestNumbers dials random numbers, each with a dial of its own of 8 to 20
// pulses per second, 55 to 77 % break and up to 10 ms of bounce, and each with
// keys, in the hook timing of every group of countries. None may be wrong.
func TestNumbers(t *testing.T) {
	n := scaled(10000, 1500)
	for i := range n {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		number := randomNumber(rng)
		group := i % len(groups)
		if got := dialRotary(t, rng, group, number); got != number {
			t.Errorf("%s, seed %d: a dial turned %s, dialed %q", groups[group].name, i, number, got)
		}
		if got := dialKeys(t, rng, group, number); got != number {
			t.Errorf("%s, seed %d: keys %s, dialed %q", groups[group].name, i, number, got)
		}
	}
}

func randomNumber(rng *rand.Rand) string {
	digits := make([]byte, 3+rng.IntN(10))
	for i := range digits {
		digits[i] = byte('0' + rng.IntN(10))
	}
	return string(digits)
}

func lifted(t *testing.T, group int) (*Machine, *world) {
	w := newWorld(t)
	c := testCountry()
	c.Hook = groups[group].timing
	m := New(w, c, mustPlan(t, "(xx.)"), Settings{})
	m.Handle(epoch, Service{Up: true})
	return m, w
}

func (w *world) number() string {
	if len(w.dialed) != 1 {
		return fmt.Sprint(w.dialed)
	}
	return w.dialed[0]
}

func dialRotary(t *testing.T, rng *rand.Rand, group int, number string) string {
	tr, d := &trace{rng: rng}, dialOf(rng)
	tr.shut(time.Second, cradleBounce)
	for i := range len(number) {
		pulses := int(number[i] - '0')
		if pulses == 0 {
			pulses = 10
		}
		tr.turn(d, pulses)
		tr.shut(tr.between(300*millisecond, 1500*millisecond)-d.make(), 0)
	}
	m, w := lifted(t, group)
	for _, e := range tr.edges() {
		w.run(m, epoch.Add(e.at))
		m.Handle(epoch.Add(e.at), Hook{Off: e.closed})
	}
	w.run(m, epoch.Add(tr.now+10*time.Second))
	return w.number()
}

func dialKeys(t *testing.T, rng *rand.Rand, group int, number string) string {
	m, w := lifted(t, group)
	at := epoch.Add(time.Second)
	m.Handle(at, Hook{Off: true})
	for i := range len(number) {
		at = at.Add(50*millisecond + time.Duration(rng.IntN(1000))*millisecond)
		w.run(m, at)
		m.Handle(at, Digit{Key: number[i]})
	}
	w.run(m, at.Add(10*time.Second))
	return w.number()
}

func TestConfigure(t *testing.T) {
	w := newWorld(t)
	m := New(w, testCountry(), mustPlan(t, "(xx)"), Settings{NoServiceDialTone: true})
	step := func(seconds int, e Event) {
		at := epoch.Add(time.Duration(seconds) * time.Second)
		w.run(m, at)
		m.Handle(at, e)
	}
	step(1, Hook{Off: true})
	m.Configure(testCountry(), mustPlan(t, "(x)"), Settings{NoServiceDialTone: true})
	step(2, Digit{'1'})
	if m.State() != Collecting {
		t.Fatalf("after the first key: %v, want the plan of the time the handset was lifted", m.State())
	}
	step(3, Hook{Off: false})
	step(5, Hook{Off: true})
	step(6, Digit{'2'})
	if m.State() != Calling || w.number() != "2" {
		t.Errorf("after the next lifting: %v, dialed %v, want the new plan", m.State(), w.dialed)
	}
	step(7, Hook{Off: false})
	step(10, Timer{})
	eu := testCountry()
	eu.Hook = groups[1].timing
	m.Configure(eu, mustPlan(t, "(x)"), Settings{})
	step(11, Hook{Off: true})
	if m.Tone() != Reorder {
		t.Errorf("tone %v, want the new settings at once on an idle line", m.Tone())
	}
	step(12, Hook{Off: false})
	if at, _ := m.Deadline(); at.Sub(epoch) != 12150*millisecond {
		t.Errorf("hang-up at %v, want the hook timing of the new country", at.Sub(epoch))
	}
	step(13, Timer{})
	w.idle(m)
}

func TestAccessors(t *testing.T) {
	w := newWorld(t)
	m := New(w, testCountry(), mustPlan(t, "(x)"), Settings{CallWaiting: true})
	in := func() CallID { return w.fresh(&leg{}) }
	first, second := in(), in()
	m.Handle(epoch, Incoming{Call: first})
	if m.State() != Ringing || m.Call() != first || m.Feed() != slic.Ringing || m.OffHook() {
		t.Errorf("ringing: %v, call %d, feed %v, off hook %v", m.State(), m.Call(), m.Feed(), m.OffHook())
	}
	m.Handle(epoch.Add(time.Second), Hook{Off: true})
	m.Handle(epoch.Add(2*time.Second), Incoming{Call: second})
	if m.State() != Talking || m.Knocking() != second || m.Tone() != CallWaiting || !m.OffHook() {
		t.Errorf("knocking: %v, call %d, tone %v, off hook %v", m.State(), m.Knocking(), m.Tone(), m.OffHook())
	}
	m.Handle(epoch.Add(3*time.Second), Hook{Off: false})
	m.Handle(epoch.Add(3300*millisecond), Hook{Off: true})
	if m.Call() != second || m.Held() != first || m.Knocking() != 0 {
		t.Errorf("after a flash: calls %d, %d, %d, want %d, %d, 0", m.Call(), m.Held(), m.Knocking(), second, first)
	}
}

// TestNoDeadline checks that no timer is left that has nothing to do.
func TestNoDeadline(t *testing.T) {
	w := newWorld(t)
	m := New(w, testCountry(), mustPlan(t, "(x)"), Settings{CallWaiting: true})
	at := epoch
	check := func(what string, e Event) {
		t.Helper()
		at = at.Add(time.Second)
		w.run(m, at)
		m.Handle(at, e)
		if d, ok := m.Deadline(); ok {
			t.Errorf("%s: waits for %v", what, d.Sub(at))
		}
	}
	call := func() CallID {
		id := w.fresh(&leg{})
		m.Handle(at, Incoming{Call: id})
		return id
	}
	check("rang in vain", Released{Call: call()})
	first := call()
	check("answered", Hook{Off: true})
	check("knocked in vain", Released{Call: call()})
	second := call()
	m.Handle(at, Hook{Off: false})
	at = at.Add(-700 * millisecond)
	check("knock taken", Hook{Off: true})
	if m.Call() != second || m.Held() != first {
		t.Errorf("calls %d, %d, want %d, %d", m.Call(), m.Held(), second, first)
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{Idle.String(), "idle"},
		{Down.String(), "down"},
		{State(200).String(), "state(200)"},
		{Howler.String(), "howler"},
		{Tone(200).String(), "tone(200)"},
		{RefuseDeclined.String(), "declined"},
		{Refusal(200).String(), "refusal(200)"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
