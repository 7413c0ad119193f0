package si321x

import (
	"fmt"
	"math"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// Limits of TR-104 issue 2.
const (
	hazardAC, hazardDC   = 50, 135 // volts
	foreignAC, foreignDC = 10, 6   // volts
	fewestREN, mostREN   = 0.175, 5
)

// lead collects readings of one lead's voltage to ground. The monitor sees 0 to
// -95.9 V: it cuts off what is positive.
type lead struct {
	n, zeros, most int
	sum, squares   float64 // of magnitudes, in steps
}

func (l *lead) add(steps byte) {
	v := float64(steps)
	l.n++
	l.sum += v
	l.squares += v * v
	l.most = max(l.most, int(steps))
	if steps <= 1 {
		l.zeros++
	}
}

// saturated says that the voltage was beyond what the monitor sees.
func (l *lead) saturated() bool { return l.most == 255 }

// swing is how much of a voltage that crosses zero must be cut off to be seen as
// such, as a share of the readings.
const swing = 0.2

// potentials returns the DC and the rms of the AC, in volts, negative DC as
// such. A voltage that is cut off is taken for AC about ground: half of its
// power is seen.
func (l *lead) potentials() (dc, ac float64) {
	if l.n == 0 || l.most <= 2 {
		return 0, 0
	}
	mean, square := l.sum/float64(l.n), l.squares/float64(l.n)
	if float64(l.zeros) > swing*float64(l.n) {
		return 0, leadVolts * math.Sqrt(2*square)
	}
	return -leadVolts * mean, leadVolts * math.Sqrt(math.Max(0, square-mean*mean))
}

// unseen is what the potentials' tests cannot see.
const unseen = "; a positive DC voltage is not seen by this chip"

// judgePotentials is the outcome of the first two tests from TIP and RING.
func judgePotentials(leads [2]lead) (hazard, foreign slic.TestResult) {
	figures := map[string]float64{}
	hazard = slic.TestResult{Test: slic.HazardousPotential, Verdict: slic.Limited, Text: "no hazardous voltage" + unseen, Figures: figures}
	foreign = slic.TestResult{Test: slic.ForeignEMF, Verdict: slic.Limited, Text: "no voltage from elsewhere" + unseen, Figures: figures}
	for i, name := range [...]string{"tip", "ring"} {
		dc, ac := leads[i].potentials()
		figures[name+"_dc_volts"], figures[name+"_ac_volts"] = round(dc, 1), round(ac, 1)
		text := fmt.Sprintf("%s has %.0f V DC and %.0f V AC to ground from elsewhere", [...]string{"TIP", "RING"}[i], dc, ac)
		if leads[i].saturated() {
			text = fmt.Sprintf("%s has more than 95 V to ground from elsewhere, the most this chip can see", [...]string{"TIP", "RING"}[i])
		}
		if ac > hazardAC || -dc > hazardDC || leads[i].saturated() {
			hazard.Verdict, hazard.Text = slic.Failed, text
		}
		if ac > foreignAC || -dc > foreignDC {
			foreign.Verdict, foreign.Text = slic.Failed, text
		}
	}
	return hazard, foreign
}

// sweepSteps is how far the battery is swept, in steps of 1.5 V: to 24 V.
const sweepSteps = 16

// sweep is the current that flows at some voltages.
type sweep struct{ points []reading }

func (s *sweep) add(volts, amps float64) { s.points = append(s.points, reading{volts, amps}) }

// closure is what closes a loop.
type closure struct {
	kind   string  // telephone, short, ring-ground, tip-ground, unknown
	ohms   float64 // at the highest current seen
	offset float64 // volts below which no current flows
	curve  float64 // non-linearity: resistance at the least against that at the most current, minus 1
}

// Bounds of what a sweep is read by. A telephone has a bridge of diodes or
// transistors in the loop, which passes nothing below about 1.4 V; half of it
// is the threshold. A grounded RING draws current from the common mode voltage
// alone, which looks like a negative offset.
const (
	diodeVolts  = 0.7
	groundVolts = -2.0
	solidVolts  = 0.6
	fewest      = 3 // points that make a line
)

// find tells what closes the loop. The current is fitted over the voltage below
// the feed's limit: their steps are rough, many of them are not.
func (s *sweep) find(limit float64) closure {
	last := s.points[len(s.points)-1]
	c := closure{kind: "unknown", ohms: math.Abs(last.volts) / math.Max(last.amps, loopAmpere/2)}
	switch {
	case last.volts < -1:
		c.kind = "ring-ground"
		return c
	case last.volts < solidVolts:
		c.kind = "short"
		return c
	}
	low, high, slope, offset, ok := s.fit(0.85 * limit)
	switch {
	case !ok:
		return c
	case offset > diodeVolts:
		c.kind = "telephone"
	case offset > groundVolts:
		c.kind = "short"
	case slope*last.volts > low/2:
		c.kind = "ring-ground"
	default:
		c.kind = "tip-ground"
	}
	c.offset, c.ohms = offset, 1/slope+offset/high
	if c.kind == "ring-ground" {
		c.ohms = 1 / (2 * slope) // half of the current is seen
	}
	c.curve = (1/slope+offset/low)/(1/slope+offset/high) - 1
	return c
}

// fit is the line amps = slope·(volts - offset) through the points with current
// below most, and the least and the most current of them.
func (s *sweep) fit(most float64) (low, high, slope, offset float64, ok bool) {
	var n, v, i, vv, vi float64
	for _, p := range s.points {
		if p.amps < loopAmpere || p.amps > most {
			continue
		}
		if n == 0 {
			low, high = p.amps, p.amps
		}
		low, high = math.Min(low, p.amps), math.Max(high, p.amps)
		n, v, i = n+1, v+p.volts, i+p.amps
		vv, vi = vv+p.volts*p.volts, vi+p.volts*p.amps
	}
	if n < fewest || n*vv-v*v < 1e-9 {
		return 0, 0, 0, 0, false
	}
	slope = math.Max((n*vi-v*i)/(n*vv-v*v), 1e-6)
	return low, high, slope, v/n - i/n/slope, true
}

// judgeLoop is the outcome of the last three tests on a closed loop.
func judgeLoop(c closure) []slic.TestResult {
	fault := slic.TestResult{Test: slic.ResistiveFaults, Figures: map[string]float64{"ohms": round(c.ohms, 0)}}
	hook := slic.TestResult{Test: slic.ReceiverOffHook, Figures: map[string]float64{"ohms": round(c.ohms, 0), "offset_volts": round(c.offset, 1), "nonlinearity": round(c.curve, 2)}}
	switch c.kind {
	case "telephone":
		hook.Verdict, hook.Text = slic.Failed, fmt.Sprintf("a telephone is off hook: the loop of %.0f ohm is not linear", c.ohms)
		fault.Verdict, fault.Text = slic.Unmeasured, "a telephone is off hook"
	case "unknown":
		hook.Verdict, hook.Text = slic.Unmeasured, "the loop is closed; a telephone and a short cannot be told apart here"
		fault.Verdict, fault.Text = slic.Unmeasured, hook.Text
	default:
		hook.Verdict, hook.Text = slic.Passed, "what closes the loop is no telephone"
		fault.Verdict = slic.Failed
		fault.Text = fmt.Sprintf("%s, about %.0f ohm", closures[c.kind], c.ohms)
	}
	ringers := blocked("the loop is closed", slic.RingerEquivalence)
	return []slic.TestResult{fault, hook, ringers[0]}
}

var closures = map[string]string{
	"short":       "TIP touches RING",
	"ring-ground": "RING touches ground",
	"tip-ground":  "TIP touches ground",
}

// seenAmps is the least steady current that is believed: one step may be the
// monitor's error. Si3215 data sheet §2.1.4.
const seenAmps = 1.5 * loopAmpere

// limits of resistance that such a current finds for certain at 48 V, with the
// monitor 20 % off; half of a current to ground is seen.
const resistiveLimits = "between the leads below 15 kohm and to ground below 8 kohm; up to 150 kohm this chip cannot tell"

// judgeLeakage is the outcome of the resistive test on an open loop. Current
// from RING to ground flows while RING has the battery, from TIP when the
// polarity is turned.
func judgeLeakage(forward, reverse reading) slic.TestResult {
	r := slic.TestResult{Test: slic.ResistiveFaults, Verdict: slic.Limited, Text: "nothing found " + resistiveLimits, Figures: map[string]float64{
		"forward_amps": round(forward.amps, 5), "reverse_amps": round(reverse.amps, 5), "volts": round(forward.volts, 1),
	}}
	most := math.Max(forward.amps, reverse.amps)
	if most < seenAmps {
		return r
	}
	r.Verdict = slic.Failed
	const unseen = ", or a voltage from elsewhere that this chip does not see"
	where, or, ohms := "TIP touches RING", "", (forward.volts+reverse.volts)/(forward.amps+reverse.amps)
	switch common := float64(commonVolts) * 1.5; {
	case forward.amps > 1.5*reverse.amps:
		where, or, ohms = "RING touches ground", unseen, (forward.volts+common)/(2*forward.amps)
	case reverse.amps > 1.5*forward.amps:
		where, or, ohms = "TIP touches ground", unseen, (reverse.volts+common)/(2*reverse.amps)
	}
	r.Figures["ohms"] = round(ohms, 0)
	r.Text = fmt.Sprintf("%s, about %.1f kohm%s", where, ohms/1000, or)
	return r
}

// charge collects the current after the polarity was turned.
type charge struct {
	at       time.Duration
	coulombs float64
	begun    bool
}

func (c *charge) add(at time.Duration, amps float64) {
	if c.begun {
		c.coulombs += amps * (at - c.at).Seconds()
	}
	c.at, c.begun = at, true
}

// One ringer equivalence is 8 µF and 6930 ohm (TIA-968-B), whatever the number:
// the time constant is theirs.
const (
	renFarads  = 8e-6
	renSeconds = 6930 * renFarads
)

// ren is the number of ringers whose capacitors took the charge, which swung by
// volts while a leakage drew amps. The tail that the monitor rounds to nothing
// is added.
func (c *charge) ren(volts, amps float64) float64 {
	const tail = loopAmpere / 2 * renSeconds
	coulombs := c.coulombs - amps*c.at.Seconds()
	if volts <= 0 || coulombs < tail/2 {
		return 0
	}
	return (coulombs + tail) / volts / renFarads
}

// judgeRingers is the outcome of the ringer test. The current monitor may be
// 20 % off, the voltage monitor 10 %.
func judgeRingers(ren float64, fault slic.Verdict) slic.TestResult {
	r := slic.TestResult{Test: slic.RingerEquivalence, Figures: map[string]float64{"ren": round(ren, 2)}}
	const off = 1.3
	switch {
	case fault == slic.Failed:
		return blocked("current through the resistive fault hides the ringers", slic.RingerEquivalence)[0]
	case ren == 0:
		r.Verdict, r.Text = slic.Failed, "no ringer found: nothing is plugged in, or a telephone without a bell of its own"
	case ren/off > mostREN || ren*off < fewestREN:
		r.Verdict, r.Text = slic.Failed, fmt.Sprintf("about %.1f REN, allowed: 0.175 to 5", ren)
	case ren*off <= mostREN && ren/off >= fewestREN:
		r.Verdict, r.Text = slic.Passed, fmt.Sprintf("about %.1f REN", ren)
	default:
		r.Verdict, r.Text = slic.Limited, fmt.Sprintf("about %.1f REN; this chip cannot tell on which side of the limit it is (0.175 to 5)", ren)
	}
	return r
}

func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}
