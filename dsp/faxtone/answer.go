package faxtone

import "math"

// answer looks closer at 2100 Hz: whether its amplitude is modulated and whether
// its phase is reversed from time to time.
type answer struct {
	known bool
	am    bool // the amplitude is modulated

	hops  int       // since the amplitude is looked at
	sum   float32   // of the amplitudes
	swing complex64 // amplitudes times a wave of 15 Hz

	phase     complex64 // expected of the next hop, of length 1
	turn      complex64 // per hop, of length 1
	opposed   int       // hops in a row with the phase opposite
	since     int       // hops since the last reversal, or the beginning
	reversals int       // in a row that came in time
	reversed  bool      // told
}

const (
	wave       = 80   // hops in three periods of 15 Hz
	leastDepth = 0.1  // of modulation; V.8 §3.2 has 0.2 ± 0.01
	mostDepth  = 0.35 // more is no ANSam

	opposite      = -0.42 // cosine of 115°: G.165 takes what is 180° ± 25°, and not what is less than 110°
	sure          = 4     // hops with the opposite phase that make a reversal
	earliest      = 168   // hops from one reversal to the next: 420 ms ...
	latest        = 192   // ... to 480 ms, V.25 §4.2: 450 ms ± 25 ms
	enough        = 2     // reversals
	steadying     = 40    // hops until the turn is known
	phaseFollow   = 0.1
	turnFollow    = 0.02
	amplitudeSkip = 4 // hops at the beginning that are not looked at
)

// waves is a wave of 15 Hz, a step a hop.
var waves = func() (w [wave]complex64) {
	for i := range w {
		sin, cos := math.Sincos(2 * math.Pi * 3 * float64(i) / wave)
		w[i] = complex(float32(cos), float32(-sin))
	}
	return w
}()

// listen takes a hop after its tracker did, which recognized the tone now if told
// is true. It returns what was recognized, 0 for nothing.
func (a *answer) listen(t *tracker, r *receiver, told bool) Kind {
	if t.age == 0 {
		*a = answer{}
		return 0
	}
	a.weigh(t, r)
	a.follow(t, r)
	switch {
	case told:
		a.known, a.am = true, a.modulated()
		return a.kind(Answer, Modulated)
	case a.known && !a.reversed && a.reversals >= enough:
		a.reversed = true
		return a.kind(AnswerReversed, ModulatedReversed)
	}
	return 0
}

func (a *answer) kind(plain, modulated Kind) Kind {
	if a.am {
		return modulated
	}
	return plain
}

// weigh looks at the amplitude for two waves.
func (a *answer) weigh(t *tracker, r *receiver) {
	if t.age <= amplitudeSkip || a.hops >= 2*wave {
		return
	}
	amplitude := float32(math.Sqrt(float64(r.power)))
	if !t.hit { // where the phase is reversed there is a dip
		amplitude = a.sum / float32(max(a.hops, 1))
	}
	a.sum += amplitude
	a.swing += complex(amplitude, 0) * waves[a.hops%wave]
	a.hops++
}

// modulated says whether the amplitude swings as that of ANSam.
func (a *answer) modulated() bool {
	depth := 2 * math.Hypot(float64(real(a.swing)), float64(imag(a.swing))) / float64(a.sum)
	return depth >= leastDepth && depth <= mostDepth
}

// follow compares the phase with what is expected of it.
func (a *answer) follow(t *tracker, r *receiver) {
	a.since++
	if a.turn != 0 {
		a.phase *= a.turn
	}
	if !t.hit {
		return
	}
	if t.age < steadying || a.turn == 0 {
		a.turn, a.phase = unit(t.turn), unit(r.value)
		return
	}
	value := unit(r.value)
	along := real(value * conjugate(a.phase))
	if along >= opposite {
		a.opposed = 0
		a.phase = unit(a.phase + phaseFollow*(value-a.phase))
		a.turn = unit(a.turn + turnFollow*(unit(t.turn)-a.turn))
		return
	}
	if a.opposed++; a.opposed >= sure {
		a.reverse()
		a.phase, a.opposed = value, 0
	}
}

// reverse counts a reversal that came in time.
func (a *answer) reverse() {
	if a.reversals > 0 && (a.since < earliest || a.since > latest) {
		a.reversals = 0
	}
	a.reversals++
	a.since = 0
}

func conjugate(z complex64) complex64 { return complex(real(z), -imag(z)) }

// unit returns z with length 1.
func unit(z complex64) complex64 {
	length := float32(math.Sqrt(float64(real(z)*real(z) + imag(z)*imag(z))))
	if length == 0 {
		return 1
	}
	return complex(real(z)/length, imag(z)/length)
}
