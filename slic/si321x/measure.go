package si321x

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/slic"
)

// measured is the answer to a Measure.
type measured struct {
	slic.Measurement
	err error
}

// Units of the monitors. Si3215 data sheet, DR78..DR83.
const (
	loopVoltsStep = 1500 * physic.MilliVolt
	loopAmpsStep  = 1250 * physic.MicroAmpere
	leadStep      = 376 * physic.MilliVolt
	tripStep      = 1270 * physic.MicroAmpere // of RPTP
)

// measure reads the monitors.
func (w *worker) measure() measured {
	c := &w.chip
	m := slic.Measurement{
		At:      time.Now(),
		Loop:    physic.ElectricPotential(signed(c.read(drLoopVolts))) * loopVoltsStep,
		Current: physic.ElectricCurrent(signed(c.read(drLoopAmps))) * loopAmpsStep,
		Tip:     -physic.ElectricPotential(c.read(drTipVolts)) * leadStep,
		Ring:    -physic.ElectricPotential(c.read(drRingVolts)) * leadStep,
		Battery: -physic.ElectricPotential(c.read(drBatSense)) * leadStep,
	}
	if i, ok := w.ringing.mean(); ok {
		m.RingCurrent = i
		m.TripAt = physic.ElectricCurrent(w.plan.indirects[irRingTrip]>>9) * tripStep
	}
	if !c.alive() && c.err == nil {
		c.err = errNoAnswer
	}
	if err := c.fail(); err != nil {
		return measured{err: fmt.Errorf("si321x: measure: %w", err)}
	}
	return measured{Measurement: m}
}

// magnitude is that of such a reading.
func magnitude(b byte) int { return int(b & 0x3F) }

// signed is six bits of magnitude with the sign in bit 6.
func signed(b byte) int {
	if b&0x40 != 0 {
		return -magnitude(b)
	}
	return magnitude(b)
}

// batteryVolts is the magnitude of VBAT.
func (w *worker) batteryVolts() float64 {
	return float64(w.chip.read(drBatSense)) * float64(leadStep) / float64(physic.Volt)
}
