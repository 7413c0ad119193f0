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

var errDirection = errors.New("model: pin cannot do that")

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
func (p basePin) Pull() gpio.Pull                       { return gpio.PullUp }
func (p basePin) DefaultPull() gpio.Pull                { return gpio.PullUp }
func (p basePin) PWM(gpio.Duty, physic.Frequency) error { return errDirection }

// Reset returns the pin that drives the chip's RESET, active low.
func (c *Chip) Reset() gpio.PinIO {
	return &resetPin{basePin: basePin{"RESET", 0}, chip: c}
}

type resetPin struct {
	basePin
	chip *Chip
}

func (p *resetPin) Func() pin.Func                 { return gpio.OUT }
func (p *resetPin) In(gpio.Pull, gpio.Edge) error  { return errDirection }
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

// maxEdges is the length of the kernel's queue of edges per line, 16; older
// ones are kept when it overflows.
const maxEdges = 16

type intPin struct {
	basePin
	chip  *Chip
	low   bool
	edge  gpio.Edge
	queue []hal.Edge
	wake  chan struct{}
}

func (p *intPin) setup(c *Chip) {
	*p = intPin{basePin: basePin{"INT", 1}, chip: c, wake: make(chan struct{}, 1)}
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
	p.record(hal.Edge{At: c.at, Level: gpio.Level(!low)})
}

// record queues an edge that was asked for.
func (p *intPin) record(e hal.Edge) {
	wanted := p.edge == gpio.BothEdges ||
		p.edge == gpio.FallingEdge && e.Level == gpio.Low ||
		p.edge == gpio.RisingEdge && e.Level == gpio.High
	if !wanted || len(p.queue) == maxEdges {
		return
	}
	p.queue = append(p.queue, e)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *intPin) Out(gpio.Level) error { return errDirection }

func (p *intPin) In(_ gpio.Pull, edge gpio.Edge) error {
	p.chip.mu.Lock()
	defer p.chip.mu.Unlock()
	p.edge, p.queue = edge, nil
	return nil
}

func (p *intPin) Read() gpio.Level {
	p.chip.mu.Lock()
	defer p.chip.mu.Unlock()
	return gpio.Level(!p.low)
}

// WaitForEdge waits at most timeout, for ever when it is negative.
func (p *intPin) WaitForEdge(timeout time.Duration) bool {
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
func (p *intPin) ReadEdge(ctx context.Context) (hal.Edge, error) {
	for {
		if e, ok := p.pop(); ok {
			return e, nil
		}
		select {
		case <-ctx.Done():
			return hal.Edge{}, ctx.Err()
		case <-p.wake:
		}
	}
}

func (p *intPin) pop() (hal.Edge, bool) {
	p.chip.mu.Lock()
	defer p.chip.mu.Unlock()
	if len(p.queue) == 0 {
		return hal.Edge{}, false
	}
	e := p.queue[0]
	p.queue = p.queue[1:]
	return e, true
}
