package model

import "math"

// Times of the supply, in ticks of 1.25 ms. A healthy board needs 12 ms to come
// up and keeps its charge for seconds when the converter is off.
const (
	riseTicks  = 10
	fallTicks  = 2000
	leakTicks  = 60
	peakTicks  = 16 // converter calibration, 20 ms
	fixedVolts = 75 // external battery of the Si3211, ringing
	talkVolts  = 24 // ibid., battery select low
)

// converter is the DC-DC converter that makes VBAT.
type converter struct {
	volts      float64 // magnitude of VBAT
	peakResult byte
	calFrames  int // ticks left of its calibration
}

func (v *converter) setup(c *Chip) { v.peakResult = byte(4 + c.random.IntN(6)) }

// startPeak starts the calibration of the peak current, DR93 bit 7.
func (v *converter) startPeak(dr93 byte) {
	if dr93&peakStart != 0 {
		v.calFrames = peakTicks
	}
}

func (v *converter) tick(c *Chip) {
	target, ticks := v.target(c)
	v.volts += (target - v.volts) / ticks
	if v.calFrames == 0 {
		return
	}
	if v.calFrames--; v.calFrames == 0 {
		c.dr[drOffTime] &^= peakStart
		c.dr[drCalPeak] = v.peakResult
		if c.faults[PeakCurrentWild] {
			c.dr[drCalPeak] = 0x0F
		}
	}
}

// target is the voltage the supply moves to and how fast.
func (v *converter) target(c *Chip) (volts, ticks float64) {
	switch {
	case c.opts.Variant == Si3211:
		return externalBattery(c), 1
	case c.dr[drPowerdown]&dcOff != 0 && c.faults[Leakage]:
		return 0, leakTicks
	case c.dr[drPowerdown]&dcOff != 0:
		return 0, fallTicks
	case c.faults[NoBattery]:
		return 3, riseTicks
	}
	return trackedBattery(c), riseTicks
}

func externalBattery(c *Chip) float64 {
	if c.faults[NoBattery] {
		return 0
	}
	if c.dr[drBattery]&0x02 != 0 {
		return fixedVolts
	}
	return talkVolts + 36
}

// trackedBattery follows the line: VCM + V_TR + VOV when the loop is fed, VBATH
// otherwise, and at least VBATL when tracking is off. Si3215 data sheet §2.3.4.
func trackedBattery(c *Chip) float64 {
	high := 1.5 * float64(c.dr[drBatHigh]&0x3F)
	if !c.feeding() || c.dr[drBattery]&0x08 != 0 {
		return high
	}
	tr := c.openVolts()
	if math.Abs(c.sense.Amps) > 0.95*c.limitAmps() {
		tr = math.Abs(c.sense.Volts)
	}
	v := c.commonVolts() + tr + 1.5*float64(c.ir[c.irMap.vmind]>>9&0x0F)
	if c.dr[drBattery]&0x01 == 0 {
		v = math.Max(v, 1.5*float64(c.dr[drBatLow]&0x3F))
	}
	return math.Min(v, high)
}
