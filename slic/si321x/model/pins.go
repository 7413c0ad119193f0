package model

import (
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	gpiomodel "github.com/ata-agent/ata-agent/hal/gpio/model"
)

// Reset returns the pin that drives the chip's RESET, active low.
func (c *Chip) Reset() gpio.PinIO {
	return &resetPin{Pin: gpiomodel.Pin{Label: "RESET", Bias: gpio.PullUp, Drive: true}, chip: c}
}

type resetPin struct {
	gpiomodel.Pin
	chip *Chip
}

func (p *resetPin) In(gpio.Pull, gpio.Edge) error  { return gpiomodel.ErrDirection }
func (p *resetPin) WaitForEdge(time.Duration) bool { return false }

func (p *resetPin) Read() gpio.Level {
	p.chip.mu.Lock()
	defer p.chip.mu.Unlock()
	return gpio.Level(!p.chip.held)
}

func (p *resetPin) Out(l gpio.Level) error {
	p.chip.mu.Lock()
	defer p.chip.mu.Unlock()
	p.chip.held = l == gpio.Low
	p.chip.reset()
	return nil
}

// Int returns the interrupt pin, active low. It is a hal.EdgePin: its edges
// carry the time of the frame that caused them.
func (c *Chip) Int() gpio.PinIO { return &c.intPin }

var _ hal.EdgePin = (*intPin)(nil)

type intPin struct {
	gpiomodel.Pin
	gpiomodel.Edges
	chip *Chip
	low  bool
}

func (p *intPin) setup(c *Chip) {
	p.Pin = gpiomodel.Pin{Label: "INT", Index: 1, Bias: gpio.PullUp}
	p.chip = c
}

// updateInt recomputes the level of INT, the NOR of all enabled pending bits.
func (c *Chip) updateInt() {
	p := &c.intPin
	low := (c.dr[18]&c.dr[21] | c.dr[19]&c.dr[22] | c.dr[20]&c.dr[23]) != 0
	low = low && !c.faults[DeadInt] && !c.silent() || c.faults[StuckInt]
	if low == p.low {
		return
	}
	p.low = low
	p.Record(hal.Edge{At: c.at, Level: gpio.Level(!low)})
}

func (p *intPin) Out(gpio.Level) error { return gpiomodel.ErrDirection }

func (p *intPin) In(_ gpio.Pull, edge gpio.Edge) error {
	p.Listen(edge)
	return nil
}

func (p *intPin) Read() gpio.Level {
	p.chip.mu.Lock()
	defer p.chip.mu.Unlock()
	return gpio.Level(!p.low)
}
