package si321x

import (
	"math"

	"periph.io/x/conn/v3/physic"
)

// fullRing is the voltage of full scale of the ring oscillator's registers.
const fullRing = 96.0

// crest is the crest factor of the trapezoid. Si3215 data sheet §2.5.2.
const crest = 1.3

// ringSine returns RCO and RNGX of a sine of the given frequency and peak
// voltage. The oscillator runs at 1 kHz. Si3215 data sheet §2.5.1.
func ringSine(hertz, peak float64) (rco, rngx uint16) {
	c := math.Cos(2 * math.Pi * hertz / 1000)
	a := math.Sqrt((1-c)/(1+c)) / 4 * 32768 * peak / fullRing
	return uint16(math.Round(c * 32768)), uint16(math.Round(a))
}

// ringTrapezoid returns RCO, RNGX and RNGY of a trapezoid. Its edges are
// counted at 8 kHz. Si3215 data sheet §2.5.2.
func ringTrapezoid(hertz, peak float64) (rco, rngx, rngy uint16) {
	t := 1 / hertz
	rise := 0.75 * t * (1 - 1/(crest*crest))
	x := math.Floor(peak / fullRing * 32768)
	return uint16(math.Round(2 * x / (rise * 8000))), uint16(x), uint16(math.Round(t / 2 * 8000))
}

// tripSettings are the filter and the debounce of ring trip for a frequency.
type tripSettings struct {
	hertz    float64
	filter   float64 // NRTP
	debounce float64 // RTDI
}

// tripTable is Si3215 data sheet §2.5.6. The filter's time constant is about one
// period of the ringing.
var tripTable = []tripSettings{
	{16.67, 0x0200, 0x0F},
	{20, 0x0320, 0x0B},
	{30, 0x0380, 0x09},
	{40, 0x0400, 0x07},
	{50, 0x06A8, 0x05},
	{60, 0x0800, 0x05},
}

// tripFor interpolates the table; beyond its ends the last entry holds. The
// filter keeps to its steps of 8.
func tripFor(hertz float64) (nrtp uint16, rtdi byte) {
	t := interpolate(tripTable, hertz)
	return uint16(math.Round(t.filter/8)) * 8, byte(math.Round(t.debounce))
}

func interpolate(table []tripSettings, hertz float64) tripSettings {
	last := table[len(table)-1]
	if hertz <= table[0].hertz {
		return table[0]
	}
	for i := 1; i < len(table); i++ {
		a, b := table[i-1], table[i]
		if hertz <= b.hertz {
			k := (hertz - a.hertz) / (b.hertz - a.hertz)
			return tripSettings{hertz, a.filter + k*(b.filter-a.filter), a.debounce + k*(b.debounce-a.debounce)}
		}
	}
	return last
}

// tripThreshold returns RPTP. 34.3 mA lies just above what five ringers draw at
// 71 V peak; more voltage needs more. Si3215 data sheet §2.5.6.
func tripThreshold(peak float64) uint16 {
	n := math.Ceil(27 * math.Max(1, peak/71))
	return uint16(math.Min(63, n)) << 9
}

// ringing is the mean of the loop current while the line rings, from readings in all
// phases of it: what ring trip sees, too.
type ringing struct{ sum, readings int }

// enoughReadings of ringing make a mean; a short burst has fewer, and the next goes
// on with it.
const enoughReadings = 8

// begin begins a burst.
func (r *ringing) begin() {
	if r.readings >= enoughReadings {
		*r = ringing{}
	}
}

// add takes a reading in steps of the monitor, without its sign.
func (r *ringing) add(steps int) {
	r.sum += steps
	r.readings++
}

// mean is known when there were enough readings.
func (r *ringing) mean() (physic.ElectricCurrent, bool) {
	if r.readings < enoughReadings {
		return 0, false
	}
	return physic.ElectricCurrent(r.sum) * loopAmpsStep / physic.ElectricCurrent(r.readings), true
}
