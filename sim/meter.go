package sim

import "math"

const (
	meterSamples = 160 // 20 ms
	deadVolts    = 3
	deadAmps     = 0.5e-3
	cpcSamples   = 60 * 8 // an open loop this long is meant
)

// Polarity of the feed as the telephone sees it.
type Polarity string

// Polarities.
const (
	NoFeed   Polarity = "none"
	Normal   Polarity = "normal" // TIP positive
	Reversed Polarity = "reversed"
)

// meter averages loop voltage and current over 20 ms and watches for an open
// loop while the telephone is off the hook.
type meter struct {
	volts, amps float64
	sumV, sumI  float64
	count       int

	fed  bool  // current flowed since the telephone went off the hook
	dead int64 // samples without feed
	cpc  int   // open loops since it went off the hook
	used int   // of these, seen by an action wait
}

func (m *meter) step(volts, amps float64, offHook bool) {
	m.sumV += volts
	m.sumI += amps
	if m.count++; m.count == meterSamples {
		m.volts, m.amps = m.sumV/meterSamples, m.sumI/meterSamples
		m.sumV, m.sumI, m.count = 0, 0, 0
	}
	if !offHook {
		return
	}
	if math.Abs(volts) > deadVolts || math.Abs(amps) > deadAmps {
		m.fed, m.dead = true, 0
		return
	}
	if m.dead++; m.fed && m.dead == cpcSamples {
		m.cpc++
	}
}

// lift begins a new time off the hook.
func (m *meter) lift() { m.fed, m.dead, m.cpc, m.used = false, 0, 0, 0 }

func (m *meter) polarity() Polarity {
	switch {
	case m.volts > deadVolts:
		return Normal
	case m.volts < -deadVolts:
		return Reversed
	}
	return NoFeed
}
