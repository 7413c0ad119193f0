package model

import (
	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	gpiomodel "github.com/ata-agent/ata-agent/hal/gpio/model"
)

// SHK returns the pin that tells whether the loop is closed. It is a
// hal.EdgePin: its edges carry the time of the frame in which they happened.
func (m *Module) SHK() gpio.PinIO { return &m.shk }

var _ hal.EdgePin = (*shkPin)(nil)

// maxDelay is the longest delay, in frames.
const maxDelay = 80

type shkPin struct {
	gpiomodel.Pin
	gpiomodel.Edges
	module *Module

	line    [maxDelay]bool // the loop's states on their way
	delay   int
	next    int
	last    bool // what came out of the line last
	level   bool // closed, with chatter
	chatter int  // frames it goes on
	toggle  int  // frames to the next touch
	glitch  int  // frames of a glitch to come

	high gpio.Level // the pin itself
}

func (p *shkPin) setup(m *Module) {
	p.Pin = gpiomodel.Pin{Label: "SHK", Bias: gpio.Float}
	p.module = m
	p.delay = max(1, min(maxDelay, frames(m.opts.Delay)))
	p.high = gpio.Level(m.opts.SHKActiveLow)
}

// step moves the pin on by one frame.
func (p *shkPin) step(loop bool) {
	out := p.line[p.next]
	p.line[p.next] = loop
	p.next = (p.next + 1) % p.delay
	p.touch(out)
	level := p.level
	if p.glitch > 0 {
		p.glitch--
		level = true
	}
	m := p.module
	if m.faults[StuckSHK] {
		level = true
	}
	if m.faults[DeadSHK] {
		level = false
	}
	p.set(gpio.Level(level != m.opts.SHKActiveLow))
}

// touch makes the level follow the line and chatter after a change.
func (p *shkPin) touch(out bool) {
	switch {
	case out != p.last:
		p.last, p.level = out, out
		p.chatter, p.toggle = frames(p.module.opts.Chatter), p.interval()
	case p.chatter > 1:
		p.chatter--
		if p.toggle--; p.toggle <= 0 {
			p.level, p.toggle = !p.level, p.interval()
		}
	default:
		p.chatter, p.level = 0, out
	}
}

// interval is a random time between two touches.
func (p *shkPin) interval() int { return 2 + p.module.random.IntN(10) }

// set moves the pin.
func (p *shkPin) set(l gpio.Level) {
	if l == p.high {
		return
	}
	p.high = l
	p.Record(hal.Edge{At: p.module.at, Level: l})
}

func (p *shkPin) Out(gpio.Level) error { return gpiomodel.ErrDirection }

func (p *shkPin) In(_ gpio.Pull, edge gpio.Edge) error {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	if p.module.faults[PinsFail] {
		return gpiomodel.ErrGone
	}
	p.Listen(edge)
	return nil
}

func (p *shkPin) Read() gpio.Level {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	return p.high
}
