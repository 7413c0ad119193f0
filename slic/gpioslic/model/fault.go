package model

import (
	"time"

	gpiomodel "github.com/ata-agent/ata-agent/hal/gpio/model"
)

// Fault is something that goes wrong with the module or its wires to the board.
type Fault uint8

// Faults. Those marked "once" happen at Inject; the others last until Clear.
const (
	Glitch     Fault = iota // once: SHK rises for 6 ms
	NoRingTrip              // a lift during ringing is not seen until RM is low
	StuckSHK                // SHK is at its off-hook level
	DeadSHK                 // SHK is at its on-hook level
	NoSupply                // the module has lost its supply
	PinsFail                // every access to a pin fails, as when the controller is gone
	faultCount
)

const glitchTime = 6 * time.Millisecond

// Inject makes f happen.
func (m *Module) Inject(f Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f == Glitch {
		m.shk.glitch = frames(glitchTime)
		return
	}
	m.faults[f] = true
	if f == PinsFail {
		m.cut = true
		m.shk.Break(gpiomodel.ErrGone)
	}
}

// Clear ends a lasting fault.
func (m *Module) Clear(f Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f == NoSupply && m.faults[f] {
		m.starting = frames(startTime)
	}
	m.faults[f] = false
	if f == PinsFail {
		m.shk.Break(nil)
	}
}
