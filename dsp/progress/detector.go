package progress

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

const (
	window   = 3             // hops that a sound is known by: two tones 40 Hz apart beat in less
	floor    = dsp.DBm0(-42) // weaker is silence
	share    = 0.62          // of all power is the sound's, at least
	part     = 0.12          // of it is that of each of its frequencies
	agreeing = 3             // hops that make a new run
	doubtful = 4             // hops that are neither, after which a run is over
	unclear  = math.MaxUint16
)

var floorPower = float32(floor.RMS() * floor.RMS())

// Detector listens to one direction of a call. It belongs to one goroutine and
// allocates nothing after [New].
type Detector struct {
	plan   *Plan
	fill   int
	block  [hop]float32
	energy [window]float32                // mean squares of the last hops, the oldest first
	before [window - 1][maxBins]complex64 // what the bins made of the hops before, the oldest first

	sound  uint16 // of the present run
	length int    // hops of it
	next   uint16 // another sound that began
	agreed int    // hops in a row
	passed int    // hops since the present run was there

	match   [maxPatterns]match
	current Kind // that was told and still sounds
	news    Kind
}

// match is how far a pattern has been heard.
type match struct {
	at    int // step whose turn it is
	runs  int // runs in a row that fit
	error float64
}

// New returns a detector of the tones of a plan that has heard nothing yet.
func New(p *Plan) *Detector { return &Detector{plan: p} }

// Reset forgets everything heard.
func (d *Detector) Reset() { *d = Detector{plan: d.plan} }

// Next returns the tone that was recognized since the last call, 0 for none. A
// tone is told once for as long as it sounds.
func (d *Detector) Next() Kind {
	k := d.news
	d.news = 0
	return k
}

// Process listens to the next samples, any number.
func (d *Detector) Process(in []int16) {
	for len(in) > 0 {
		n := min(len(in), hop-d.fill)
		for i, s := range in[:n] {
			d.block[d.fill+i] = float32(s)
		}
		in = in[n:]
		if d.fill += n; d.fill == hop {
			d.fill = 0
			d.follow(d.listen())
		}
	}
}

// listen says which sound the hop is, 0 for silence.
func (d *Detector) listen() uint16 {
	var sum float32
	for _, x := range &d.block {
		sum += x * x
	}
	copy(d.energy[:], d.energy[1:])
	d.energy[window-1] = sum / hop
	if d.energy[window-1] < floorPower {
		d.before = [window - 1][maxBins]complex64{}
		return 0
	}
	var power [maxBins]float32 // of each cluster
	for i := range d.plan.bins {
		b := &d.plan.bins[i]
		now := b.correlate(&d.block)
		all := (d.before[0][i]*b.turn+d.before[1][i])*b.turn + now
		d.before[0][i], d.before[1][i] = d.before[1][i], now
		re, im := real(all), imag(all)
		power[b.cluster] += (re*re + im*im) * 2 / (window * hop * window * hop)
	}
	return sounding(&power, (d.energy[0]+d.energy[1]+d.energy[2])/window)
}

// correlate returns the amplitude and phase of the bin's frequency, relative to
// the end of the block, by Goertzel's filter.
func (b *bin) correlate(x *[hop]float32) complex64 {
	var s1, s2 float32
	for _, v := range x {
		s1, s2 = v+b.feedback*s1-s2, s1
	}
	return complex(s1, 0) - complex(s2, 0)*b.last
}

// sounding says which clusters make a sound of so much power, unclear if there is
// something else.
func sounding(power *[maxBins]float32, all float32) (bits uint16) {
	var explained float32
	for i, p := range power {
		if p >= part*all {
			bits |= 1 << i
			explained += p
		}
	}
	if explained < share*all {
		return unclear
	}
	return bits
}

// follow adds a hop to the present run, or begins another.
func (d *Detector) follow(sound uint16) {
	d.passed++
	switch {
	case sound == d.sound:
		d.length += d.passed // what was unclear in between belongs to it
		d.passed, d.agreed = 0, 0
	case sound == unclear:
		d.agreed = 0
		if d.passed > doubtful {
			d.turn(unclear)
		}
	case sound == d.next && d.agreed > 0:
		if d.agreed++; d.agreed >= agreeing {
			d.turn(sound)
		}
	default:
		d.next, d.agreed = sound, 1
		if d.passed > doubtful {
			d.turn(sound)
		}
	}
	d.last()
}

// turn ends the present run and begins one of another sound, which has sounded
// since the last run was there; unclear hops between belong to both.
func (d *Detector) turn(sound uint16) {
	between := d.passed - d.agreed
	d.judge(d.sound, float64(d.length)+float64(between)/2)
	d.sound, d.length = sound, d.agreed+between/2
	d.passed, d.agreed = 0, 0
}

// judge compares a run that is over with what each pattern expects.
func (d *Detector) judge(sound uint16, length float64) {
	best, least := Kind(0), math.Inf(1)
	known := false
	for i := range d.plan.patterns {
		p, m := &d.plan.patterns[i], &d.match[i]
		if len(p.steps) == 1 {
			continue
		}
		m.take(p, sound, length)
		known = known || p.kind == d.current && m.runs > 0
		if m.runs >= p.needed && m.error/float64(m.runs) < least {
			best, least = p.kind, m.error/float64(m.runs)
		}
	}
	d.tell(best, known)
}

// take adds a run to the match of a pattern. The first run may have been cut
// short, so only the next begins a match.
func (m *match) take(p *pattern, sound uint16, length float64) {
	s := &p.steps[m.at]
	if m.runs > 0 && s.fits(sound, length) {
		m.add(p, length)
		return
	}
	m.runs, m.error = 0, 0
	for at := range p.steps {
		if s := &p.steps[at]; s.sound != 0 && s.fits(sound, length) {
			m.at = at
			m.add(p, length)
			return
		}
	}
}

func (m *match) add(p *pattern, length float64) {
	s := &p.steps[m.at]
	m.runs++
	m.error += math.Abs(length-s.exact) / s.exact
	m.at = (m.at + 1) % len(p.steps)
}

func (s *step) fits(sound uint16, length float64) bool {
	return sound == s.sound && length >= float64(s.least) && length <= float64(s.most)
}

// last looks at sounds that have no cadence.
func (d *Detector) last() {
	if d.length < d.plan.lasting || d.sound == 0 {
		return
	}
	for i := range d.plan.patterns {
		p := &d.plan.patterns[i]
		if len(p.steps) == 1 && p.steps[0].sound == d.sound {
			d.tell(p.kind, true)
			return
		}
	}
}

// tell notes a tone unless it is the one that sounds already; known says that
// that one goes on.
func (d *Detector) tell(k Kind, known bool) {
	if k == 0 && known {
		return
	}
	if k != d.current && k != 0 {
		d.news = k
	}
	d.current = k
}
