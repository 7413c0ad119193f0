package slic

import (
	"math"
	"strings"
	"testing"

	"periph.io/x/conn/v3/physic"
)

func TestDefaults(t *testing.T) {
	e := Electrical{LoopCurrent: 30 * physic.MilliAmpere}.WithDefaults()
	want := Electrical{
		RingFrequency: 20 * physic.Hertz, RingVoltage: 45 * physic.Volt, LoopCurrent: 30 * physic.MilliAmpere,
		OnHookVoltage: 48 * physic.Volt, Impedance: Z600,
	}
	if e != want {
		t.Errorf("WithDefaults = %+v, want %+v", e, want)
	}
	if err := e.Validate(); err != nil {
		t.Error(err)
	}
	if err := (Electrical{}).Validate(); err != nil {
		t.Errorf("zero value: %v", err)
	}
}

// TestValidate tries both ends of each range and a little beyond.
func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		says string
		set  func(e *Electrical, high, beyond bool)
	}{
		{"ring frequency", func(e *Electrical, high, beyond bool) {
			e.RingFrequency = pick(high, beyond, 15*physic.Hertz, 70*physic.Hertz, physic.MilliHertz)
		}},
		{"ring voltage", func(e *Electrical, high, beyond bool) {
			e.RingVoltage = pick(high, beyond, 20*physic.Volt, 100*physic.Volt, physic.MilliVolt)
		}},
		{"loop current", func(e *Electrical, high, beyond bool) {
			e.LoopCurrent = pick(high, beyond, 18*physic.MilliAmpere, 41*physic.MilliAmpere, physic.MicroAmpere)
		}},
		{"on-hook voltage", func(e *Electrical, high, beyond bool) {
			e.OnHookVoltage = pick(high, beyond, 24*physic.Volt, 56*physic.Volt, physic.MilliVolt)
		}},
		{"to the phone", func(e *Electrical, high, beyond bool) { e.ToPhoneGain = pick(high, beyond, -12, 6, 0.001) }},
		{"from the phone", func(e *Electrical, high, beyond bool) { e.FromPhoneGain = pick(high, beyond, -12, 6, 0.001) }},
	} {
		for _, high := range []bool{false, true} {
			var e Electrical
			tt.set(&e, high, false)
			if err := e.Validate(); err != nil {
				t.Errorf("%s: %v at the end of its range", tt.says, err)
			}
			tt.set(&e, high, true)
			if err := e.Validate(); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s beyond its range: %v", tt.says, err)
			}
		}
	}
	if err := (Electrical{ToPhoneGain: math.NaN()}).Validate(); err == nil {
		t.Error("a gain that is not a number is valid")
	}
}

func pick[T physic.Frequency | physic.ElectricPotential | physic.ElectricCurrent | float64](high, beyond bool, lo, hi, d T) T {
	switch {
	case !beyond:
		d = 0
	case !high:
		d = -d
	}
	if high {
		return hi + d
	}
	return lo + d
}

func TestNames(t *testing.T) {
	for f := Open; f <= Ringing; f++ {
		if s := f.String(); strings.Contains(s, "(") {
			t.Errorf("feed %d has no name", f)
		}
	}
	for k := Ready; k <= Note; k++ {
		if s := k.String(); strings.Contains(s, "(") {
			t.Errorf("event %d has no name", k)
		}
	}
	if got := Feed(99).String() + EventKind(98).String(); got != "feed(99)event(98)" {
		t.Errorf("unknown names are %q", got)
	}
}
