package line

import (
	"time"

	"github.com/ata-agent/ata-agent/country"
)

// What a subscriber does with the hook switch, as hook reads it from edges.
// The machine treats these as events of its own.
type (
	offHook struct{}            // the handset was lifted
	hangUp  struct{}            // the handset was put down
	flash   struct{}            // a timed break: hook flash, R key
	pulsing struct{}            // a dial turns; its digit follows
	dialed  struct{ count int } // a digit of that many dial pulses is complete
)

func (offHook) isEvent() {}
func (hangUp) isEvent()  {}
func (flash) isEvent()   {}
func (pulsing) isEvent() {}
func (dialed) isEvent()  {}

// hookMode says what breaks of the loop can mean.
type hookMode uint8

const (
	talking   hookMode = iota // a break is a flash or nothing
	dialing                   // breaks are dial pulses, nothing could be flashed
	recalling                 // breaks are dial pulses, or one flash back to the held call
	fetching                  // the telephone closes the loop by itself, to hear who calls; a break opens it
)

const (
	// longestPulse is the break of a dial at 8 pulses per second and 77 %
	// break (96 ms) with 10 ms of bounce at either end, which is longer than
	// what short-flash countries allow for a pulse. It applies where a flash
	// would have no meaning, or once a second pulse has shown a dial at work.
	longestPulse = 120 * time.Millisecond
	// settle is longer than any make inside a train of pulses (8 per second,
	// 55 % break, 10 ms bounce: 66 ms). A break followed by such a make stood alone.
	settle = 80 * time.Millisecond
	// bouncing is how long after lifting or a flash the cradle may chatter.
	// Nobody turns a dial that soon.
	bouncing = 120 * time.Millisecond
	// lateness is how long after its time an edge may be told. A hang-up is
	// declared that much after the longest flash, so that an edge on its way
	// still counts.
	lateness = 20 * time.Millisecond
	// recovery is what the loop detector gets after the feed was open, as the
	// guard time of DAHDI's kewl start.
	recovery = 300 * time.Millisecond
)

// hook reads debounced edges of the hook switch.
//
//	            ____            ______   _   _   _   ______           ____
//	loop       |    |          |      | | | | | | | |      |         |
//	 closed ___|    |__________|      |_| |_| |_| |_|      |_________|
//	       lifted    flash min..max    pulses, then a       longer than flash max:
//	                                   long make: digit     hung up, without waiting
//
// The ranges of pulses and flashes overlap in countries whose R key breaks the
// loop for 70 to 130 ms. Three things tell them apart: what a break can mean in
// the present mode; the company a break is in, since pulses come in trains and
// flashes alone; and how long this telephone's pulses were so far.
type hook struct {
	timing country.Hook
	mode   hookMode

	off    bool      // the loop is closed
	lifted bool      // offHook was told, hangUp not yet
	opened time.Time // start of the present or last break
	closed time.Time // start of the present make
	guard  time.Time // a break that begins before is bounce
	blind  bool      // the feed is open: edges say nothing
	blank  bool      // the present break began blind: it can only be a hang-up

	pulses  int           // breaks of the train so far
	longest time.Duration // longest of them
	second  time.Duration // second longest
	pulse   time.Duration // longest break of a train this telephone has sent, 0 = none

	train    train
	measured HookTiming
}

// withDefaults fills what a country leaves open with North American figures.
func withDefaults(t country.Hook) country.Hook {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&t.PulseBreakMin, 15*time.Millisecond)
	def(&t.PulseBreakMax, 120*time.Millisecond)
	def(&t.InterdigitMin, 250*time.Millisecond)
	def(&t.FlashMin, 150*time.Millisecond)
	def(&t.FlashMax, 900*time.Millisecond)
	return t
}

// setMode changes what breaks mean. A train under way is dropped where it can
// no longer be a digit.
func (h *hook) setMode(mode hookMode) {
	if h.mode != mode && (mode == talking || h.mode == talking) {
		h.pulses = 0
	}
	h.mode = mode
}

// edge takes an edge and returns what it makes known, or nil. After a hangUp
// the same edge must be given again: it may lift the handset.
func (h *hook) edge(at time.Time, off bool) Event {
	switch {
	case off == h.off:
		return nil
	case h.blind:
		h.off = off
		return nil
	case !off:
		return h.open(at)
	case !h.lifted:
		return h.lift(at)
	}
	return h.close(at)
}

func (h *hook) lift(at time.Time) Event {
	h.off, h.lifted = true, true
	h.pulses = 0
	h.guard = at.Add(bouncing)
	return offHook{}
}

func (h *hook) open(at time.Time) Event {
	h.off = false
	h.blank = at.Before(h.opened) // told late: it began while the feed was open
	if !h.blank {
		h.opened = at
	}
	return nil
}

func (h *hook) close(at time.Time) Event {
	length := at.Sub(h.opened)
	if length > h.limit() {
		return h.hangUp()
	}
	h.off = true
	switch {
	case h.blank, h.opened.Before(h.guard), length < h.timing.PulseBreakMin:
		return nil // the make before it goes on
	case length <= h.longestPulse():
		return h.count(at, length)
	}
	return h.long(at, length)
}

// count adds a break to the train.
func (h *hook) count(at time.Time, length time.Duration) Event {
	h.closed = at
	h.pulses++
	if h.pulses == 1 {
		h.longest, h.second = 0, 0
	}
	h.train.add(h.opened, length, h.pulses == 1)
	if length > h.longest {
		h.longest, h.second = length, h.longest
	} else {
		h.second = max(h.second, length)
	}
	if h.mode == talking || h.maybeFlash() {
		return nil
	}
	return pulsing{}
}

// long takes a break that is too long for a pulse.
func (h *hook) long(at time.Time, length time.Duration) Event {
	h.pulses = 0
	h.closed = at
	if length < h.timing.FlashMin {
		return nil
	}
	h.guard = at.Add(bouncing)
	h.measured.Flash = length
	return flash{}
}

// longestPulse returns the longest break that is counted.
func (h *hook) longestPulse() time.Duration { return max(h.timing.PulseBreakMax, longestPulse) }

// limit returns the longest break that is not a hang-up.
func (h *hook) limit() time.Duration {
	switch {
	case h.blank:
		return max(h.timing.FlashMax, recovery)
	case h.mode == fetching:
		return h.longestPulse()
	}
	return h.timing.FlashMax
}

// maybeFlash says whether the train is one break in the flash window, alone or
// with bounce, and not like the pulses this telephone is known to send.
func (h *hook) maybeFlash() bool {
	alone := h.pulses == 1 || 2*h.second < h.longest
	known := h.mode == recalling && h.pulse > 0 && h.longest <= h.pulse+h.pulse/8
	return h.mode != dialing && alone && h.longest >= h.timing.FlashMin && !known
}

// deadline returns when expire must be called if no edge comes before.
func (h *hook) deadline() (time.Time, bool) {
	switch {
	case h.blind || !h.lifted:
		return time.Time{}, false
	case !h.off:
		return h.opened.Add(h.limit() + lateness), true
	case h.pulses == 0:
		return time.Time{}, false
	case h.mode == talking:
		return h.closed.Add(settle), true
	}
	return h.closed.Add(h.timing.InterdigitMin), true
}

// expire returns what the passing of the deadline makes known, or nil.
func (h *hook) expire() Event {
	if !h.off {
		return h.hangUp()
	}
	n := h.pulses
	isFlash := h.maybeFlash()
	h.pulses = 0
	switch {
	case isFlash:
		h.guard = h.closed.Add(bouncing)
		h.measured.Flash = h.longest
		return flash{}
	case n > 1:
		h.pulse = max(h.pulse, h.longest)
		h.measure(n, h.opened)
	}
	if h.mode == talking {
		return nil
	}
	return dialed{n}
}

func (h *hook) hangUp() Event {
	h.lifted, h.off, h.blank = false, false, false
	h.pulses = 0
	return hangUp{}
}

// suspend stops reading: the feed goes open, the loop current with it.
func (h *hook) suspend() {
	h.blind = true
	h.pulses = 0
}

// resume reads again. A loop that is open now counts as a break from here on,
// but not as a flash: the detector needs time to see the current return.
func (h *hook) resume(at time.Time) {
	h.blind = false
	h.opened = at
	h.blank = !h.off
}

// forget drops what was learned of this telephone's pulses, because it turned
// out to have keys.
func (h *hook) forget() { h.pulse = 0 }

// reset starts afresh with a telephone on hook.
func (h *hook) reset() {
	*h = hook{timing: h.timing, mode: h.mode, measured: h.measured}
}
