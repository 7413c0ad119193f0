package faxtone

// keying describes frequency-shift keying: nothing but two tones sounds, each for a
// bit at least. The lower one is the mark.
type keying struct {
	turn     complex64 // of a space, the higher tone; that of a mark is its conjugate
	share    float32   // of the power in the band over all energy, at least
	shortest int       // steps in a mark or space
	longest  int       // steps in a space
	needed   int       // marks and spaces in a row that are recognized
}

const (
	keyedShare = 0.6
	blur       = 3 // steps after an edge in which the turn is not that of one tone
)

// keyedOff bounds by how much a tone may be off: 35 Hz, noise among it.
var keyedOff = off(35)

// newKeying describes keying by tones that are off their middle by shift, at a rate
// in bit/s, of characters whose spaces last so many bits at most.
func newKeying(shift, rate, spaces float64, needed int) keying {
	bit := steps(1 / rate)
	return keying{
		turn:     shifted(shift),
		share:    float32(keyedShare * passes(shift)),
		shortest: int(bit*8/9) - 1,
		longest:  int(bit*spaces*9/8) + 2,
		needed:   needed,
	}
}

// Text telephones key characters one by one and are silent between them.
//
// Baudot: 1400 Hz is mark and 1800 Hz space, 45.45 or 50 bit/s, one start bit, five
// of data, a stop bit or more (TIA-825-A; ITU-T V.18 Annex A). EDT: 980 Hz is mark
// and 1180 Hz space as in channel 1 of V.21, in both directions, 110 bit/s, a start
// bit, seven of data, parity and two stop bits (V.18 Annex C).
//
// Zeros in CI are a start bit and eight of data at 300 bit/s.
var (
	baudotKeying = newKeying(200, 50, 6.6, 5) // six spaces at 45.45 bit/s are 6.6 at 50
	edtKeying    = newKeying(100, 110, 9, 7)
	ciKeying     = newKeying(100, 300, 9, 1)
)

// keyed follows marks and spaces.
type keyed struct {
	keying *keying
	mark   bool // what lasts
	run    int  // steps that it lasts
	band   float32
	all    float32
	turn   complex64 // sum, but for the blur of the edge
	fit    int       // marks and spaces in a row so far
	told   bool
}

// hear looks at what the discriminator made of a step and reports true when it
// makes the keying recognized.
func (k *keyed) hear(d *discriminator) bool {
	if mark := d.below(); mark != k.mark {
		k.judge()
		k.mark, k.run, k.band, k.all, k.turn = mark, 0, 0, 0, 0
	}
	k.add(d)
	if k.told || k.fit < k.keying.needed {
		return false
	}
	k.told = true
	return true
}

// add makes a step part of the run.
func (k *keyed) add(d *discriminator) {
	k.run++
	k.band += d.power
	k.all += d.energy
	if k.run > blur {
		k.turn += d.turn
	}
	if !k.mark && k.run > k.keying.longest {
		k.fit, k.told = 0, false
	}
}

// judge looks at the run that ends.
func (k *keyed) judge() {
	pure := k.band >= k.keying.share*k.all
	long := k.run >= k.keying.shortest && (k.mark || k.run <= k.keying.longest)
	want := k.keying.turn
	if k.mark {
		want = conjugate(want)
	}
	if pure && long && near(k.turn, want, keyedOff) {
		k.fit++
		return
	}
	k.fit, k.told = 0, false
}
