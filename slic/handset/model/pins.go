package model

import (
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	gpiomodel "github.com/ata-agent/ata-agent/hal/gpio/model"
)

// hookPin is the switch in the cradle, a hal.EdgePin.
type hookPin struct {
	gpiomodel.Pin
	gpiomodel.Edges
	set   *Set
	level gpio.Level
}

var _ hal.EdgePin = (*hookPin)(nil)

func (p *hookPin) setup(s *Set) {
	p.Pin = gpiomodel.Pin{Label: "HOOK", Bias: gpio.Float}
	p.set, p.level = s, gpio.High
}

// move moves the switch.
func (p *hookPin) move(l gpio.Level) {
	if l == p.level {
		return
	}
	p.level = l
	p.Record(hal.Edge{At: p.set.at, Level: l})
}

func (p *hookPin) Out(gpio.Level) error {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	p.set.blame("the hook switch was driven")
	return gpiomodel.ErrDirection
}

func (p *hookPin) In(_ gpio.Pull, edge gpio.Edge) error {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	if p.set.failing {
		return gpiomodel.ErrGone
	}
	p.Listen(edge)
	return nil
}

func (p *hookPin) Read() gpio.Level {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	return p.level
}

// lampPin lights the message lamp.
type lampPin struct {
	gpiomodel.Pin
	set *Set
	lit bool
}

// WaitForEdge returns false.
func (p *lampPin) WaitForEdge(time.Duration) bool { return false }

// In returns an error: the board drives the lamp.
func (p *lampPin) In(gpio.Pull, gpio.Edge) error { return gpiomodel.ErrDirection }

func (p *lampPin) Out(l gpio.Level) error {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	if p.set.failing {
		return gpiomodel.ErrGone
	}
	p.lit = bool(l)
	return nil
}

// Read is a misuse: a kernel's line becomes an input by it.
func (p *lampPin) Read() gpio.Level {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	p.set.blame("the lamp was read")
	return gpio.Low
}
