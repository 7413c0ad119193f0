package board

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
)

// proSLIC is the Si321x family.
var proSLIC = driver{
	needs: []string{"spi/port", "gpio/reset"},
	takes: []string{"spi", "dcdc", "ring", "feed", "gpio/int", "gpio_flags/reset_active_low"},
	check: checkProSLIC,
	build: buildProSLIC,
	bound: boundProSLIC,
	caps: func(*Line) slic.Caps {
		return slic.Caps{
			Reversal: true, OpenLoop: true, OnHookTransmit: true, RingFrequency: true, RingVoltage: true,
			Impedance: true, Gain: true, Measure: true, PowerAlarm: true,
		}
	},
}

// bitClocks are the legal frequencies of PCLK. Si3215 data sheet §2.8.
var bitClocks = []int{256000, 512000, 768000, 1024000, 1536000, 2048000, 4096000, 8192000}

// Limits of the family.
const (
	lastStart    = 1023   // bit of the frame at which a slot may start, DR2 to DR5
	ringOverhead = 7.5    // V that the supply must exceed the ringing peak by, Si3215 data sheet §2.5.5
	ringCurrent  = 0.080  // A of peak ringing current, Si3215 data sheet §2.5
	ohmsPerREN   = 7000.0 // of one REN at 20 Hz: 6930 ohm and 8 µF in series
)

func checkProSLIC(c *checker, l *Line, path string) {
	if l.SPI.Mode != 3 {
		c.faultAt(path+"/spi/mode", "%d is not a mode of the %s, allowed: 3", l.SPI.Mode, l.SLIC)
	}
	if !slices.Contains(bitClocks, c.board.Clock.Bit) {
		c.faultAt("/clock/bclk_hz", "%d is not a PCM clock of the %s, allowed: %s", c.board.Clock.Bit, l.SLIC, listed(bitClocks))
	}
	if c.board.Clock.Format == "i2s" {
		c.faultAt("/clock/format", `"i2s" is not a framing of the %s, allowed: "dsp_a", "dsp_b"`, l.SLIC)
	}
	if start := startOf(&c.board.Clock, l); start > lastStart {
		c.faultAt(slotKey(l, path), "starts at bit %d of the frame, allowed: at most %d", start, lastStart)
	}
	checkConverter(c, l, path+"/dcdc")
	checkRinging(c, l, path)
}

// checkConverter checks the supply by itself.
func checkConverter(c *checker, l *Line, path string) {
	external := l.SLIC == "si3211"
	switch {
	case external && l.DCDC.Kind != "auto" && l.DCDC.Kind != "external":
		c.faultAt(path+"/kind", `%q: the si3211 has no converter, allowed: "auto", "external"`, l.DCDC.Kind)
	case !external && l.DCDC.Kind == "external":
		c.faultAt(path+"/kind", `"external": the %s has a converter, allowed: "auto", "bjt", "mosfet"`, l.SLIC)
	}
	if l.DCDC.Period != 0 {
		low, high, ok := periodOf(l.DCDC.Kind)
		switch {
		case !ok:
			c.faultAt(path+"/period_us", `needs a kind of "bjt" or "mosfet"`)
		case l.DCDC.Period < low || l.DCDC.Period > high:
			c.faultAt(path+"/period_us", "%v is out of range for %s, allowed: %v to %v", l.DCDC.Period, l.DCDC.Kind, low, high)
		}
	}
	if l.DCDC.BatteryLow >= l.DCDC.BatteryHigh {
		c.faultAt(path+"/vbatl_v", "%v must be less than vbath_v = %v", l.DCDC.BatteryLow, l.DCDC.BatteryHigh)
	}
}

// periodOf is the range of the PWM period in microseconds. Si3215 data sheet
// §2.3.
func periodOf(kind string) (low, high float64, ok bool) {
	switch kind {
	case "bjt":
		return 11.72, 15.56, true
	case "mosfet":
		return 3.91, 7.75, true
	}
	return 0, 0, false
}

// checkRinging checks that the supply can ring the load.
func checkRinging(c *checker, l *Line, path string) {
	peak := l.Ring.Voltage * math.Sqrt2
	if need := peak + ringOverhead; need > l.DCDC.BatteryHigh {
		c.faultAt(path+"/dcdc/vbath_v", "%v is too little to ring with %v V: allowed: %.1f to 94.5, or ring.vrms of at most %.1f",
			l.DCDC.BatteryHigh, l.Ring.Voltage, math.Ceil(need*10)/10, math.Floor((l.DCDC.BatteryHigh-ringOverhead)/math.Sqrt2*10)/10)
	}
	if load := peak * l.Ring.MaxREN / ohmsPerREN; load >= ringCurrent {
		c.faultAt(path+"/ring/max_ren", "%v REN draw a peak of %.0f mA at %v V, allowed: less than %.0f mA, which are %.1f REN",
			l.Ring.MaxREN, load*1000, l.Ring.Voltage, ringCurrent*1000, math.Floor(ringCurrent*ohmsPerREN/peak*10)/10)
	}
	if l.Feed.Voltage > peak-1.5 {
		c.faultAt(path+"/feed/voc_v", "%v must stay 1.5 V below the ringing peak, allowed: 24 to %.1f", l.Feed.Voltage, math.Floor((peak-1.5)*10)/10)
	}
}

func listed(values []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(values), " ", ", "), "[]")
}

// slotOf is the slot of a line.
func slotOf(l *Line) int {
	if l.Slot < 0 {
		return l.Channel
	}
	return l.Slot
}

// startOf is the bit of the frame at which a line's slot starts.
func startOf(clock *Clock, l *Line) int {
	start := slotOf(l) * clock.SlotBits
	if clock.Format == "dsp_a" {
		start++
	}
	return start
}

func boundProSLIC(l *Line, e slic.Electrical) slic.Electrical {
	if e.RingVoltage == 0 {
		e.RingVoltage = volts(l.Ring.Voltage)
	}
	if e.OnHookVoltage == 0 {
		e.OnHookVoltage = volts(l.Feed.Voltage)
	}
	if e.LoopCurrent == 0 {
		e.LoopCurrent = slic.DefaultLoopCurrent
	}
	e.LoopCurrent = min(e.LoopCurrent, physic.ElectricCurrent(l.Feed.Current*float64(physic.MilliAmpere)))
	return e
}

func volts(v float64) physic.ElectricPotential {
	return physic.ElectricPotential(math.Round(v*1e6)) * physic.MicroVolt
}

var (
	variants    = map[string]si321x.Variant{"si3210": si321x.Si3210, "si3211": si321x.Si3211, "si3215": si321x.Si3215, "si3216": si321x.Si3216}
	converters  = map[string]si321x.Converter{"bjt": si321x.BJT, "mosfet": si321x.MOSFET}
	compandings = map[string]si321x.Companding{"S16_LE": si321x.Linear16, "MU_LAW": si321x.MuLaw, "A_LAW": si321x.ALaw}
)

func buildProSLIC(o *opening) (slic.Line, error) {
	l := o.line
	bus := o.spi(l.SPI.Port)
	reset := o.pin("RESET", l.GPIO.Reset, !l.Flags.ResetActiveLow)
	var pins si321x.Pins
	if pins.Reset = reset; l.GPIO.Int != "" {
		pins.Int = o.pin("INT", l.GPIO.Int, false)
	}
	if o.err != nil {
		return nil, o.err
	}
	start := startOf(&o.board.Clock, l)
	return si321x.New(bus, pins, si321x.Opts{
		Name: o.name, Variant: variants[l.SLIC], Companding: compandings[o.board.Audio.Format],
		TxStart: start, RxStart: start,
		Si3201: l.DCDC.LineFeed == "si3201", SeriesCapacitor: l.DCDC.SeriesCapacitor,
		Converter: converters[l.DCDC.Kind], ConverterPeriod: time.Duration(l.DCDC.Period * float64(time.Microsecond)),
		BatteryHigh: volts(l.DCDC.BatteryHigh), BatteryLow: volts(l.DCDC.BatteryLow),
		Speed: physic.Frequency(l.SPI.MaxHz) * physic.Hertz, ByteTransfer: l.SPI.ByteTransfer,
		Calibration: o.calibration, Calibrated: o.calibrated, Logger: o.log,
	})
}
