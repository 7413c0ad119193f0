package sim

import (
	"fmt"
	"strings"
)

// Faults are what is wrong with the wires. The zero value is a sound pair.
// Resistances are in ohms, 0 = the fault is absent.
type Faults struct {
	Open       bool    // a lead is broken; the port sees nothing
	Short      float64 // TIP touches RING through this resistance
	TipGround  float64 // TIP touches ground
	RingGround float64 // RING touches ground
	Leakage    float64 // wet cable between the leads

	ForeignVolts float64 // a voltage from elsewhere, TIP to RING; rms if ForeignHz is set
	ForeignHz    float64 // 0 = DC
}

const (
	solidOhms   = 1    // a short or ground without a figure
	foreignOhms = 10e3 // source resistance of a foreign voltage
)

// faultKinds is the help and the error text of Faults.Put.
const faultKinds = "none, open, short[=OHMS], tip-ground[=OHMS], ring-ground[=OHMS], leakage=OHMS, foreign=VOLTS[@HZ]"

// Put adds one fault, given as KIND or KIND=VALUE; none removes all.
func (f *Faults) Put(text string) error {
	kind, value, given := strings.Cut(text, "=")
	switch {
	case kind == "none" && !given:
		*f = Faults{}
		return nil
	case kind == "open" && !given:
		f.Open = true
		return nil
	case kind == "foreign" && given:
		return f.putForeign(value)
	}
	ohms, ok := map[string]*float64{
		"short": &f.Short, "tip-ground": &f.TipGround, "ring-ground": &f.RingGround, "leakage": &f.Leakage,
	}[kind]
	if !ok || kind == "leakage" && !given {
		return fmt.Errorf("fault %q: want one of %s", text, faultKinds)
	}
	if !given {
		*ohms = solidOhms
		return nil
	}
	v, err := parseFloat(value, 0.1, 100e6)
	if err != nil {
		return fmt.Errorf("fault %s: %q is not a resistance of 0.1..100e6 ohms", kind, value)
	}
	*ohms = v
	return nil
}

func (f *Faults) putForeign(text string) error {
	volts, hertz, ac := strings.Cut(text, "@")
	v, err := parseFloat(volts, -250, 250)
	if err != nil {
		return fmt.Errorf("fault foreign: %q is not a voltage of -250..250", volts)
	}
	hz := 0.0
	if ac {
		if hz, err = parseFloat(hertz, 1, 400); err != nil {
			return fmt.Errorf("fault foreign: %q is not a frequency of 1..400 Hz", hertz)
		}
	}
	f.ForeignVolts, f.ForeignHz = v, hz
	return nil
}
