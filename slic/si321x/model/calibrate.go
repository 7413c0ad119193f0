package model

// calibration runs the chip's own adjustments, DR96 and DR97. Si3215 data sheet
// §2.1.8.
type calibration struct {
	ticks  int // left; the calibration stands still without battery
	mask   byte
	length int        // of a full calibration, ticks
	result [9]byte    // DR98..106 of this specimen
	zeroAt [2]byte    // DR98, DR99 at which DR88, DR89 read zero
	gain   [2]float64 // error of the voltage and the current monitors
}

func (k *calibration) setup(c *Chip) {
	k.length = 160 + c.random.IntN(240) // 200..500 ms
	for i := range k.result {
		k.result[i] = byte(4 + c.random.IntN(20))
	}
	k.zeroAt = [2]byte{byte(8 + c.random.IntN(16)), byte(8 + c.random.IntN(16))}
	k.gain = [2]float64{1 + 0.06*(c.random.Float64()-0.5), 1 + 0.1*(c.random.Float64()-0.5)}
}

// start is a write to DR96. Without CAL it stops what runs.
func (k *calibration) start(c *Chip, dr96 byte) {
	k.ticks, k.mask = 0, dr96
	if dr96&calStart == 0 {
		return
	}
	k.ticks = 40 // common mode only, 50 ms
	if dr96&0x1F != 0 {
		k.ticks = k.length
	}
}

func (k *calibration) tick(c *Chip) {
	if k.ticks == 0 || c.conv.volts < 10 || c.faults[CalibrationStuck] {
		return
	}
	if k.ticks--; k.ticks > 0 {
		return
	}
	k.finish(c)
}

// finish stores the results. A line in use spoils them. The old parts cannot
// find the gains of RING and TIP by themselves when a Si3201 is in between.
func (k *calibration) finish(c *Chip) {
	spoiled := c.lfs != lfOpen
	if c.old() && c.opts.Si3201 {
		k.mask &^= 0x18
	}
	for i, v := range k.result {
		if spoiled {
			v = 0x1F
		}
		if i == 0 && k.mask&0x10 == 0 || i == 1 && k.mask&0x08 == 0 {
			continue
		}
		c.dr[drCalRing+i] = v
	}
	c.dr[drCal1] = 0
}
