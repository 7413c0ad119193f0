// Package faxtone finds the tones by which faxes and modems begin a call, and those
// of text telephones, so that the path can be made fit for data.
//
//	in ─┬─ 20 samples ─┬─ receiver about 1200 Hz ─┬─ 1100 Hz: CNG
//	    │              │                          └─ 1300 Hz: calling tone
//	    │              └─ receiver about 2160 Hz ─┬─ 2100 Hz: answer, AM, reversals
//	    │                                         └─ 2225 Hz: Bell answer
//	    ├─ mixer 1750 Hz ─ discriminator ─ runs of mark and space: V.21 flags
//	    └─ discriminators 1080 and 1600 Hz ─ runs of mark and space: V.21, text telephones
//
// A receiver's output turns at the frequency of the one tone in its band; how
// fast says which tone it is, and how much of all power it has says that nothing
// else sounds. Speech is never one tone for as long as a fax's.
package faxtone

import (
	"fmt"

	"github.com/ata-agent/ata-agent/dsp"
)

// Kind is what was heard.
type Kind uint8

const (
	Calling           Kind = iota + 1 // CNG of a calling fax: 1100 Hz, 0.5 s of 3.5 s (ITU-T T.30 §4.3.3.3)
	Answer                            // CED, ANS: 2100 Hz (ITU-T V.25, T.30)
	AnswerReversed                    // the same with its phase reversed every 450 ms
	Modulated                         // ANSam: 2100 Hz with amplitude modulation of 15 Hz (ITU-T V.8 §3.2)
	ModulatedReversed                 // the same with its phase reversed every 450 ms
	Preamble                          // HDLC flags in V.21 channel 2 (T.30 §5.3.1)
	ModemCalling                      // calling tone of a modem: 1300 Hz, 0.6 s of 2.6 s (V.25 §4.1)
	BellAnswer                        // 2225 Hz: Bell 103 and 212
	CallIndicator                     // CI of a modem that calls, in V.21 channel 1 (V.8 §5.1, ITU-T V.18 §5)
	Carrier                           // mark of V.21: modems, text telephones of V.18 Annex F
	Baudot                            // characters of a text telephone: 1400 and 1800 Hz (TIA-825-A, V.18 Annex A)
	EDT                               // the same: 980 and 1180 Hz at 110 bit/s (V.18 Annex C)
)

var kindNames = [...]string{
	"none", "cng", "ans", "/ans", "ansam", "/ansam", "v21-preamble", "ct", "bell", "ci", "v21", "baudot", "edt",
}

// String returns the name used in logs; those of RFC 4734 where it has one.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("tone(%d)", uint8(k))
}

// Reversed says that canceling echo harms: modems that reverse the phase of
// their answer tone do it themselves (ITU-T G.168 §7).
func (k Kind) Reversed() bool { return k == AnswerReversed || k == ModulatedReversed }

// Text says that it is of a telephone by which people type in turns, and talk in
// between: the path serves both.
func (k Kind) Text() bool { return k == Baudot || k == EDT }

// Event is a tone that was recognized. A tone is told once; an answer tone is
// told again when its phase is found to be reversed.
type Event struct {
	Kind Kind
	At   int64 // when it was recognized, in samples since the detector began
}

// hop is the step of the receivers in samples, 2.5 ms.
const hop = 20

// span is what a receiver hears at once.
const span = 2 * hop

// weakest tone that is taken.
const floor = dsp.DBm0(-44)

var floorPower = float32(floor.RMS() * floor.RMS())

// Detector listens to one direction of a call. It belongs to one goroutine and
// allocates nothing after [New].
type Detector struct {
	at      int64
	fill    int
	samples [span]float32
	energy  [2]float32 // mean squares of the last two hops

	low, high               receiver
	cng, calling, ans, bell tracker
	answer                  answer
	flags                   flags
	fsk                     fsk

	events [4]Event
	count  int
}

// New returns a detector that has heard nothing yet.
func New() *Detector {
	d := &Detector{}
	d.Reset()
	return d
}

// Reset forgets everything heard. Sample counts begin again at 0.
func (d *Detector) Reset() {
	*d = Detector{
		low: receiver{kernel: &lowKernel}, high: receiver{kernel: &highKernel},
		cng: newTracker(&cngTone), calling: newTracker(&callingTone),
		ans: newTracker(&ansTone), bell: newTracker(&bellTone),
		fsk: newFSK(),
	}
}

// Next returns the oldest event not yet taken. Events that nobody takes are
// lost, the newest first.
func (d *Detector) Next() (Event, bool) {
	if d.count == 0 {
		return Event{}, false
	}
	e := d.events[0]
	copy(d.events[:], d.events[1:d.count])
	d.count--
	return e, true
}

// Typing says whether what was heard last are marks and spaces of a text telephone:
// it lasts as long as one character, and is no proof without an event.
func (d *Detector) Typing() bool { return d.fsk.typing() }

func (d *Detector) tell(k Kind) {
	if d.count < len(d.events) {
		d.events[d.count] = Event{k, d.at}
		d.count++
	}
}

// Process listens to the next samples, any number.
func (d *Detector) Process(in []int16) {
	for len(in) > 0 {
		n := min(len(in), hop-d.fill)
		for i, s := range in[:n] {
			d.samples[hop+d.fill+i] = float32(s)
		}
		d.fill += n
		d.at += int64(n)
		in = in[n:]
		if d.fill == hop {
			d.fill = 0
			d.listen()
		}
	}
}

// listen takes the hop that is complete.
func (d *Detector) listen() {
	fresh := (*[hop]float32)(d.samples[hop:])
	var sum float32
	for _, x := range fresh {
		sum += x * x
	}
	d.energy[0], d.energy[1] = d.energy[1], sum/hop
	power := (d.energy[0] + d.energy[1]) / 2
	if power < floorPower {
		d.miss()
	} else {
		d.hear(power)
	}
	if d.flags.listen(fresh, sum) {
		d.tell(Preamble)
	}
	d.fsk.listen(d, fresh, sum)
	copy(d.samples[:hop], fresh[:])
}

// hear shows the receivers' outputs to the trackers.
func (d *Detector) hear(power float32) {
	d.low.listen(&d.samples)
	d.high.listen(&d.samples)
	if d.cng.listen(&d.low, power) {
		d.tell(Calling)
	}
	if d.calling.listen(&d.low, power) {
		d.tell(ModemCalling)
	}
	if d.bell.listen(&d.high, power) {
		d.tell(BellAnswer)
	}
	told := d.ans.listen(&d.high, power)
	if k := d.answer.listen(&d.ans, &d.high, told); k != 0 {
		d.tell(k)
	}
}

// miss notes a hop that is too quiet for any tone.
func (d *Detector) miss() {
	d.low.rest()
	d.high.rest()
	for _, t := range [...]*tracker{&d.cng, &d.calling, &d.ans, &d.bell} {
		t.miss()
	}
	d.answer.listen(&d.ans, &d.high, false)
}
