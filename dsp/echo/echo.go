// Package echo is the line echo canceller of a telephone port: it takes out of
// what the line sends (near) the echo of what was played to it (far).
//
//	far ──────────┬──────────────────────────► to the telephone
//	              │ high pass, spectrum
//	              ├──────────┐
//	         background  foreground           filters, partitions of 10 ms
//	          (learns)    (cancels)
//	              └─contest──┤ echo
//	                         ▼
//	near ── high pass ──────(-)── suppressor ──► out
//	                               └ comfort noise
//
// The background filter learns all the time, by a Kalman filter in the frequency
// domain that weighs what it sees against what the near end says. Its
// coefficients become those of the foreground, which makes the output, only when
// the errors of both prove it better. So double talk and tones cannot harm the
// output, and a changed path is learnt anew in half a second.
//
// The suppressor removes what remains when there is nothing else to hear and
// puts noise of the same level and colour in its place; speech of the near end
// passes unchanged. The tone of an answering modem, 2100 Hz, turns the suppressor
// off until both directions are silent; with phase reversals it turns off the
// whole canceller (ITU-T G.168 §7).
//
// The canceller works in blocks of 10 ms and adds no delay: what goes out belongs
// to the samples that came in with the same call. Output passes a high pass at
// 10 Hz, so an offset of the converter disappears.
package echo

import (
	"math"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
)

// Limits of Opts.Tail.
const (
	DefaultTail = 32 * time.Millisecond
	MinTail     = 8 * time.Millisecond
	MaxTail     = 128 * time.Millisecond
)

// Opts are the settings of a canceller.
type Opts struct {
	// Tail is the longest echo to cancel, MinTail to MaxTail; 0 means
	// DefaultTail. It is rounded up to 10 ms. The hybrid of a port itself needs 16.
	Tail time.Duration
	// NoNLP leaves out the suppressor: the output is near minus the modelled echo.
	NoNLP bool
	// NoComfortNoise leaves silence where the suppressor acts.
	NoComfortNoise bool
}

// Canceller cancels the echo of one line. It belongs to one goroutine. Nothing
// allocates after New; equal input gives equal output.
type Canceller struct {
	opts   Opts
	off    bool
	nlpOff bool

	farPass, nearPass highPass
	history           history
	foreground        filter
	background        kalman
	proven            variances // of the foreground, when it was adopted
	contest           contest
	band              narrowBand
	suppressor        suppressor
	noise             comfortNoise
	answer            answerTone
	meter             meter
}

// New returns a canceller that knows nothing of its line.
func New(opts Opts) *Canceller {
	if opts.Tail == 0 {
		opts.Tail = DefaultTail
	}
	opts.Tail = max(MinTail, min(MaxTail, opts.Tail))
	n := int(math.Ceil(opts.Tail.Seconds() * dsp.SampleRate / block))
	c := &Canceller{
		opts:       opts,
		history:    newHistory(n),
		foreground: make(filter, n),
		background: newKalman(n),
		proven:     make(variances, n),
	}
	c.Reset()
	return c
}

// Reset forgets the line and all it did, as for a new call on another circuit.
// It stays enabled or not, and so does the suppressor.
func (c *Canceller) Reset() {
	c.farPass, c.nearPass = highPass{}, highPass{}
	c.history.reset()
	c.band = narrowBand{}
	c.suppressor.reset()
	c.noise.reset()
	c.answer = answerTone{}
	c.meter = meter{}
	c.contest = newContest()
	c.unlearn()
}

// unlearn forgets the echo path.
func (c *Canceller) unlearn() {
	clear(c.foreground)
	c.background.reset()
	copy(c.proven, c.background.variances)
}

// Tail returns the longest echo that is cancelled.
func (c *Canceller) Tail() time.Duration {
	return time.Duration(len(c.foreground)) * block * time.Second / dsp.SampleRate
}

// SetEnabled turns the canceller on or off. It is on at first. While it is off
// near passes unchanged; what was learnt is kept.
func (c *Canceller) SetEnabled(on bool) { c.off = !on }

// SetNLP turns the suppressor on or off, as Opts.NoNLP does for good: what a fax
// sends must not be taken for echo. It is on at first. What it has learnt of the
// line is kept and renewed meanwhile.
func (c *Canceller) SetNLP(on bool) { c.nlpOff = !on }

// Process cancels the echo of far in near into out. All three have the same
// length, a multiple of dsp.Frame; samples behind the last whole frame pass
// unchanged. Sample i of far is what was played while sample i of near was
// recorded. Out may be near.
func (c *Canceller) Process(far, near, out []int16) {
	n := len(near) / block * block
	for i := 0; i < n; i += block {
		c.block((*[block]int16)(far[i:]), (*[block]int16)(near[i:]), (*[block]int16)(out[i:]))
	}
	copy(out[n:len(near)], near[n:])
}

func (c *Canceller) block(far, near, out *[block]int16) {
	var x, d [block]float32
	farEnergy := c.farPass.process(far, &x)
	nearEnergy := c.nearPass.process(near, &d)
	c.answer.listen(&x, farEnergy, &d, nearEnergy)
	c.history.add(&x, farEnergy)
	if c.off || c.answer.disables() {
		*out = *near
		return
	}

	var echo [block]float32
	c.cancel(&d, nearEnergy, &echo)
	s := scene{far: c.history.loudest(), near: nearEnergy, echo: energy(&echo), rest: energy(&d)}
	s.clips = clips(near)
	s.model = c.proven.echo(&c.history)
	s.noise = c.noise.level()
	s.strange = c.background.surprise
	gain := c.suppressor.judge(&s)
	c.meter.add(&s, farEnergy, c.suppressor.nearTalks())
	c.noise.hear(&d, &s)
	if c.opts.NoNLP || c.nlpOff || c.answer.tone() {
		gain = 1
	}
	c.suppress(&d, gain)
	for i, v := range d {
		out[i] = round(v)
	}
}

// cancel takes the echo out of d and tells what it took.
func (c *Canceller) cancel(d *[block]float32, nearEnergy float32, echo *[block]float32) {
	if c.history.loudest() < silence {
		return
	}
	var guess, ahead [block]float32
	c.foreground.estimate(&c.history, echo)
	c.background.filter.estimate(&c.history, &guess)
	near := *d
	subtract(d, &near, echo)
	subtract(&ahead, &near, &guess)

	tones := c.band.listen(&c.history)
	switch c.contest.judge(nearEnergy, energy(d), energy(&ahead), c.noise.level(), c.background.surprise, tones) {
	case adopt:
		fade(d, &ahead)
		subtract(echo, &near, d)
		copy(c.foreground, c.background.filter)
		copy(c.proven, c.background.variances)
	case restore:
		ahead = *d
		copy(c.background.filter, c.foreground)
		copy(c.background.variances, c.proven)
	case probe:
		c.background.doubt()
	case giveUp:
		*d, ahead, *echo = near, near, [block]float32{}
		c.unlearn()
	}
	if tones {
		c.background.surprise = surprising
	} else {
		c.background.learn(&c.history, &ahead, energy(&ahead) < exact*nearEnergy)
	}
	if c.contest.probing > 0 { // its doubt would explain everything
		c.background.surprise = max(c.background.surprise, surprising)
	}
	// What was adopted by chance, from both talking at once, must not be heard.
	if !c.contest.settled() && energy(d) > nearEnergy {
		*d, *echo = near, [block]float32{}
	}
}

// suppress applies the gain of the suppressor and fills up with noise.
func (c *Canceller) suppress(d *[block]float32, gain float32) {
	from := c.suppressor.apply(d, gain)
	if c.opts.NoComfortNoise || from == 1 && gain == 1 {
		return
	}
	c.noise.fill(d, complement(from), complement(gain))
}
