package model

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// dtmfWindow is half of the 45 ms in which the detector of the Si3210 comes to
// two results that must agree. Si3210 data sheet, DTMF detection.
const dtmfWindow = 180

// Limits of the model's detector: the weakest tone, the greatest twist and the
// part of the power that the two tones must have.
const (
	dtmfFloor dsp.DBm0 = -30
	dtmfTwist float64  = 10 // dB
	dtmfPure  float64  = 0.8
)

// dtmfHertz are the four row tones and the four column tones. ITU-T Q.23.
var dtmfHertz = [8]float64{697, 770, 852, 941, 1209, 1336, 1477, 1633}

// dtmfCodes are the codes of DR24 by row and column.
var dtmfCodes = [16]byte{1, 2, 3, 13, 4, 5, 6, 14, 7, 8, 9, 15, 11, 10, 12, 0}

const (
	drDigit    = 24
	digitValid = 0x10
	int3Digit  = 0x01
	noDigit    = 0xFF
)

// dtmfDetector measures the eight tones over one window after the other.
type dtmfDetector struct {
	factor [8]float64
	a, b   [8]float64
	energy float64
	count  int
	last   byte // result of the window before
}

func (d *dtmfDetector) setup() {
	*d = dtmfDetector{last: noDigit}
	for i, f := range dtmfHertz {
		d.factor[i] = 2 * math.Cos(2*math.Pi*f/dsp.SampleRate)
	}
}

// sample takes one sample from the pair.
func (d *dtmfDetector) sample(c *Chip, v float64) {
	for i, k := range d.factor {
		d.a[i], d.b[i] = k*d.a[i]-d.b[i]+v, d.a[i]
	}
	d.energy += v * v
	if d.count++; d.count < dtmfWindow {
		return
	}
	digit := d.decide()
	d.announce(c, digit)
	d.a, d.b, d.energy, d.count, d.last = [8]float64{}, [8]float64{}, 0, 0, digit
}

// announce sets DR24: a digit is valid from the second agreeing window to the
// first that differs; only its start raises an interrupt.
func (d *dtmfDetector) announce(c *Chip, digit byte) {
	was := c.dr[drDigit]
	if digit == noDigit || digit != d.last {
		c.dr[drDigit] = was &^ digitValid
		return
	}
	if c.dr[drDigit] = digitValid | digit; was != c.dr[drDigit] {
		c.latch(drInt2+1, int3Digit)
	}
}

// decide returns the code of the digit in the window.
func (d *dtmfDetector) decide() byte {
	row, rowPower := d.strongest(0)
	col, colPower := d.strongest(4)
	floor := dtmfFloor.RMS() * dtmfFloor.RMS()
	twist := 10 * math.Log10(rowPower/colPower)
	if rowPower < floor || colPower < floor || math.Abs(twist) > dtmfTwist ||
		rowPower+colPower < dtmfPure*d.energy/dtmfWindow {
		return noDigit
	}
	return dtmfCodes[4*row+col]
}

// strongest returns which of four tones has the most power, and how much.
func (d *dtmfDetector) strongest(first int) (which int, power float64) {
	for i := range 4 {
		a, b := d.a[first+i], d.b[first+i]
		p := 2 * (a*a + b*b - d.factor[first+i]*a*b) / (dtmfWindow * dtmfWindow)
		if p > power {
			which, power = i, p
		}
	}
	return which, power
}
