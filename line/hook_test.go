package line

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
)

// scaled returns the size at which a test's figure is claimed, or that of a
// sample unless ATA_FULL=1 asks for all.
func scaled(all, sample int) int {
	if os.Getenv("ATA_FULL") == "1" {
		return all
	}
	return sample
}

// A gesture draws something a subscriber does into a trace that has the handset
// lifted, and returns what must be read.
type gesture func(t *trace, h *hook) []Event

var gestures = []struct {
	name string
	draw gesture
}{
	{"flash in talk", drawFlash(talking)},
	{"flash at recall dial tone", drawFlash(recalling)},
	{"hang-up in talk", drawHangUp(talking)},
	{"hang-up at dial tone", drawHangUp(dialing)},
	{"glitch in talk", drawGlitch},
	{"dial in talk", drawDialInTalk},
	{"dial", drawDigits(dialing)},
	{"dial at recall dial tone", drawDigits(recalling)},
	{"dial, hang up in the digit", drawAbandoned},
	{"hang up, lift", drawRelift},
	{"lift with bounce, dial", drawLiftAndDial},
	{"two flashes", drawTwoFlashes},
}

const (
	keyBounce    = 3 * millisecond  // of an R key
	cradleBounce = 30 * millisecond // of an old cradle
)

// flashBounce is that of an R key where flashes are short, else a cradle's.
func flashBounce(h *hook) time.Duration {
	if h.timing.FlashMax < 200*millisecond {
		return keyBounce
	}
	return cradleBounce
}

func (t *trace) flash(h *hook) {
	b := flashBounce(h)
	t.open(t.between(h.timing.FlashMin+b, h.timing.FlashMax-b), b)
	t.shut(t.between(400*millisecond, 900*millisecond), b)
}

func drawFlash(mode hookMode) gesture {
	return func(t *trace, h *hook) []Event {
		h.mode = mode
		t.flash(h)
		return []Event{flash{}}
	}
}

func drawTwoFlashes(t *trace, h *hook) []Event {
	h.mode = talking
	t.flash(h)
	t.flash(h)
	return []Event{flash{}, flash{}}
}

// drawHangUp lets the cradle chatter, and half of the time touch twice.
func drawHangUp(mode hookMode) gesture {
	return func(t *trace, h *hook) []Event {
		h.mode = mode
		if t.rng.IntN(2) == 0 {
			t.open(t.between(5*millisecond, 40*millisecond), millisecond)
			t.shut(t.between(13*millisecond, 40*millisecond), millisecond)
		}
		t.open(h.timing.FlashMax+t.between(cradleBounce+50*millisecond, time.Second), cradleBounce)
		return []Event{hangUp{}}
	}
}

func drawGlitch(t *trace, h *hook) []Event {
	h.mode = talking
	for range 1 + t.rng.IntN(3) {
		t.open(t.between(millisecond, h.timing.FlashMin-5*millisecond), keyBounce)
		t.shut(t.between(100*millisecond, 500*millisecond), keyBounce)
	}
	return nil
}

func drawDialInTalk(t *trace, h *hook) []Event {
	h.mode = talking
	d := dialOf(t.rng)
	for range 1 + t.rng.IntN(3) {
		t.turn(d, 2+t.rng.IntN(9))
		t.shut(t.between(300*millisecond, time.Second), 0)
	}
	return nil
}

// digits dials a few digits. Where a single pulse could be a flash, the first
// digit has more than one, as nothing is known of the telephone before.
func (t *trace) digits(h *hook, d dial) []Event {
	var want []Event
	for i := range 1 + t.rng.IntN(6) {
		n := 1 + t.rng.IntN(10)
		if i == 0 && h.mode == recalling {
			n = 2 + t.rng.IntN(9)
		}
		t.turn(d, n)
		t.shut(t.between(300*millisecond, time.Second)-d.make(), 0)
		want = append(want, dialed{n})
	}
	return want
}

func drawDigits(mode hookMode) gesture {
	return func(t *trace, h *hook) []Event {
		h.mode = mode
		return t.digits(h, dialOf(t.rng))
	}
}

func drawAbandoned(t *trace, h *hook) []Event {
	h.mode = dialing
	d := dialOf(t.rng)
	want := t.digits(h, d)
	t.turn(d, 1+t.rng.IntN(9))
	t.open(h.timing.FlashMax+t.between(cradleBounce+50*millisecond, time.Second), cradleBounce)
	return append(want, hangUp{})
}

func drawRelift(t *trace, h *hook) []Event {
	h.mode = talking
	t.open(h.timing.FlashMax+t.between(cradleBounce+50*millisecond, time.Second), cradleBounce)
	t.shut(time.Second, cradleBounce)
	return []Event{hangUp{}, offHook{}}
}

// drawLiftAndDial touches the cradle once more after lifting.
func drawLiftAndDial(t *trace, h *hook) []Event {
	h.mode = dialing
	t.open(h.timing.FlashMax+t.between(cradleBounce+50*millisecond, time.Second), cradleBounce)
	t.shut(t.between(15*millisecond, 40*millisecond), millisecond)
	t.open(t.between(5*millisecond, 60*millisecond), millisecond)
	t.shut(400*millisecond, millisecond)
	want := []Event{hangUp{}, offHook{}}
	return append(want, t.digits(h, dialOf(t.rng))...)
}

// TestHookTraces reads generated traces of every gesture in every group of
// countries. Less than one in a thousand may be read wrong in a group.
func TestHookTraces(t *testing.T) {
	n := scaled(120000, 12000)
	for i, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			wrong := 0
			for seed := range n {
				g := gestures[seed%len(gestures)]
				if fault := readGesture(g.draw, i, uint64(seed)); fault != "" {
					if wrong++; wrong <= 5 {
						t.Logf("%s, seed %d: %s", g.name, seed, fault)
					}
				}
			}
			t.Logf("%d of %d traces read wrong", wrong, n)
			if wrong*1000 >= n {
				t.Errorf("%d of %d traces read wrong, want less than 0.1 %%", wrong, n)
			}
		})
	}
}

func readGesture(draw gesture, group int, seed uint64) (fault string) {
	rng := rand.New(rand.NewPCG(seed, uint64(group)))
	h := &hook{timing: groups[group].timing}
	tr := &trace{rng: rng}
	tr.shut(time.Second, 0)
	want := append([]Event{offHook{}}, draw(tr, h)...)
	if got := tr.read(h); !slices.Equal(got, want) {
		return fmt.Sprintf("read %s, want %s", names(got), names(want))
	}
	return ""
}

// names returns the types of events and what is in them.
func names(events []Event) string {
	s := make([]string, len(events))
	for i, e := range events {
		s[i] = fmt.Sprintf("%T%v", e, e)
	}
	return strings.Join(s, " ")
}

// TestHookTimes checks the limits of the classifier one by one.
func TestHookTimes(t *testing.T) {
	us, eu := groups[0].timing, groups[1].timing
	tests := []struct {
		name   string
		reader hook
		breaks []int // milliseconds: open, closed, open, …
		want   []Event
	}{
		{"US pulse", hook{timing: us, mode: dialing}, []int{15}, []Event{dialed{1}}},
		{"US bounce", hook{timing: us, mode: dialing}, []int{14}, nil},
		{"US longest pulse", hook{timing: us, mode: dialing}, []int{120}, []Event{dialed{1}}},
		{"US neither", hook{timing: us, mode: dialing}, []int{121}, nil},
		{"US digit not ended", hook{timing: us, mode: dialing}, []int{60, 249, 60}, []Event{dialed{2}}},
		{"US digit ended", hook{timing: us, mode: dialing}, []int{60, 250, 60}, []Event{dialed{1}, dialed{1}}},
		{"US flash in talk", hook{timing: us}, []int{150}, []Event{flash{}}},
		{"US too short in talk", hook{timing: us}, []int{149}, nil},
		{"US longest flash", hook{timing: us}, []int{900}, []Event{flash{}}},
		{"US hang-up", hook{timing: us}, []int{901}, []Event{hangUp{}, offHook{}}},
		{"EU flash in talk", hook{timing: eu}, []int{70}, []Event{flash{}}},
		{"EU too short in talk", hook{timing: eu}, []int{69}, nil},
		{"EU longest flash", hook{timing: eu}, []int{130}, []Event{flash{}}},
		{"EU hang-up", hook{timing: eu}, []int{131}, []Event{hangUp{}, offHook{}}},
		{"EU train in talk", hook{timing: eu}, []int{75, 40, 75, 40, 75}, nil},
		{"EU slow pulse", hook{timing: eu, mode: dialing}, []int{100}, []Event{dialed{1}}},
		{"EU recall, flash", hook{timing: eu, mode: recalling}, []int{100}, []Event{flash{}}},
		{"EU recall, pulse", hook{timing: eu, mode: recalling}, []int{66}, []Event{dialed{1}}},
		{"EU recall, train", hook{timing: eu, mode: recalling}, []int{72, 35, 72}, []Event{dialed{2}}},
		{"EU recall, known dial", hook{timing: eu, mode: recalling}, []int{72, 35, 72, 500, 75}, []Event{dialed{2}, dialed{1}}},
		{"EU recall, known dial, flash", hook{timing: eu, mode: recalling}, []int{72, 35, 72, 500, 100}, []Event{dialed{2}, flash{}}},
		{"EU bounce around flash", hook{timing: eu}, []int{20, 20, 100, 20, 20}, []Event{flash{}}},
		{"no timing of its own", hook{timing: withDefaults(country.Hook{})}, []int{900, 1000, 901}, []Event{flash{}, hangUp{}, offHook{}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := readBreaks(&tt.reader, tt.breaks); !slices.Equal(got, tt.want) {
				t.Errorf("breaks %v: got %s, want %s", tt.breaks, names(got), names(tt.want))
			}
		})
	}
}

// readBreaks plays exact edges and punctual timers, one second after lifting.
func readBreaks(h *hook, parts []int) []Event {
	r := hookRun{h: h, t: &trace{rng: rand.New(rand.NewPCG(0, 0))}}
	at := time.Duration(0)
	edge := func(off bool) {
		r.punctual(at)
		r.edge(epoch.Add(at), off)
	}
	edge(true)
	at += time.Second
	for i, d := range parts {
		edge(i%2 == 1)
		at += time.Duration(d) * millisecond
	}
	if len(parts) > 0 {
		edge(true)
	}
	r.punctual(at + time.Minute)
	return r.got[1:]
}

func (r *hookRun) punctual(until time.Duration) {
	for at, ok := r.h.deadline(); ok && at.Sub(epoch) <= until; at, ok = r.h.deadline() {
		r.add(r.h.expire())
	}
}

// TestHookDeclaresHangUp checks that nobody waits for an edge that does not come.
func TestHookDeclaresHangUp(t *testing.T) {
	for _, group := range groups {
		h := &hook{timing: group.timing}
		h.edge(epoch, true)
		h.edge(epoch.Add(time.Second), false)
		at, ok := h.deadline()
		want := time.Second + group.timing.FlashMax + lateness
		if got := at.Sub(epoch); !ok || got != want {
			t.Errorf("%s: deadline %v, %v, want %v", group.name, got, ok, want)
		}
		if e := h.expire(); e != Event(hangUp{}) {
			t.Errorf("%s: expire() = %T, want hangUp", group.name, e)
		}
		if _, ok := h.deadline(); ok {
			t.Errorf("%s: there is a deadline on hook", group.name)
		}
	}
}
