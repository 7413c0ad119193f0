package model

import "math"

// Watts per LSB of the power alarm thresholds, before the shift of 7 bits.
// Si3215 data sheet §4.
var alarmWatts = [3]float64{0.0304, 0.00362, 0.0304}

// alarmBits are the bits of DR19 that an overload of Q1/2, Q3/4 or Q5/6 sets.
var alarmBits = [3]byte{0x04, 0x10, 0x40}

// thermalOff as a filter coefficient keeps an alarm from tripping.
const thermalOff = 0x8000

// heat turns the thermal filters. The supply's surplus is burnt in the pull-down
// transistor of the negative lead; a current to ground burns the whole supply.
func (c *Chip) heat() {
	if c.lfs == lfOpen {
		c.power = [3]float64{}
		return
	}
	amps := math.Abs(c.sense.Amps)
	surplus := math.Max(0, c.conv.volts-math.Abs(c.sense.Volts))
	leak := math.Abs(c.sense.LeakAmps) * c.conv.volts
	watts := [3]float64{
		amps * math.Min(surplus, c.commonVolts()),
		amps * 0.05,
		amps*math.Max(0, surplus-c.commonVolts()) + leak,
	}
	for i, w := range watts {
		c.heatOne(byte(i), w)
	}
}

func (c *Chip) heatOne(i byte, watts float64) {
	nq := c.ir[c.irMap.nq+i]
	if nq >= thermalOff {
		return
	}
	c.power[i] += (watts - c.power[i]) * pole(nq)
	if c.power[i] > float64(c.ir[c.irMap.ppt+i])/128*alarmWatts[i] {
		c.alarm(alarmBits[i])
	}
}

// alarm latches a power alarm and opens the line when AOPN says so.
func (c *Chip) alarm(bits byte) {
	if c.dr[drAutomatic]&autoOpen != 0 {
		c.enter(lfOpen)
	}
	c.latch(drInt2, bits)
}
