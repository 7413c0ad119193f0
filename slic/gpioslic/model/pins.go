package model

import (
	"errors"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/pin"
)

var (
	errDirection = errors.New("model: pin cannot do that")
	errGone      = errors.New("model: pin does not answer")
)

// basePin answers what every pin of the model answers alike.
type basePin struct {
	name   string
	number int
}

func (p basePin) String() string                        { return p.name }
func (p basePin) Name() string                          { return p.name }
func (p basePin) Number() int                           { return p.number }
func (p basePin) Halt() error                           { return nil }
func (p basePin) Function() string                      { return string(p.Func()) }
func (p basePin) Func() pin.Func                        { return gpio.IN }
func (p basePin) Pull() gpio.Pull                       { return gpio.Float }
func (p basePin) DefaultPull() gpio.Pull                { return gpio.Float }
func (p basePin) PWM(gpio.Duty, physic.Frequency) error { return errDirection }

// RM returns the pin that puts ringing voltage on the pair while it is high.
func (m *Module) RM() gpio.PinIO {
	return &outPin{basePin{"RM", 1}, m, func(l gpio.Level) { m.setRingMode(bool(l)) }, nil}
}

// FR returns the pin that tells forward from reverse.
func (m *Module) FR() gpio.PinIO {
	set := func(l gpio.Level) { m.setReverse(bool(l) == m.opts.FRForwardLow) }
	return &outPin{basePin{"F/R", 2}, m, set, nil}
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
	return &outPin{basePin{"PD", 3}, m, drive, float}
}

// outPin is a pin that the board drives. Its functions are called with the
// module locked; float is nil where the board must not let go of the wire.
type outPin struct {
	basePin
	module *Module
	drive  func(gpio.Level)
	float  func(gpio.Pull)
}

func (p *outPin) Func() pin.Func                 { return gpio.OUT }
func (p *outPin) Function() string               { return string(p.Func()) }
func (p *outPin) WaitForEdge(time.Duration) bool { return false }

func (p *outPin) Out(l gpio.Level) error {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	if p.module.faults[PinsFail] {
		return errGone
	}
	p.drive(l)
	return nil
}

func (p *outPin) In(pull gpio.Pull, _ gpio.Edge) error {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	switch {
	case p.module.faults[PinsFail]:
		return errGone
	case p.float == nil:
		return errDirection
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
