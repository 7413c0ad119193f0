package slic

import (
	"fmt"

	"periph.io/x/conn/v3/physic"
)

// Defaults of Electrical.
const (
	DefaultRingFrequency = 20 * physic.Hertz
	DefaultRingVoltage   = 45 * physic.Volt
	DefaultLoopCurrent   = 23 * physic.MilliAmpere
	DefaultOnHookVoltage = 48 * physic.Volt
)

// WithDefaults returns e with every zero field set to the default that its
// comment names.
func (e Electrical) WithDefaults() Electrical {
	if e.RingFrequency == 0 {
		e.RingFrequency = DefaultRingFrequency
	}
	if e.RingVoltage == 0 {
		e.RingVoltage = DefaultRingVoltage
	}
	if e.LoopCurrent == 0 {
		e.LoopCurrent = DefaultLoopCurrent
	}
	if e.OnHookVoltage == 0 {
		e.OnHookVoltage = DefaultOnHookVoltage
	}
	if e.Impedance == "" {
		e.Impedance = Z600
	}
	return e
}

// Validate checks e, defaults applied, against the ranges that the fields'
// comments name.
func (e Electrical) Validate() error {
	e = e.WithDefaults()
	if _, err := e.Impedance.Network(); err != nil {
		return err
	}
	for _, c := range []struct {
		ok   bool
		what string
		v    any
		want string
	}{
		{within(e.RingFrequency, 15*physic.Hertz, 70*physic.Hertz), "ring frequency", e.RingFrequency, "15..70 Hz"},
		{within(e.RingVoltage, 20*physic.Volt, 100*physic.Volt), "ring voltage", e.RingVoltage, "20..100 V"},
		{e.RingWaveform <= Trapezoid, "ring waveform", e.RingWaveform, "sine or trapezoid"},
		{within(e.LoopCurrent, 18*physic.MilliAmpere, 41*physic.MilliAmpere), "loop current", e.LoopCurrent, "18..41 mA"},
		{within(e.OnHookVoltage, 24*physic.Volt, 56*physic.Volt), "on-hook voltage", e.OnHookVoltage, "24..56 V"},
		{within(e.ToPhoneGain, -12, 6), "gain to the phone", e.ToPhoneGain, "-12..6 dB"},
		{within(e.FromPhoneGain, -12, 6), "gain from the phone", e.FromPhoneGain, "-12..6 dB"},
	} {
		if !c.ok {
			return fmt.Errorf("slic: %s of %v: want %s", c.what, c.v, c.want)
		}
	}
	return nil
}

// within says that lo <= v <= hi; it is false when v is not a number.
func within[T int64 | float64 | physic.Frequency | physic.ElectricPotential | physic.ElectricCurrent](v, lo, hi T) bool {
	return v >= lo && v <= hi
}
