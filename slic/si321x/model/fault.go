package model

// Fault is something that goes wrong with the chip.
type Fault uint8

// Faults. Those marked "once" happen at Inject; the others last until Clear.
const (
	SpontaneousReset       Fault = iota // once: the chip loses its state
	Overload                            // once: power alarm of Q1 and Q5
	LostByte                            // once: the next SPI byte never reaches the chip
	Missing                             // the chip does not answer at all
	WrongID                             // the revision reads 0xF, from the next reset on
	BitErrors                           // one of 200 data bytes has one bit flipped
	StuckInt                            // INT is held low
	DeadInt                             // INT never goes low
	IndirectStuck                       // the indirect engine is busy for ever
	NoBattery                           // the DC-DC converter does not come up
	Leakage                             // the battery drains fast when the converter is off
	CalibrationStuck                    // calibration never ends
	PeakCurrentWild                     // the converter's calibration ends out of range
	ManualCalibrationStuck              // DR88 and DR89 never read zero
	NoRingTrip                          // the ring trip detector is blind
	SelectHeld                          // the bus keeps chip select low within a transfer
	faultCount
)

// Inject makes f happen.
func (c *Chip) Inject(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch f {
	case SpontaneousReset:
		c.reset()
	case Overload:
		c.alarm(0x44)
	default:
		c.faults[f] = true
		c.updateInt()
	}
}

// Clear ends a lasting fault.
func (c *Chip) Clear(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[f] = false
	c.updateInt()
}

// noise flips a bit now and then when bit errors are injected.
func (c *Chip) noise(b byte) byte {
	if c.faults[BitErrors] && c.random.IntN(200) == 0 {
		return b ^ 1<<c.random.IntN(8)
	}
	return b
}
