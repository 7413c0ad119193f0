package model

import (
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/pin"
)

var (
	errDirection = errors.New("model: pin cannot do that")
	errGone      = errors.New("model: pin does not answer")
)

// Hook returns the pin of the detector, low while it detects.
func (c *Circuit) Hook() gpio.PinIO { return &codecPin{circuit: c, name: "DET"} }

// Mode returns the pins of the mode inputs, C3 to C1.
func (c *Circuit) Mode() []gpio.PinOut {
	var pins []gpio.PinOut
	for i := 3; i > 0; i-- {
		pins = append(pins, &codecPin{circuit: c, name: fmt.Sprintf("C%d", i), number: i, bit: 1 << (i - 1)})
	}
	return pins
}

// codecPin is a pin of the codec. The detector has no bit.
type codecPin struct {
	circuit *Circuit
	name    string
	number  int
	bit     int
}

// access takes the time of the bus and reports whether it works.
func (p *codecPin) access() error {
	time.Sleep(p.circuit.opts.Access)
	p.circuit.mu.Lock()
	defer p.circuit.mu.Unlock()
	if p.circuit.failing {
		return errGone
	}
	return nil
}

func (p *codecPin) blame(what string) {
	p.circuit.mu.Lock()
	defer p.circuit.mu.Unlock()
	p.circuit.misuses = append(p.circuit.misuses, p.name+" "+what)
}

// In takes no edges: the chip has no interrupts.
func (p *codecPin) In(pull gpio.Pull, edge gpio.Edge) error {
	if p.bit != 0 || edge != gpio.NoEdge || pull != gpio.PullNoChange {
		return errDirection
	}
	return p.access()
}

func (p *codecPin) Out(l gpio.Level) error {
	if p.bit == 0 {
		p.blame("was driven")
		return errDirection
	}
	if err := p.access(); err != nil {
		return err
	}
	p.circuit.mu.Lock()
	defer p.circuit.mu.Unlock()
	p.circuit.set(p.bit, l)
	return nil
}

// Read returns low where the bus does not work, as the kernel's interface does.
func (p *codecPin) Read() gpio.Level {
	if p.bit != 0 {
		p.blame("was read")
	}
	if p.access() != nil {
		return gpio.Low
	}
	p.circuit.mu.Lock()
	defer p.circuit.mu.Unlock()
	return gpio.Level(p.circuit.closed == p.circuit.opts.HookActiveHigh)
}

func (p *codecPin) WaitForEdge(time.Duration) bool        { return false }
func (p *codecPin) String() string                        { return p.name }
func (p *codecPin) Name() string                          { return p.name }
func (p *codecPin) Number() int                           { return p.number }
func (p *codecPin) Halt() error                           { return nil }
func (p *codecPin) Function() string                      { return string(p.Func()) }
func (p *codecPin) Func() pin.Func                        { return gpio.IN }
func (p *codecPin) Pull() gpio.Pull                       { return gpio.PullNoChange }
func (p *codecPin) DefaultPull() gpio.Pull                { return gpio.PullNoChange }
func (p *codecPin) PWM(gpio.Duty, physic.Frequency) error { return errDirection }
