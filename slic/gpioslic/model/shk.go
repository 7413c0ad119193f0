package model

import (
	"context"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

// SHK returns the pin that tells whether the loop is closed. It is a
// hal.EdgePin: its edges carry the time of the frame in which they happened.
func (m *Module) SHK() gpio.PinIO { return &m.shk }

var _ hal.EdgePin = (*shkPin)(nil)

// maxEdges is the length of the kernel's queue of edges per line, 16; older
// ones are kept when it overflows.
const maxEdges = 16

// maxDelay is the longest delay, in frames.
const maxDelay = 80

type shkPin struct {
	basePin
	module *Module

	line    [maxDelay]bool // the loop's states on their way
	delay   int
	next    int
	last    bool // what came out of the line last
	level   bool // closed, with chatter
	chatter int  // frames it goes on
	toggle  int  // frames to the next touch
	glitch  int  // frames of a glitch to come

	high  gpio.Level // the pin itself
	edge  gpio.Edge
	queue [maxEdges]hal.Edge
	head  int
	n     int
	wake  chan struct{}
}

func (p *shkPin) setup(m *Module) {
	p.basePin = basePin{name: "SHK", number: 0}
	p.module, p.wake = m, make(chan struct{}, 1)
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

// set moves the pin and queues an edge that was asked for.
func (p *shkPin) set(l gpio.Level) {
	if l == p.high {
		return
	}
	p.high = l
	wanted := p.edge == gpio.BothEdges ||
		p.edge == gpio.FallingEdge && l == gpio.Low ||
		p.edge == gpio.RisingEdge && l == gpio.High
	if !wanted || p.n == maxEdges {
		return
	}
	p.queue[(p.head+p.n)%maxEdges] = hal.Edge{At: p.module.at, Level: l}
	p.n++
	p.signal()
}

// signal wakes who waits for an edge.
func (p *shkPin) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *shkPin) Out(gpio.Level) error { return errDirection }

func (p *shkPin) In(_ gpio.Pull, edge gpio.Edge) error {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	if p.module.faults[PinsFail] {
		return errGone
	}
	p.edge, p.n = edge, 0
	return nil
}

func (p *shkPin) Read() gpio.Level {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	return p.high
}

// WaitForEdge waits at most timeout, for ever when it is negative.
func (p *shkPin) WaitForEdge(timeout time.Duration) bool {
	ctx := context.Background()
	if timeout >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	_, err := p.ReadEdge(ctx)
	return err == nil
}

// ReadEdge implements hal.EdgePin.
func (p *shkPin) ReadEdge(ctx context.Context) (hal.Edge, error) {
	for {
		e, ok, err := p.pop()
		if ok || err != nil {
			return e, err
		}
		select {
		case <-ctx.Done():
			return hal.Edge{}, ctx.Err()
		case <-p.wake:
		}
	}
}

func (p *shkPin) pop() (e hal.Edge, ok bool, err error) {
	p.module.mu.Lock()
	defer p.module.mu.Unlock()
	switch {
	case p.module.faults[PinsFail]:
		return e, false, errGone
	case p.n == 0:
		return e, false, nil
	}
	e = p.queue[p.head]
	p.head = (p.head + 1) % maxEdges
	p.n--
	return e, true, nil
}
