package line

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ata-agent/ata-agent/country"
)

// The contacts of a hook switch or dial, as a chip with a debounce filter
// reports them.

const (
	millisecond = time.Millisecond
	debounce    = 12500 * time.Microsecond // default of the Si321x family
	edgeDelay   = 15 * millisecond         // an edge is told up to this long after its time
	timerDelay  = 5 * millisecond          // a timer comes up to this late
)

// A trace is made by appending changes of the contact and passing time.
type trace struct {
	rng     *rand.Rand
	now     time.Duration
	changes []change
}

type change struct {
	at     time.Duration
	closed bool
}

// set moves the contact, which chatters for the time of bounce. The contact has
// been in its new place for rest by the time set returns.
func (t *trace) set(closed bool, bounce, rest time.Duration) {
	end := t.now + rest
	bounce = min(bounce, rest)
	for at := t.now; at < t.now+bounce; {
		t.changes = append(t.changes, change{at, closed})
		at += t.between(200*time.Microsecond, 2*millisecond)
		t.changes = append(t.changes, change{min(at, t.now+bounce), !closed})
		at += t.between(200*time.Microsecond, 2*millisecond)
	}
	t.changes = append(t.changes, change{t.now + bounce, closed})
	t.now = end
}

func (t *trace) between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(t.rng.Int64N(int64(high-low)))
}

// open and shut are a break and a make with up to so much bounce.
func (t *trace) open(d, bounce time.Duration) { t.set(false, t.between(0, bounce), d) }
func (t *trace) shut(d, bounce time.Duration) { t.set(true, t.between(0, bounce), d) }

// dial is how a dial turns.
type dial struct {
	period, open time.Duration
}

// dialOf draws a dial of 8 to 20 pulses per second and 55 to 77 % break whose
// makes a debounce of 12.5 ms lets through: at 20 pulses per second and 77 % the
// contact closes for 11.5 ms only, which no such filter can see.
func dialOf(rng *rand.Rand) dial {
	for {
		pps, ratio := 8+12*rng.Float64(), 0.55+0.22*rng.Float64()
		d := dial{period: time.Duration(float64(time.Second) / pps)}
		d.open = time.Duration(float64(d.period) * ratio)
		if d.make() > debounce+millisecond {
			return d
		}
	}
}

func (d dial) make() time.Duration { return d.period - d.open }

// turn sends a train of pulses with up to 10 ms of bounce on either side of a
// break, as far as the make leaves room for it.
func (t *trace) turn(d dial, pulses int) {
	most := 10 * millisecond
	for range pulses {
		t.open(d.open, most)
		t.shut(d.make(), min(most, d.make()-debounce-millisecond/2))
	}
}

// edges returns what the debounce filter lets through: a change is an edge once
// it has lasted for the debounce time.
func (t *trace) edges() []change {
	slices.SortStableFunc(t.changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	var out []change
	state := false
	for i, c := range t.changes {
		lasts := i+1 == len(t.changes) || t.changes[i+1].at-c.at >= debounce
		for j := i + 1; j < len(t.changes) && t.changes[j].closed == c.closed; j++ {
			lasts = j+1 == len(t.changes) || t.changes[j+1].at-c.at >= debounce
		}
		if lasts && c.closed != state {
			state = c.closed
			out = append(out, change{c.at + debounce, state})
		}
	}
	return out
}

var epoch = time.Unix(0, 0)

// read plays a trace to a reader as a driver would, edges and timers late, and
// returns what it read.
func (t *trace) read(h *hook) []Event {
	r := hookRun{h: h, t: t}
	for _, e := range t.edges() {
		r.expire(e.at + t.between(0, edgeDelay))
		r.edge(epoch.Add(e.at), e.closed)
	}
	r.expire(t.now + time.Hour)
	return r.got
}

type hookRun struct {
	h   *hook
	t   *trace
	got []Event
}

func (r *hookRun) add(e Event) {
	if e != nil && e != Event(pulsing{}) {
		r.got = append(r.got, e)
	}
}

func (r *hookRun) edge(at time.Time, off bool) {
	e := r.h.edge(at, off)
	r.add(e)
	if e == Event(hangUp{}) {
		r.add(r.h.edge(at, off))
	}
}

// expire serves the deadlines whose late timers come until then.
func (r *hookRun) expire(until time.Duration) {
	for {
		at, ok := r.h.deadline()
		if !ok || at.Sub(epoch)+r.t.between(0, timerDelay) > until {
			return
		}
		r.add(r.h.expire())
	}
}

// groups are the countries that share hook timing.
var groups = []struct {
	name   string
	timing country.Hook
}{
	{"US", hookTiming(120, 250, 150, 900)},
	{"EU", hookTiming(66, 250, 70, 130)},
	{"FI", hookTiming(85, 250, 90, 500)},
	{"JP", hookTiming(80, 200, 250, 1000)},
	{"AU", hookTiming(85, 250, 80, 130)},
}

func hookTiming(pulseMax, interdigit, flashMin, flashMax time.Duration) country.Hook {
	return country.Hook{
		PulseBreakMin: 15 * millisecond,
		PulseBreakMax: pulseMax * millisecond,
		InterdigitMin: interdigit * millisecond,
		FlashMin:      flashMin * millisecond,
		FlashMax:      flashMax * millisecond,
	}
}
