package model

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	gpiomodel "github.com/ata-agent/ata-agent/hal/gpio/model"
)

// Hook returns the pin of the detector, low while it detects.
func (c *Circuit) Hook() gpio.PinIO {
	return &codecPin{Pin: gpiomodel.Pin{Label: "DET", Bias: gpio.PullNoChange}, circuit: c}
}

// Mode returns the pins of the mode inputs, C3 to C1.
func (c *Circuit) Mode() []gpio.PinOut {
	var pins []gpio.PinOut
	for i := 3; i > 0; i-- {
		input := gpiomodel.Pin{Label: fmt.Sprintf("C%d", i), Index: i, Bias: gpio.PullNoChange, Drive: true}
		pins = append(pins, &codecPin{Pin: input, circuit: c, bit: 1 << (i - 1)})
	}
	return pins
}

// codecPin is a pin of the codec. The detector has no bit.
type codecPin struct {
	gpiomodel.Pin
	circuit *Circuit
	bit     int
}

// access takes the time of the bus and reports whether it works.
func (p *codecPin) access() error {
	time.Sleep(p.circuit.opts.Access)
	p.circuit.mu.Lock()
	defer p.circuit.mu.Unlock()
	if p.circuit.failing {
		return gpiomodel.ErrGone
	}
	return nil
}

func (p *codecPin) blame(what string) {
	p.circuit.mu.Lock()
	defer p.circuit.mu.Unlock()
	p.circuit.misuses = append(p.circuit.misuses, p.Label+" "+what)
}

// In takes no edges: the chip has no interrupts.
func (p *codecPin) In(pull gpio.Pull, edge gpio.Edge) error {
	if p.bit != 0 || edge != gpio.NoEdge || pull != gpio.PullNoChange {
		return gpiomodel.ErrDirection
	}
	return p.access()
}

func (p *codecPin) Out(l gpio.Level) error {
	if p.bit == 0 {
		p.blame("was driven")
		return gpiomodel.ErrDirection
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

// WaitForEdge returns false.
func (p *codecPin) WaitForEdge(time.Duration) bool { return false }
