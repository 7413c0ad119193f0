package echo

import "math"

// answerTone listens in both directions for the tone of an answering modem or
// fax, 2100 Hz. With phase reversals every 450 ms (ANS of ITU-T V.8 and V.25)
// it turns the canceller off; without, it turns off the suppressor alone. Either
// lasts until both directions are silent (ITU-T G.168 §7).
type answerTone struct {
	far, near phaseTrack
	reversed  bool
	plain     bool
	silent    int // blocks
}

const (
	plainAfter    = 30  // blocks
	reversedAfter = 100 // blocks
	reversals     = 2
	silentBlocks  = 25 // G.168 §7.5: 250 ms, give or take 150
)

// quiet is the energy of a block below which a direction is silent: any sound of
// -31 dBm0 holds what the tone turned off, one of -36 dBm0 does not (ITU-T G.168 §7).
var quiet = energyAt(-33.5)

// disables says that the canceller has to be off.
func (a *answerTone) disables() bool { return a.reversed }

// tone says that the suppressor has to be off.
func (a *answerTone) tone() bool { return a.plain || a.reversed }

// listen takes a block of each direction and its energy.
func (a *answerTone) listen(far *[block]float32, farEnergy float32, near *[block]float32, nearEnergy float32) {
	if farEnergy < quiet && nearEnergy < quiet {
		a.hush()
		return
	}
	a.silent = 0
	a.far.listen(far, farEnergy)
	a.near.listen(near, nearEnergy)
	for _, t := range [...]*phaseTrack{&a.far, &a.near} {
		a.plain = a.plain || t.age >= plainAfter
		a.reversed = a.reversed || t.age >= reversedAfter && t.reversals >= reversals
	}
}

// hush counts the silence.
func (a *answerTone) hush() {
	a.far.miss()
	a.near.miss()
	if a.silent++; a.silent >= silentBlocks {
		*a = answerTone{silent: silentBlocks}
	}
}

// phaseTrack follows the phase of 2100 Hz in one direction. A block holds 21
// whole periods, so a tone of just that frequency has the same phase in each; one
// that is off by up to 21 Hz turns by a constant angle.
type phaseTrack struct {
	age       int // blocks since the tone began
	gap       int // blocks since it was there
	since     int // blocks since the last reversal
	reversals int // each about 450 ms after the other
	phase     complex64
	turn      complex64 // per block, of length 1
	last      complex64 // turn of the last block
}

const (
	pure         = 0.7 // part of the energy that the tone has
	longestGap   = 3   // blocks; a reversal takes one
	settled      = 8   // blocks until the turn is known
	opposite     = -0.68
	alike        = 0.5
	shortestTime = 40 // blocks between reversals
	longestTime  = 50
)

// carrier is a block of 2100 Hz.
var carrierRe, carrierIm = func() (re, im [block]float32) {
	for i := range block {
		sin, cos := math.Sincos(2 * math.Pi * 21 * float64(i) / block)
		re[i], im[i] = float32(cos), float32(-sin)
	}
	return re, im
}()

// listen takes a block.
func (t *phaseTrack) listen(x *[block]float32, energy float32) {
	if energy < quiet {
		t.miss()
		return
	}
	var re, im float32
	for i, v := range x {
		re += v * carrierRe[i]
		im += v * carrierIm[i]
	}
	length := float32(math.Sqrt(float64(re*re + im*im)))
	if 2*length*length < pure*block*energy {
		t.miss()
		return
	}
	t.hit(complex(re/length, im/length))
}

// miss notes a block without the tone.
func (t *phaseTrack) miss() {
	if t.age == 0 {
		return
	}
	t.age++
	t.since++
	if t.gap++; t.gap > longestGap {
		*t = phaseTrack{}
	}
}

// hit notes a block with the tone in a phase.
func (t *phaseTrack) hit(phase complex64) {
	turned := phase * conjugate(t.phase)
	expected := t.turn
	for range t.gap {
		expected *= t.turn
	}
	along := real(turned * conjugate(expected))
	if t.gap == 0 && t.age > 0 {
		t.settle(turned, along)
	}
	t.age++
	t.since++
	if t.age > settled && along < opposite {
		t.reverse()
	}
	t.phase, t.gap = phase, 0
}

// settle corrects the turn: a little when the block turned like those before,
// and wholly when two blocks contradict it.
func (t *phaseTrack) settle(turned complex64, along float32) {
	switch {
	case along > alike:
		t.turn = unit(t.turn + 0.2*(turned-t.turn))
	case real(turned*conjugate(t.last)) > 0.9:
		t.turn = turned
	}
	t.last = turned
}

// reverse counts a reversal that came in time.
func (t *phaseTrack) reverse() {
	if t.reversals > 0 && (t.since < shortestTime || t.since > longestTime) {
		t.reversals = 0
	}
	t.reversals++
	t.since = 0
}

func conjugate(z complex64) complex64 { return complex(real(z), -imag(z)) }

// unit returns z with length 1.
func unit(z complex64) complex64 {
	length := float32(math.Hypot(float64(real(z)), float64(imag(z))))
	if length == 0 {
		return 1
	}
	return complex(real(z)/length, imag(z)/length)
}
