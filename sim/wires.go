package sim

import (
	"math"

	"github.com/ata-agent/ata-agent/slic/twowire"
)

const (
	sampleSeconds = 125e-6
	bridgeVolts   = 1.4   // two diodes of the polarity guard
	commonVolts   = 3     // the more positive lead sits this far below ground while fed
	openOhms      = 150e3 // what a port that released its leads still shows
	ringerOhms    = 6930  // 1 REN, TIA-968-B
	ringerFarads  = 8e-6  // 1 REN
)

// wires solves the pair for DC and ringing, one step at a time:
//
//	port ── Ohms ──┬── Loop ──┬─────────┬─────────┬──────────┬────────┐
//	               │          │ leakage │ ringer  │ handset  │ faults │
//	             Sense       volts      │ R + C   │ R + 1.4V │        │
//	               └──────────┴─────────┴─────────┴──────────┴────────┘
//
// Every branch is a conductance with a source in parallel; the capacitor is
// integrated by the trapezoidal rule, which is exact to 0.1 % at 70 Hz.
type wires struct {
	capVolts float64 // across the ringer's capacitor
	ringAmps float64 // through the ringer
	volts    float64 // at the telephone, TIP minus RING
	phase    float64 // of the foreign voltage, turns
}

// node sums the branches at the telephone: current = g·volts - j.
type node struct{ g, j float64 }

func (n *node) add(ohms, emf float64) {
	n.g += 1 / ohms
	n.j += emf / ohms
}

// step advances the pair by one sample. handset is the conductance of all
// handsets that are off the hook.
func (w *wires) step(d twowire.Drive, s *Settings, f *Faults, handset float64) twowire.Sense {
	source, feed := d.Volts, d.Ohms
	if d.Open {
		source, feed = 0, openOhms
	}
	polarity := math.Copysign(1, source)
	ren := s.REN
	if s.Parallel != NoParallel {
		ren++
	}
	var n node
	n.add(s.Leakage, 0)
	w.faults(&n, f, polarity)
	capOhms := w.ringer(&n, ren)

	series := max(feed+s.Loop, 1e-3)
	if f.Open {
		series = 1e12
	}
	limit := d.LimitAmps
	if d.Open || limit == 0 {
		limit = math.Inf(1)
	}
	volts, amps := n.solve(source, series, limit)
	if math.Abs(volts) > bridgeVolts && handset > 0 {
		n.add(1/handset, math.Copysign(bridgeVolts, volts))
		volts, amps = n.solve(source, series, limit)
	}
	w.volts = volts
	w.charge(volts, ren, capOhms)
	return w.sense(d, s, f, amps, polarity)
}

func (n node) solve(source, series, limit float64) (volts, amps float64) {
	volts = (source/series + n.j) / (1/series + n.g)
	amps = (source - volts) / series
	if math.Abs(amps) > limit {
		amps = math.Copysign(limit, amps)
		volts = (amps + n.j) / n.g
	}
	return volts, amps
}

// ringer adds the series RC of ren ringers and returns the companion
// resistance of its capacitor.
func (w *wires) ringer(n *node, ren float64) float64 {
	if ren <= 0 {
		return 0
	}
	capOhms := sampleSeconds / (2 * ringerFarads * ren)
	n.add(ringerOhms/ren+capOhms, w.capVolts+capOhms*w.ringAmps)
	return capOhms
}

func (w *wires) charge(volts, ren, capOhms float64) {
	if ren <= 0 {
		w.ringAmps = 0
		return
	}
	history := w.capVolts + capOhms*w.ringAmps
	w.ringAmps = (volts - history) / (ringerOhms/ren + capOhms)
	w.capVolts = history + capOhms*w.ringAmps
}

func (w *wires) faults(n *node, f *Faults, polarity float64) {
	if f.Short > 0 {
		n.add(f.Short, 0)
	}
	if f.Leakage > 0 {
		n.add(f.Leakage, 0)
	}
	if low := f.lowGround(polarity); low > 0 {
		n.add(low, -commonVolts*polarity)
	}
	if f.ForeignVolts == 0 {
		return
	}
	emf := f.ForeignVolts
	if f.ForeignHz > 0 {
		w.phase += f.ForeignHz * sampleSeconds
		w.phase -= math.Floor(w.phase)
		emf *= math.Sqrt2 * math.Sin(2*math.Pi*w.phase)
	}
	n.add(foreignOhms, emf)
}

// lowGround returns the resistance that grounds the lead at battery potential,
// where the current flows, and highGround that of the lead near ground.
func (f *Faults) lowGround(polarity float64) float64 {
	if polarity < 0 {
		return f.TipGround
	}
	return f.RingGround
}

func (f *Faults) highGround(polarity float64) float64 {
	if polarity < 0 {
		return f.RingGround
	}
	return f.TipGround
}

// sense tells the port what its terminals see. Current that a grounded lead
// carries away does not come back in the loop.
func (w *wires) sense(d twowire.Drive, s *Settings, f *Faults, amps, polarity float64) twowire.Sense {
	out := twowire.Sense{Volts: w.volts + amps*s.Loop, Amps: amps}
	if f.Open {
		out.Volts, out.Amps = d.Volts, 0
		if d.Open {
			out.Volts = 0
		}
	}
	high, ground := -float64(commonVolts), 1/max(d.Ohms/2+s.Loop/2, 1)
	if d.Open {
		high, ground = 0, 2/openOhms
	}
	if r := f.highGround(polarity); r > 0 && !f.Open {
		out.LeakAmps = -high / (r + 1/ground)
		high *= r / (r + 1/ground)
	}
	if r := f.lowGround(polarity); r > 0 && !f.Open {
		leak := (w.volts + commonVolts*polarity) / r
		out.LeakAmps += math.Abs(leak)
		out.Amps -= leak
	}
	if polarity < 0 {
		out.RingVolts = high
		out.TipVolts = high + out.Volts
	} else {
		out.TipVolts = high
		out.RingVolts = high - out.Volts
	}
	return out
}
