package model

import (
	"math"
	"time"

	"github.com/ata-agent/ata-agent/slic/twowire"
)

const feedOhms = 160 // source resistance of the feed

// startTime is how long the module's converter needs after PD was released.
const startTime = 60 * time.Millisecond

// swings keeps when F/R changed.
type swings struct {
	at   int    // frame of the last change of F/R
	half [2]int // the last two intervals
}

// restBefore is how long F/R counts as at rest when RM rises.
const restBefore = 10 * time.Millisecond

// move notes a change of F/R.
func (s *swings) move(now int) {
	s.half[1], s.half[0] = s.half[0], now-s.at
	s.at = now
}

// Half periods that make ringing, 50 to 15 Hz with some room for a program that
// is not exact.
const (
	shortHalf = 8500 * time.Microsecond
	longHalf  = 36 * time.Millisecond
)

// alternates says that F/R makes ringing.
func (m *Module) alternates() bool {
	return m.edges.half[0] >= frames(shortHalf) && m.count-m.edges.at <= frames(longHalf)
}

// feeding says that the pair gets a voltage.
func (m *Module) feeding() bool {
	return !m.down && m.starting == 0 && !m.faults[NoSupply]
}

// drive is what the module puts on the pair in this frame.
func (m *Module) drive() twowire.Drive {
	if !m.feeding() {
		m.volts = 0
		if m.starting > 0 && !m.down && !m.faults[NoSupply] {
			m.starting--
		}
		return twowire.Drive{Open: true}
	}
	m.swing()
	limit := m.ratings.loopAmps
	if m.ringMode {
		limit = m.ratings.ringLimit
	}
	return twowire.Drive{Volts: m.volts, Ohms: feedOhms, LimitAmps: limit}
}

// swing moves the voltage towards what RM and F/R ask for.
func (m *Module) swing() {
	target := m.ratings.talk
	if m.ringMode && m.alternates() {
		target = m.ratings.ring
	}
	if m.reverse {
		target = -target
	}
	m.volts += max(-m.ratings.slope, min(m.ratings.slope, target-m.volts))
}

// Loop detector: thresholds of the talking state, and the ring trip detector,
// whose mean current must exceed a threshold for some time. Together the two
// times make about 100 ms for a telephone of 400 ohm.
const (
	closedAmps = 10e-3
	openAmps   = 7e-3
	tripPole   = 1 / (0.030 * 8000)
	tripHold   = 60 * time.Millisecond
)

type tripDetector struct {
	amps    float64
	held    int
	tripped bool
}

func (t *tripDetector) step(amps, threshold float64) {
	t.amps += (amps - t.amps) * tripPole
	if t.amps <= threshold {
		t.held = 0
		return
	}
	if t.held++; t.held >= frames(tripHold) {
		t.tripped = true
	}
}

// detect finds whether the loop is closed.
func (m *Module) detect() {
	amps := math.Abs(m.sense.Amps) + math.Abs(m.sense.LeakAmps)/2
	if m.ringMode && m.feeding() {
		if m.faults[NoRingTrip] {
			amps = 0
		}
		m.trip.step(amps, m.ratings.tripAmps)
		m.loop = m.trip.tripped
		return
	}
	m.trip = tripDetector{}
	threshold := closedAmps
	if m.loop {
		threshold = openAmps
	}
	m.loop = m.feeding() && amps > threshold
}
