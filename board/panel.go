package board

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/led"
	"github.com/ata-agent/ata-agent/panel"
)

// Panel is the lamps and the button that a description names.
type Panel struct {
	panel.Panel
	open []io.Closer
}

// OpenPanel takes the lamps and the button of a description that Parse returned.
// The panel has what could be had; the error says what could not.
func OpenPanel(d *Description, devices Devices) (*Panel, error) {
	p := &Panel{}
	var errs []error
	light := func(name, use string) led.Light {
		if name == "" {
			return nil
		}
		l, err := p.light(d, devices, name, use)
		if err != nil {
			errs = append(errs, fmt.Errorf("board: lamp %s, %s: %w", use, name, err))
			return nil
		}
		return l
	}
	p.Power = light(d.LEDs.Power, "power")
	p.Network = light(d.LEDs.Network, "network")
	p.Message = light(d.LEDs.Message, "message")
	for i, name := range d.LEDs.Lines {
		p.Lines = append(p.Lines, light(name, fmt.Sprintf("line %d", i+1)))
	}
	if err := p.openButton(d, devices); err != nil {
		errs = append(errs, err)
	}
	return p, errors.Join(errs...)
}

// light opens a lamp on a pin or one of the kernel's.
func (p *Panel) light(d *Description, devices Devices, name, use string) (led.Light, error) {
	if kernel, ok := strings.CutPrefix(name, kernelLED); ok {
		return devices.LED(kernel)
	}
	pin, err := devices.Pin(name, "lamp "+use, !d.LEDs.ActiveHigh)
	if err != nil {
		return nil, err
	}
	p.open = append(p.open, pin)
	return led.Pin{Line: pin}, nil
}

func (p *Panel) openButton(d *Description, devices Devices) error {
	if d.Button.Pin == "" {
		return nil
	}
	pin, err := devices.Button(d.Button.Pin, d.Button.ActiveLow)
	if err != nil {
		return fmt.Errorf("board: button, %s: %w", d.Button.Pin, err)
	}
	p.open = append(p.open, pin)
	edges, ok := pin.(hal.EdgePin)
	if !ok {
		return fmt.Errorf("board: button, %s: the pin tells no edges", d.Button.Pin)
	}
	p.Button = edges
	return nil
}

// Fitted says whether there is any lamp or button.
func (p *Panel) Fitted() bool {
	for _, l := range p.Lines {
		if l != nil {
			return true
		}
	}
	return p.Power != nil || p.Network != nil || p.Message != nil || p.Button != nil
}

// Close gives the pins back, after the end of Run.
func (p *Panel) Close() error {
	var errs []error
	for _, c := range p.open {
		errs = append(errs, c.Close())
	}
	p.open = nil
	return errors.Join(errs...)
}
