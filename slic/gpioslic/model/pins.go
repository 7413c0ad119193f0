package model

import (
	"time"

	"periph.io/x/conn/v3/gpio"

	gpiomodel "github.com/ata-agent/ata-agent/hal/gpio/model"
)

// RM returns the pin that puts ringing voltage on the pair while it is high.
func (m *Module) RM() gpio.PinIO {
	return &outPin{output("RM", 1), m, func(l gpio.Level) { m.setRingMode(bool(l)) }, nil}
}

// Ringing says whether RM is high.
func (m *Module) Ringing() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ringMode
}

// FR returns the pin that tells forward from reverse.
func (m *Module) FR() gpio.PinIO {
	set := func(l gpio.Level) { m.setReverse(bool(l) == m.opts.FRForwardLow) }
	return &outPin{output("F/R", 2), m, set, nil}
}

// PD returns the pin that takes the feed off while it is low and gives it back
// when it floats.
func (m *Module) PD() gpio.PinIO {
	drive := func(l gpio.Level) {
		if l {
			m.blame(PDHigh)
		}
		m.setDown(!bool(l))
	}
	float := func(pull gpio.Pull) {
		if pull == gpio.PullUp {
			m.blame(PDHigh)
		}
		m.setDown(false)
	}
	return &outPin{output("PD", 3), m, drive, float}
}

// outPin is a pin that the board drives. Its functions are called with the
// module locked; float is nil where the board must not let go of the wire.
type outPin struct {
	gpiomodel.Pin
	module *Module
	drive  func(gpio.Level)
	float  func(gpio.Pull)
}

func output(name string, number int) gpiomodel.Pin {
	return gpiomodel.Pin{Label: name, Index: number, Bias: gpio.Float, Drive: true}
}

// WaitForEdge returns false.
func (p *outPin) WaitForEdge(time.Duration) bool { return false }

func (p *outPin) Out(l gpio.Level) error {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	if p.module.faults[PinsFail] {
		return gpiomodel.ErrGone
	}
	p.module.cut = false
	p.drive(l)
	return nil
}

func (p *outPin) In(pull gpio.Pull, _ gpio.Edge) error {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	switch {
	case p.module.faults[PinsFail]:
		return gpiomodel.ErrGone
	case p.float == nil:
		return gpiomodel.ErrDirection
	}
	p.float(pull)
	return nil
}

// Read is a misuse: a kernel's line becomes an input by it.
func (p *outPin) Read() gpio.Level {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	p.module.blame(OutputRead)
	return gpio.Low
}

func (m *Module) setRingMode(on bool) {
	switch {
	case on == m.ringMode:
		return
	case on && m.down:
		m.blame(RingingUnfed)
	case !on:
		m.watchFall()
	}
	m.ringMode = on
	if on {
		m.edges = swings{at: m.count - frames(restBefore)}
		m.trip = tripDetector{}
	}
}

func (m *Module) setReverse(on bool) {
	if on == m.reverse {
		return
	}
	m.reverse = on
	if m.ringMode {
		m.edges.move(m.count)
		m.watchSwing()
	}
}

func (m *Module) setDown(on bool) {
	if on == m.down {
		return
	}
	m.down = on
	m.starting = frames(startTime)
}
