package model

import "math"

// monitor is a read of DR77..89. The converter behind them has six to eight
// bits and an error of gain. Si3215 data sheet §2.1.4.
func (c *Chip) monitor(n byte) byte {
	switch n {
	case drPower:
		return c.powerMonitor()
	case drLoopVolts:
		return signed(c.lineVolts()*c.cal.gain[0], 1.5)
	case drLoopAmps:
		return signed(c.senseAmps()*c.cal.gain[1], 1.25e-3)
	case drTipVolts, drRingVolts:
		tip, ring := c.leads()
		if n == drRingVolts {
			tip = ring
		}
		return quantise(-tip*c.cal.gain[0], 0.376)
	case drBatSense1, drBatSense2:
		return quantise(c.conv.volts*c.cal.gain[0], 0.376)
	}
	return c.transistor(n - drQ1Amps)
}

// senseAmps is the loop current as the monitor has it: half the difference of
// the two leads' transistors, so current to ground counts half.
func (c *Chip) senseAmps() float64 {
	leak := c.sense.LeakAmps / 2
	if c.reversed() {
		leak = -leak
	}
	return c.sense.Amps + leak
}

// lineVolts is TIP minus RING as the chip drives it.
func (c *Chip) lineVolts() float64 {
	if c.lfs == lfOpen {
		return c.sense.TipVolts - c.sense.RingVolts
	}
	return c.sense.Volts
}

// leads are the voltages of TIP and RING to ground. An open pair shows only
// what comes from outside; ringing is symmetrical about half the supply.
func (c *Chip) leads() (tip, ring float64) {
	switch {
	case c.feeding() && c.reversed():
		return -c.commonVolts() + c.sense.Volts, -c.commonVolts()
	case c.feeding():
		return -c.commonVolts(), -c.commonVolts() - c.sense.Volts
	case c.lfs == lfRinging:
		mid := -c.conv.volts / 2
		return mid + c.sense.Volts/2, mid - c.sense.Volts/2
	}
	return c.sense.TipVolts, c.sense.RingVolts
}

func (c *Chip) powerMonitor() byte {
	q := c.dr[drPowerSel] % 6
	return quantise(c.power[q/2], alarmWatts[q/2])
}

// transistor is the current of Q1..Q6. Q5 and Q6 carry a residue until the
// gains of RING and TIP match, which is what manual calibration looks for.
func (c *Chip) transistor(q byte) byte {
	if q >= 4 && c.lfs == lfOpen {
		return c.residue(q - 4)
	}
	amps := math.Abs(c.sense.Amps)
	if q == 2 || q == 3 {
		return quantise(amps/100, 37.6e-6)
	}
	return quantise(amps/2, 0.319e-3)
}

func (c *Chip) residue(side byte) byte {
	if c.faults[ManualCalibrationStuck] {
		return 1
	}
	excess := int(c.dr[drCalRing+side]) - int(c.cal.zeroAt[side])
	return byte(max(0, excess))
}

// quantise counts lsb in v.
func quantise(v, lsb float64) byte {
	return byte(max(0, min(255, math.Round(v/lsb))))
}

// signed is six bits of magnitude with the sign in bit 6.
func signed(v, lsb float64) byte {
	b := min(63, quantise(math.Abs(v), lsb))
	if v < 0 && b != 0 {
		b |= 0x40
	}
	return b
}
