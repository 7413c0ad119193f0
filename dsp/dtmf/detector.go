package dtmf

// The detector is a pair of quadrature receivers, one for each group, and a
// judge that looks at what they hear every 1.5 ms:
//
//	in ─ ↓2 ─ dial-tone stop ─┬─ low receiver ──┐
//	                          ├─ high receiver ─┼─ instant ─ span ─ Event
//	                          └─ power ─────────┘
//
// A receiver's output turns at the frequency of the one tone in its band; how
// fast says which key it is and how far off, how evenly says that it is one
// tone. Speech has more than one partial in a band, or moves.

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// Opts are the limits of a [Detector]. The zero value is the default.
type Opts struct {
	Twist        float64  // dB the low group may be stronger; 0 = 9.5, ITU-T Q.24 asks 4 to 10 by country
	ReverseTwist float64  // dB the high group may be stronger; 0 = 5.5
	Floor        dsp.DBm0 // weakest tone taken; 0 = -44
}

// Event is the beginning or the end of a digit.
type Event struct {
	Key  byte
	Down bool
	At   int64 // where the edge is, in samples since the detector began
}

// Detector finds DTMF digits in what a telephone says. It belongs to one
// goroutine and allocates nothing after [NewDetector].
type Detector struct {
	front     front
	samples   [taps]float32
	low, high group
	energy    [history]float32
	whole     [history]float32
	hops      int64
	dial      dial
	limits    limits

	run    int // hops in a row that looked like the same key
	row    int
	column int
	down   down

	events [8]Event
	head   int
	count  int
}

// limits are the options in the units of the judge.
type limits struct {
	floor, twist, reverse float32 // mean squares and ratios of them
}

// The judge's bounds. They were set on measurements: each accepts its wanted
// signals with room, see the tests. Times are milliseconds, parts are of power
// or of frequency.
const (
	coherence     = 0.80  // of turns over the window
	longCoherence = 0.87  // of turns over the whole digit, four hops apart
	tolerance     = 0.032 // of a frequency, over the window
	longTolerance = 0.024 // of a frequency, over the whole digit: Q.24 accepts 1.5 %, rejects 3.5 %
	bothTolerance = 0.036 // of both frequencies added up: speech that comes near is off in both
	uneven        = 0.25  // of both powers' movement: a keypad's tones are even
	share         = 0.78  // of the power above dial tone is the digit's, at least
	excess        = 1.28  // times the digit's power is all there is, but for dial tone
	minimum       = 22.8  // from the first edge until a digit is one
	release       = 15.5  // of absence that end it
	presentPart   = 0.25  // of a digit's power is still the digit
	presentSlack  = 0.08  // of a frequency while a digit is held
	plateauPart   = 0.88  // of a digit's power: it has not begun to end
	follow        = 32    // hops in which a digit's level may change
	minimumHops   = 6     // in a row that agree
	suspectHops   = 2     // the same, to be a suspect
)

const (
	samplesPerHop = 2 * hop
	delay         = 35 // samples between the middle of what a receiver hears and now
)

// NewDetector returns a detector that has heard nothing yet.
func NewDetector(opts Opts) *Detector {
	if opts.Twist == 0 {
		opts.Twist = 9.5
	}
	if opts.ReverseTwist == 0 {
		opts.ReverseTwist = 5.5
	}
	if opts.Floor == 0 {
		opts.Floor = -44
	}
	rms := opts.Floor.RMS()
	return &Detector{limits: limits{
		floor:   float32(rms * rms),
		twist:   ratio(opts.Twist),
		reverse: ratio(opts.ReverseTwist),
	}}
}

// Reset forgets everything heard. Sample counts begin again at 0.
func (d *Detector) Reset() { *d = Detector{limits: d.limits} }

func ratio(db float64) float32 { return float32(math.Pow(10, db/10)) }

// Process listens to the next samples, any number.
func (d *Detector) Process(in []int16) {
	for {
		var full bool
		if in, full = d.front.fill(in); !full {
			return
		}
		d.listen()
		d.judge()
		d.hops++
	}
}

// Next returns the oldest event not yet taken. Events that nobody takes are
// lost, the oldest first.
func (d *Detector) Next() (Event, bool) {
	if d.count == 0 {
		return Event{}, false
	}
	e := d.events[d.head]
	d.head = (d.head + 1) % len(d.events)
	d.count--
	return e, true
}

func (d *Detector) emit(e Event) {
	if d.count == len(d.events) {
		d.head = (d.head + 1) % len(d.events)
		d.count--
	}
	d.events[(d.head+d.count)%len(d.events)] = e
	d.count++
}

// Suspect reports whether a digit sounds or may have begun: who sends digits out
// of band mutes the voice while it is true, beginning with the block just
// processed. It becomes true within 15 ms of a digit's start, and in speech for
// less than a thousandth of the time.
func (d *Detector) Suspect() bool { return d.down.key != 0 || d.run >= suspectHops }

// listen runs the front end and both receivers over one hop.
func (d *Detector) listen() {
	copy(d.samples[:], d.samples[hop:])
	now := d.hops & (history - 1)
	d.energy[now], d.whole[now] = d.front.decimate((*[hop]float32)(d.samples[taps-hop:]))
	var lowRe, lowIm, highRe, highIm float32
	for k := range bank {
		b := &bank[k]
		x, y := d.samples[k], d.samples[taps-1-k]
		sum, diff := x+y, x-y
		lowRe += sum * b.lowRe
		lowIm += diff * b.lowIm
		highRe += sum * b.highRe
		highIm += diff * b.highIm
	}
	d.low.put(d.hops, lowRe, lowIm)
	d.high.put(d.hops, highRe, highIm)
}
