package model

import (
	"fmt"
	"slices"
	"time"
)

// Misuse is something that a driver must not do to a module.
type Misuse uint8

// Misuses.
const (
	PDHigh         Misuse = iota // PD was driven or pulled high
	OutputRead                   // an output was read, which turns a kernel's line into an input
	DCRinging                    // F/R rested while RM was high, longer than a period of 15 Hz
	RMLeftOn                     // RM stayed high after the ringing
	RMFellReversed               // RM went low with F/R in reverse
	RMFellEarly                  // RM went low less than half a period after F/R moved
	RingingUnfed                 // RM went high while PD was low
	RingingTooFast               // F/R moved faster than 50 Hz while RM was high
	misuseCount
)

var misuseNames = [misuseCount]string{
	"PD driven high", "output read", "DC on F/R while ringing", "RM left on after ringing",
	"RM fell with F/R reversed", "RM fell early", "RM high while PD is low", "F/R moves too fast",
}

// String describes the misuse.
func (m Misuse) String() string {
	if m < misuseCount {
		return misuseNames[m]
	}
	return fmt.Sprintf("misuse(%d)", uint8(m))
}

// Times after which resting F/R with RM high is a misuse. At the end of a burst
// F/R may rest for a whole period of 15 Hz; some more is a program that is late.
const (
	dcTime   = 80 * time.Millisecond
	leftTime = 200 * time.Millisecond
)

// Misuses returns what the driver did wrong so far, each kind once.
func (m *Module) Misuses() []Misuse {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.misuses)
}

func (m *Module) blame(u Misuse) {
	if !slices.Contains(m.misuses, u) {
		m.misuses = append(m.misuses, u)
	}
}

// watch looks for an RM that stays high. A driver that has not reached its pins since
// they failed cannot help it.
func (m *Module) watch() {
	if !m.ringMode || m.cut {
		return
	}
	switch rest := m.count - m.edges.at; {
	case rest > frames(leftTime):
		m.blame(RMLeftOn)
	case rest > frames(dcTime):
		m.blame(DCRinging)
	}
}

// watchSwing looks at a move of F/R that has just been noted.
func (m *Module) watchSwing() {
	if m.ringMode && max(m.edges.half[0], m.edges.half[1]) < frames(shortHalf) {
		m.blame(RingingTooFast)
	}
}

// watchFall looks at the end of ringing. Without feed there is none.
func (m *Module) watchFall() {
	if m.down {
		return
	}
	if m.reverse {
		m.blame(RMFellReversed)
	}
	half := max(m.edges.half[0], m.edges.half[1])
	if m.count-m.edges.at < half-frames(m.opts.Slack) {
		m.blame(RMFellEarly)
	}
}
