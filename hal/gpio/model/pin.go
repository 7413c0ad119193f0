package model

import (
	"errors"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/pin"
)

// Errors of pins that are asked for what they cannot do, and of pins that are gone.
var (
	ErrDirection = errors.New("model: pin cannot do that")
	ErrGone      = errors.New("model: pin does not answer")
)

// Pin answers what every pin answers alike. A pin of a model embeds it.
type Pin struct {
	Label string    // what the wire is called
	Index int       // its number
	Bias  gpio.Pull // of the wire when nobody drives it
	Drive bool      // the board drives the wire
}

// String returns the label.
func (p *Pin) String() string { return p.Label }

// Name returns the label.
func (p *Pin) Name() string { return p.Label }

// Number returns the index.
func (p *Pin) Number() int { return p.Index }

// Halt does nothing.
func (p *Pin) Halt() error { return nil }

// Function returns the name of Func.
func (p *Pin) Function() string { return string(p.Func()) }

// Func says which end drives the wire.
func (p *Pin) Func() pin.Func {
	if p.Drive {
		return gpio.OUT
	}
	return gpio.IN
}

// Pull returns the bias.
func (p *Pin) Pull() gpio.Pull { return p.Bias }

// DefaultPull returns the bias.
func (p *Pin) DefaultPull() gpio.Pull { return p.Bias }

// PWM returns ErrDirection.
func (p *Pin) PWM(gpio.Duty, physic.Frequency) error { return ErrDirection }
