package model

import "math"

// Currents of the detectors: bits 14:9 count 1.27 mA. Si3215 data sheet §4.
func threshold(v uint16) float64 { return float64(v>>9&0x3F) * 1.27e-3 }

// pole is the coefficient of a one-pole filter at 800 Hz, N/4096 with N in the
// upper 13 bits.
func pole(v uint16) float64 { return math.Min(1, float64(v>>3)/4096) }

// debouncer accepts a new state that held for some ticks.
type debouncer struct {
	state bool
	ticks int
}

// tick says whether the state changed.
func (d *debouncer) tick(raw bool, hold byte) bool {
	if raw == d.state {
		d.ticks = 0
		return false
	}
	if d.ticks++; d.ticks < int(hold&0x7F) {
		return false
	}
	d.state, d.ticks = raw, 0
	return true
}

// loopAmps is what the detectors see: half the difference of the currents of
// the two leads' transistors, so current to ground counts half.
func (c *Chip) loopAmps() float64 {
	return math.Abs(c.sense.Amps) + math.Abs(c.sense.LeakAmps)/2
}

// loopDetector finds loop closure while the loop is fed. Si3215 data sheet
// §2.1.6.
type loopDetector struct {
	amps     float64
	over     bool
	debounce debouncer
}

func (l *loopDetector) tick(c *Chip) {
	if !c.feeding() {
		return
	}
	m := c.irMap
	l.amps += (c.loopAmps() - l.amps) * pole(c.ir[m.nclr])
	limit := threshold(c.ir[m.lcrt])
	if l.over && c.dr[drEnhance]&hysteresis != 0 {
		limit = threshold(c.ir[m.lcrtl])
	}
	l.over = l.amps > limit
	hold := c.dr[drLoopDeb]
	if c.cadence.pause {
		hold = c.dr[drPauseDeb]
	}
	if !l.debounce.tick(l.over, hold) {
		return
	}
	c.latch(drInt2, int2Loop)
	c.unread = looks
	if l.debounce.state && c.dr[drAutomatic]&autoLoop != 0 {
		c.activate()
	}
}

// looks is how often a board reads DR68 to be sure of a change.
const looks = 2

// Heeded says whether the board has looked at the last change of the loop it asked
// to be told of.
func (c *Chip) Heeded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unread == 0 || c.silent() || c.dr[drInt2+3]&int2Loop == 0
}

// tripDetector finds ring trip: the rectified current through a one-pole filter
// exceeds a threshold for some time. Si3215 data sheet §2.5.6.
type tripDetector struct {
	amps    float64
	ticks   int
	over    bool
	tripped bool
}

func (t *tripDetector) tick(c *Chip) {
	if c.lfs != lfRinging || c.faults[NoRingTrip] {
		return
	}
	m := c.irMap
	t.amps += (c.loopAmps() - t.amps) * pole(c.ir[m.nrtp])
	if t.over = t.amps > threshold(c.ir[m.rptp]); !t.over {
		t.ticks = 0
		return
	}
	if t.ticks++; t.ticks < int(c.dr[drTripDeb]&0x7F) || t.tripped {
		return
	}
	t.tripped = true
	c.latch(drInt2, int2Trip)
	if c.dr[drAutomatic]&autoTrip != 0 {
		c.enter(lfForward)
	}
}

// hookStatus is DR68. The raw bit is inverted: 0 means above the threshold.
func (c *Chip) hookStatus() byte {
	s := byte(statusRaw)
	if c.loop.over || c.lfs == lfRinging && c.trip.over {
		s = 0
	}
	if c.trip.tripped {
		s |= statusTrip
	}
	if c.loop.debounce.state {
		s |= statusLoop
	}
	return s
}
