package panel

import (
	"context"
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/led"
)

// Virtual is the panel of a board in this computer: every lamp is fitted, and
// the button is held by Hold.
type Virtual struct {
	Panel
	button *virtualButton
}

// NewVirtual returns the panel of a board with a number of lines.
func NewVirtual(lines int) *Virtual {
	v := &Virtual{button: &virtualButton{PinIn: gpio.INVALID, edges: make(chan hal.Edge, 16)}}
	v.Power, v.Network, v.Message = new(Memory), new(Memory), new(Memory)
	for range lines {
		v.Lines = append(v.Lines, led.Light(new(Memory)))
	}
	v.Button = v.button
	return v
}

// Hold holds the button down for a time, or until ctx ends.
func (v *Virtual) Hold(ctx context.Context, d time.Duration) {
	v.button.set(gpio.High)
	defer v.button.set(gpio.Low)
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Memory is a light that remembers whether it is lit. Any goroutine may ask it.
type Memory struct{ lit atomic.Bool }

// Set implements led.Light.
func (m *Memory) Set(on bool) error {
	m.lit.Store(on)
	return nil
}

// Lit says whether the light is on.
func (m *Memory) Lit() bool { return m.lit.Load() }

// virtualButton is a pin whose edges Hold makes.
type virtualButton struct {
	gpio.PinIn
	edges chan hal.Edge
	level atomic.Bool
}

func (b *virtualButton) String() string                { return "button" }
func (b *virtualButton) In(gpio.Pull, gpio.Edge) error { return nil }
func (b *virtualButton) Read() gpio.Level              { return gpio.Level(b.level.Load()) }

func (b *virtualButton) set(l gpio.Level) {
	b.level.Store(bool(l))
	select {
	case b.edges <- hal.Edge{At: time.Now(), Level: l}:
	default: // nobody watches, and the queue of edges is full
	}
}

// ReadEdge implements hal.EdgePin.
func (b *virtualButton) ReadEdge(ctx context.Context) (hal.Edge, error) {
	select {
	case e := <-b.edges:
		return e, nil
	case <-ctx.Done():
		return hal.Edge{}, context.Cause(ctx)
	}
}

// OnlyLit says whether the lamp of a name, as Lamp has it, is lit and no other.
func (v *Virtual) OnlyLit(name string) bool {
	only := false
	for _, l := range v.lamps() {
		m, ok := l.light.(*Memory)
		if !ok || !m.Lit() {
			continue
		}
		if l.name != name {
			return false
		}
		only = true
	}
	return only
}
