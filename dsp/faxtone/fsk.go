package faxtone

// fsk listens for text telephones and modems that key two tones.
//
//	980 and 1180 Hz  ─ discriminator ─┬─ EDT
//	                                  ├─ mark of a modem that called
//	                                  └─ CI
//	1400 and 1800 Hz ─ discriminator ─┬─ Baudot
//	                                  └─ 1650 Hz, the mark of a modem that answers
type fsk struct {
	low, middle discriminator

	edt, baudot    keyed
	caller, answer carrier
	indicator      indicator

	silent bool // nothing was heard yet
}

// Middles between the tones in hertz.
const (
	lowMiddle = 1080
	middle    = 1600
)

// The periods are the least that are multiples of a step.
var lowMixer, middleMixer = newMixer(lowMiddle, 200), newMixer(middle, 10)

func newFSK() fsk {
	return fsk{
		low: discriminator{mixer: lowMixer}, middle: discriminator{mixer: middleMixer},
		edt: keyed{keying: &edtKeying}, baudot: keyed{keying: &baudotKeying},
		caller: carrier{mark: &callerMark}, answer: carrier{mark: &answerMark},
		indicator: indicator{heard: keyed{keying: &ciKeying}},
		silent:    true,
	}
}

// typing says that what was heard last are marks and spaces of a text telephone.
func (f *fsk) typing() bool { return f.baudot.fit > 0 || f.edt.fit > 0 }

// listen takes a hop and the sum of its squares.
func (f *fsk) listen(d *Detector, x *[hop]float32, energy float32) {
	if energy < floorPower*hop {
		if !f.silent {
			*f = newFSK()
		}
		return
	}
	f.silent = false
	for i := 0; i < hop; i += step {
		f.step(d, (*[step]float32)(x[i:]), energy*step/hop)
	}
}

// step takes a step of samples and their energy.
func (f *fsk) step(d *Detector, x *[step]float32, energy float32) {
	f.low.hear(x, energy)
	f.middle.hear(x, energy)
	if f.edt.hear(&f.low) {
		d.tell(EDT)
	}
	if f.baudot.hear(&f.middle) {
		d.tell(Baudot)
	}
	if f.caller.hear(&f.low) || f.answer.hear(&f.middle) {
		d.tell(Carrier)
	}
	if f.indicator.hear(&f.low) && f.edt.fit <= 2 { // what is between zeros is too short for EDT
		d.tell(CallIndicator)
	}
}
