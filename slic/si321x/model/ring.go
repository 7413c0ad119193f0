package model

import "math"

// fullRing is the voltage of full scale of the ring oscillator's registers.
const fullRing = 96.0

// ringOscillator makes the ringing voltage. The chip's sine runs at 1 kHz and
// is smoothed; the model computes the same sine once per frame. The trapezoid
// counts frames. Si3215 data sheet §2.5.
type ringOscillator struct {
	trapezoid  bool
	offset     float64
	peak       float64
	re, im     float64 // unit vector of the sine's phase
	stepRe     float64
	stepIm     float64
	slope      float64 // of the trapezoid, volts per frame
	half       int     // frames per half period of the trapezoid
	count      int
	volts      float64
	descending bool
}

func (o *ringOscillator) start() {
	o.re, o.im = 1, 0
	o.volts, o.count, o.descending = 0, o.half/2, false
}

func (o *ringOscillator) derive(c *Chip) {
	m := c.irMap
	o.trapezoid = c.dr[drRingOsc]&0x01 != 0
	o.offset = 0
	if c.dr[drRingOsc]&0x02 != 0 {
		o.offset = float64(int16(c.ir[m.roff])) / 32768 * fullRing
	}
	rco := float64(int16(c.ir[m.rco])) / 32768
	rngx := float64(int16(c.ir[m.rngx])) / 32768 * fullRing
	if o.trapezoid {
		o.peak, o.slope, o.half = rngx, rco*fullRing, int(c.ir[m.rngy])
		return
	}
	o.stepIm, o.stepRe = math.Sincos(math.Acos(rco) / 8)
	o.peak = 0
	if rco > -1 && rco < 1 {
		o.peak = 4 * rngx / math.Sqrt((1-rco)/(1+rco))
	}
}

// step returns the voltage of the next frame.
func (o *ringOscillator) step() float64 {
	if o.trapezoid {
		return o.offset + o.ramp()
	}
	re := o.re*o.stepRe - o.im*o.stepIm
	im := o.re*o.stepIm + o.im*o.stepRe
	g := 1.5 - 0.5*(re*re+im*im) // holds the length at one
	o.re, o.im = re*g, im*g
	return o.offset + o.peak*o.im
}

func (o *ringOscillator) ramp() float64 {
	if o.count++; o.count >= o.half {
		o.count, o.descending = 0, !o.descending
	}
	if o.descending {
		o.volts = math.Max(-o.peak, o.volts-o.slope)
	} else {
		o.volts = math.Min(o.peak, o.volts+o.slope)
	}
	return o.volts
}
