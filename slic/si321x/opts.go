package si321x

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"periph.io/x/conn/v3/physic"
)

// Companding is the form of the samples on the highway.
type Companding uint8

// Forms of samples.
const (
	Linear16 Companding = iota // two's complement, 16 bits
	MuLaw                      // G.711 µ-law, 8 bits
	ALaw                       // G.711 A-law, 8 bits
)

// pcmMode is DR1 for each form, port enabled.
var pcmMode = [...]byte{Linear16: 0x3C, MuLaw: 0x28, ALaw: 0x20}

// Converter is the kind of DC-DC converter that the part controls.
type Converter uint8

// Kinds of converter. AutoConverter takes what the part reports in DR93.
const (
	AutoConverter Converter = iota
	BJT                     // inductor and bipolar transistor; period 11.719..15.564 µs
	MOSFET                  // transformer and MOSFET, the M parts; period 3.906..7.751 µs
)

// Opts describes the board around the chip. The zero value of a field means the
// default given in brackets.
type Opts struct {
	Name       string     // for String and the log ["si321x"]
	Variant    Variant    // part that is expected [Auto]
	Companding Companding // of both directions [Linear16]

	// TxStart and RxStart are the first PCLK cycle of the chip's slot after
	// FSYNC, in bits, 0..1023. The 8-bit slot n is at 8n, one later when the
	// SoC's format is DSP_A.
	TxStart, RxStart int

	Si3201          bool          // line-feed chip instead of discrete transistors
	SeriesCapacitor bool          // the board has the parts for impedances with a series capacitor
	Converter       Converter     // [AutoConverter]
	ConverterPeriod time.Duration // PWM period [the longest of the kind]

	BatteryHigh physic.ElectricPotential // most the supply may give, as magnitude, 60..94.5 V [94.5 V]
	BatteryLow  physic.ElectricPotential // VBATL, as magnitude, 15..60 V [24 V]

	Speed        physic.Frequency // of SCLK, at most 16 MHz [2 MHz]
	ByteTransfer bool             // the controller does not raise chip select within a transfer

	HookDebounce time.Duration // 1.25..150 ms, in steps of 1.25 ms [10 ms]

	Calibration *Calibration      // results of an earlier calibration of this chip [none]
	Calibrated  func(Calibration) // called from Run after each calibration; must not block

	Logger *slog.Logger // [discard]
}

// debounceStep is the unit of DR69 and DR70.
const debounceStep = 1250 * time.Microsecond

// periodStep is the unit of DR92 in nanoseconds.
const periodStep = 61.035

func (o Opts) withDefaults() Opts {
	if o.Name == "" {
		o.Name = "si321x"
	}
	if o.BatteryHigh == 0 {
		o.BatteryHigh = 94500 * physic.MilliVolt
	}
	if o.BatteryLow == 0 {
		o.BatteryLow = 24 * physic.Volt
	}
	if o.Speed == 0 {
		o.Speed = 2 * physic.MegaHertz
	}
	if o.HookDebounce == 0 {
		o.HookDebounce = 10 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// validate checks options with defaults applied.
func (o Opts) validate() error {
	for _, c := range []struct {
		ok   bool
		want string
	}{
		{o.Variant <= Si3216, "a known variant"},
		{o.Companding <= ALaw, "a known companding"},
		{o.Converter <= MOSFET, "a known converter"},
		{o.TxStart >= 0 && o.TxStart <= 1023, "TxStart of 0..1023 bits"},
		{o.RxStart >= 0 && o.RxStart <= 1023, "RxStart of 0..1023 bits"},
		{o.BatteryHigh >= 60*physic.Volt && o.BatteryHigh <= 94500*physic.MilliVolt, "BatteryHigh of 60..94.5 V"},
		{o.BatteryLow >= 15*physic.Volt && o.BatteryLow <= 60*physic.Volt, "BatteryLow of 15..60 V"},
		{o.Speed > 0 && o.Speed <= 16*physic.MegaHertz, "Speed of at most 16 MHz"},
		{o.HookDebounce >= debounceStep && o.HookDebounce <= 150*time.Millisecond, "HookDebounce of 1.25..150 ms"},
	} {
		if !c.ok {
			return errors.New("si321x: options: want " + c.want)
		}
	}
	return o.validatePeriod()
}

func (o Opts) validatePeriod() error {
	if o.ConverterPeriod == 0 {
		return nil
	}
	if o.Converter == AutoConverter {
		return errors.New("si321x: options: ConverterPeriod needs a Converter")
	}
	p := periodLimits[o.Converter]
	if n := o.periodCounts(); n < p.lo || n > p.hi {
		return fmt.Errorf("si321x: options: ConverterPeriod of %v: want %v..%v",
			o.ConverterPeriod, counts(p.lo), counts(p.hi))
	}
	return nil
}

// periodLimits are the legal values of DR92. Si3215 data sheet §2.3.
var periodLimits = [...]struct{ lo, hi int }{BJT: {0xC0, 0xFF}, MOSFET: {0x40, 0x7F}}

func (o Opts) periodCounts() int {
	return int(math.Round(float64(o.ConverterPeriod) / periodStep))
}

func counts(n int) time.Duration { return time.Duration(float64(n) * periodStep) }

// period is the value of DR92 for the kind of converter that the part reports.
func (o Opts) period(reported Converter) byte {
	switch {
	case o.ConverterPeriod != 0:
		return byte(o.periodCounts())
	case o.Converter != AutoConverter:
		reported = o.Converter
	}
	return byte(periodLimits[reported].hi)
}
