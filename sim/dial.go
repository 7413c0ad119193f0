package sim

import (
	"math/rand/v2"
	"time"
)

// rotary is the dial of a telephone: a contact in series with the hook switch
// that breaks the loop once per pulse, ten times for 0.
type rotary struct {
	pulses  []int   // pulses of each digit still to send; the first is running
	period  float64 // samples of one pulse
	brk     float64 // part of the period for which the loop is open
	start   int64   // sample at which the running digit's first pulse began
	done    int     // edges of the running digit behind us
	contact contact
}

const (
	interdigit = 700 * time.Millisecond // while the next finger hole is pulled
	windUp     = 300 * time.Millisecond // until the first digit runs: nobody pulls faster
)

// pulsesOf returns the number of pulses of a digit, 11 and 12 for * and # as
// private exchanges count them, 0 for what a dial does not have.
func pulsesOf(digit byte) int {
	switch {
	case digit == '0':
		return 10
	case digit >= '1' && digit <= '9':
		return int(digit - '0')
	case digit == '*':
		return 11
	case digit == '#':
		return 12
	}
	return 0
}

// send starts dialing at sample now.
func (r *rotary) send(digits string, pps, brk float64, now int64) {
	r.pulses = r.pulses[:0]
	for i := range len(digits) {
		r.pulses = append(r.pulses, pulsesOf(digits[i]))
	}
	r.period, r.brk, r.start, r.done = 8000/pps, brk, now, 0
	r.contact = contact{closed: true, target: true}
}

func (r *rotary) stop() { r.pulses = r.pulses[:0] }

func (r *rotary) busy() bool { return len(r.pulses) > 0 }

// step returns whether the contact is closed at sample now.
func (r *rotary) step(now int64, bounce time.Duration, rng *rand.Rand) bool {
	if !r.busy() {
		return true
	}
	for now >= r.edge() && r.busy() {
		r.turn(now, bounce, rng)
	}
	return r.contact.step(now, rng)
}

// edge returns the sample of the next edge: even edges break the loop, odd ones
// make it, and the last ends the digit.
func (r *rotary) edge() int64 {
	at := float64(r.done / 2)
	if r.done%2 == 1 {
		at += r.brk
	}
	return r.start + int64(at*r.period+0.5)
}

func (r *rotary) turn(now int64, bounce time.Duration, rng *rand.Rand) {
	if r.done == 2*r.pulses[0] {
		r.pulses = r.pulses[1:]
		r.start, r.done = now+samples(interdigit), 0
		return
	}
	r.contact.set(r.done%2 == 1, now, between(0, bounce, rng), rng)
	r.done++
}
