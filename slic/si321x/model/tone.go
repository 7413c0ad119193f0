package model

import "math"

// toneFullScale is the rms voltage of full scale of the tone oscillators.
// Si3215 data sheet §2.6.
const toneFullScale = 1.11

// toneOscillator is one of the two tone generators, DR32 and DR33, with its
// timers. It runs at 8 kHz in the old parts and 16 kHz in the new ones; the
// model computes the sample of each frame.
type toneOscillator struct {
	enabled        bool
	route          byte
	units          float64 // peak, 16-bit units
	re, im         float64
	stepRe, stepIm float64
	frames         int
	pause          bool
	sample         float64
}

func (o *toneOscillator) derive(c *Chip, i int) {
	ctl := c.dr[drOsc1+i]
	was := o.enabled
	o.enabled, o.route = ctl&0x04 != 0, ctl&0x03
	if !o.enabled {
		o.sample = 0
		return
	}
	if !was {
		o.re, o.im, o.frames, o.pause = 1, 0, 0, false
	}
	m := c.irMap.osc[i]
	k := float64(int16(c.ir[m])) / 32768
	angle := math.Acos(k)
	if !c.old() {
		angle *= 2
	}
	o.stepIm, o.stepRe = math.Sincos(angle)
	volts := 0.0
	if k > -1 && k < 1 {
		volts = 4 * float64(int16(c.ir[m+1])) / 32767 / math.Sqrt((1-k)/(1+k)) * toneFullScale
	}
	o.units = volts * math.Sqrt2 / 4.798e-5
}

// toneUnits advances nothing; it returns what the oscillators add to a path.
func (c *Chip) toneUnits(route byte) float64 {
	var sum float64
	for i := range c.tones {
		if o := &c.tones[i]; o.enabled && o.route&route != 0 {
			if route == 0x02 || o.route == route {
				o.advance(c, i)
			}
			sum += o.sample
		}
	}
	return sum
}

// advance computes the next sample and moves the cadence timers.
func (o *toneOscillator) advance(c *Chip, i int) {
	o.im, o.re = o.re*o.stepIm+o.im*o.stepRe, o.re*o.stepRe-o.im*o.stepIm
	o.sample = 0
	if !o.pause {
		o.sample = o.units * o.im
	}
	o.timers(c, byte(i))
}

// timers switch the tone on and off, in frames of 125 µs.
func (o *toneOscillator) timers(c *Chip, i byte) {
	ctl := c.dr[drOsc1+i]
	o.frames++
	switch {
	case !o.pause && ctl&0x10 != 0 && o.frames >= c.word(drTimers+4*i):
		o.frames, o.pause = 0, true
		c.latch(drInt1, 1<<(2*i))
	case o.pause && ctl&0x08 != 0 && o.frames >= c.word(drTimers+2+4*i):
		o.frames, o.pause = 0, false
		c.latch(drInt1, 2<<(2*i))
	}
}
