package model

import (
	"context"
	"errors"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/pin"

	"github.com/ata-agent/ata-agent/hal"
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

// maxEdges is the length of the kernel's queue of edges per line; older ones are
// kept when it overflows.
const maxEdges = 16

// hookPin is the switch in the cradle, a hal.EdgePin.
type hookPin struct {
	basePin
	set   *Set
	level gpio.Level
	edge  gpio.Edge
	queue []hal.Edge
	wake  chan struct{}
}

var _ hal.EdgePin = (*hookPin)(nil)

func (p *hookPin) setup(s *Set) {
	p.basePin, p.set, p.level = basePin{"HOOK", 0}, s, gpio.High
	p.wake = make(chan struct{}, 1)
}

// move moves the switch and queues an edge that was asked for.
func (p *hookPin) move(l gpio.Level) {
	if l == p.level {
		return
	}
	p.level = l
	if p.edge != gpio.BothEdges || len(p.queue) == maxEdges {
		return
	}
	p.queue = append(p.queue, hal.Edge{At: p.set.at, Level: l})
	p.signal()
}

// signal wakes who waits for an edge.
func (p *hookPin) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *hookPin) Out(gpio.Level) error {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	p.set.blame("the hook switch was driven")
	return errDirection
}

func (p *hookPin) In(_ gpio.Pull, edge gpio.Edge) error {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	if p.set.failing {
		return errGone
	}
	p.edge, p.queue = edge, nil
	return nil
}

func (p *hookPin) Read() gpio.Level {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	return p.level
}

// WaitForEdge waits at most timeout, for ever when it is negative.
func (p *hookPin) WaitForEdge(timeout time.Duration) bool {
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
func (p *hookPin) ReadEdge(ctx context.Context) (hal.Edge, error) {
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

func (p *hookPin) pop() (hal.Edge, bool, error) {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	switch {
	case p.set.failing:
		return hal.Edge{}, false, errGone
	case len(p.queue) == 0:
		return hal.Edge{}, false, nil
	}
	e := p.queue[0]
	p.queue = p.queue[1:]
	return e, true, nil
}

// lampPin lights the message lamp.
type lampPin struct {
	basePin
	set *Set
	lit bool
}

func (p *lampPin) Func() pin.Func                 { return gpio.OUT }
func (p *lampPin) Function() string               { return string(p.Func()) }
func (p *lampPin) WaitForEdge(time.Duration) bool { return false }
func (p *lampPin) In(gpio.Pull, gpio.Edge) error  { return errDirection }

func (p *lampPin) Out(l gpio.Level) error {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	if p.set.failing {
		return errGone
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
