// Package slictest holds what every driver of an FXS port is tested with: a
// plain telephone at the end of the pair and a suite that checks the promises of
// slic.Line against it.
package slictest

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/slic/twowire"
)

// step is the time of one twowire step.
const step = 125 * time.Microsecond

// Telephone is a plain set at the end of a loop: a hook switch that may bounce,
// a handset resistance and ringers. It implements twowire.Pair. Its methods may
// be called from any goroutine; what they ask for begins with the next step.
type Telephone struct {
	mu      sync.Mutex
	random  *rand.Rand
	handset float64 // ohm, loop included
	ren     float64
	short   bool
	bounce  time.Duration

	ringerOhms   float64
	ringerFarads float64
	charge       float64 // volts on the ringers' capacitor
	ground       float64 // mhos from RING to ground

	steps  int64
	closed bool // the contact now
	plan   []contact
	drive  twowire.Drive
	sense  twowire.Sense
	speech func() float64
}

// contact is a change of the hook switch's contact in the future.
type contact struct {
	at     int64 // step
	closed bool
}

// leakOhms is a telephone on hook: 5 MΩ.
const leakOhms = 5e6

// NewTelephone returns a telephone on hook whose handset and loop have a
// resistance in ohm and whose ringers add up to ren. One REN is 6930 ohm and
// 8 µF (TIA-968-B §4.7).
func NewTelephone(ohms, ren float64) *Telephone {
	t := &Telephone{handset: ohms, ren: ren, random: rand.New(rand.NewPCG(1, 1))}
	if ren > 0 {
		t.ringerOhms, t.ringerFarads = 6930/ren, 8e-6*ren
	}
	return t
}

// SetBounce makes the contact bounce for d after each change.
func (t *Telephone) SetBounce(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bounce = d
}

// Short connects TIP to RING, or takes the connection off.
func (t *Telephone) Short(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.short = on
}

// Ground connects RING to ground over a resistance in ohm; 0 takes the
// connection off.
func (t *Telephone) Ground(ohms float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ground = 0; ohms > 0 {
		t.ground = 1 / ohms
	}
}

// Speak makes the telephone send voice; next returns volts, nil is silence.
func (t *Telephone) Speak(next func() float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.speech = next
}

// Lift takes the handset off the hook.
func (t *Telephone) Lift() { t.schedule(0, true) }

// Hang puts the handset on the hook.
func (t *Telephone) Hang() { t.schedule(0, false) }

// Flash opens the loop of a lifted telephone for d. It returns at once.
func (t *Telephone) Flash(d time.Duration) {
	t.schedule(0, false)
	t.schedule(d, true)
}

// Pulse dials n pulses: the loop opens for the part open of each period. It
// returns at once; the dial needs n/pps seconds.
func (t *Telephone) Pulse(n int, pps, open float64) {
	period := float64(time.Second) / pps
	for i := range n {
		begin := period * float64(i)
		t.schedule(time.Duration(begin), false)
		t.schedule(time.Duration(begin+period*open), true)
	}
}

// schedule plans a change of the contact with its bounce, after from now.
func (t *Telephone) schedule(after time.Duration, closed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := t.steps + int64(after/step)
	t.plan = append(t.plan, contact{at, closed})
	end := at + int64(t.bounce/step)
	state := closed
	for at += 4 + t.random.Int64N(12); at < end; at += 4 + t.random.Int64N(12) {
		state = !state
		t.plan = append(t.plan, contact{at, state})
	}
	if state != closed {
		t.plan = append(t.plan, contact{end, closed})
	}
	slices.SortStableFunc(t.plan, func(a, b contact) int { return cmp.Compare(a.at, b.at) })
}

// Drive returns what the port put on the pair in the last step.
func (t *Telephone) Drive() twowire.Drive {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.drive
}

// Sense returns what the telephone answered in the last step.
func (t *Telephone) Sense() twowire.Sense {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sense
}

// Lifted says whether the contact was closed in the last step, bounces and
// pulses included.
func (t *Telephone) Lifted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

// Step implements twowire.Pair.
func (t *Telephone) Step(d twowire.Drive) twowire.Sense {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drive = d
	for len(t.plan) > 0 && t.plan[0].at <= t.steps {
		t.closed = t.plan[0].closed
		t.plan = t.plan[1:]
	}
	t.steps++
	t.sense = t.solve(d)
	if t.speech != nil && t.closed {
		t.sense.Voice = t.speech()
	}
	return t.sense
}

// solve finds voltage and current of the loop. The ringers' capacitor is taken
// with the backward Euler rule: within a step they are a conductance to the
// voltage that the capacitor holds.
func (t *Telephone) solve(d twowire.Drive) twowire.Sense {
	load := t.load()
	ringer := 0.0
	if t.ren > 0 {
		ringer = 1 / (t.ringerOhms + step.Seconds()/t.ringerFarads)
	}
	sum := load + ringer
	volts, amps := ringer*t.charge/sum, 0.0
	if !d.Open {
		volts = (d.Volts/d.Ohms + ringer*t.charge) / (1/d.Ohms + sum)
		amps = (d.Volts - volts) / d.Ohms
		if d.LimitAmps > 0 && math.Abs(amps) > d.LimitAmps {
			amps = math.Copysign(d.LimitAmps, amps)
			volts = (amps + ringer*t.charge) / sum
		}
	}
	if t.ren > 0 {
		t.charge += (volts - t.charge) * ringer * step.Seconds() / t.ringerFarads
	}
	leak := 0.0
	if !d.Open {
		leak = math.Abs(volts) * t.ground
	}
	return twowire.Sense{Volts: volts, Amps: amps, LeakAmps: leak}
}

// load is the conductance across the pair, in mhos.
func (t *Telephone) load() float64 {
	switch {
	case t.short:
		return 1
	case t.closed:
		return 1 / t.handset
	}
	return 1 / leakOhms
}
