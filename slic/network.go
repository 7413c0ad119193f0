package slic

import (
	"fmt"
	"math"
	"math/cmplx"
	"strconv"
	"strings"
)

// Network is the circuit that an Impedance names: a resistor, in series with it
// either a capacitor or a resistor and a capacitor in parallel, or nothing.
type Network struct {
	R  float64 // ohm
	Cs float64 // farad in series with R, 0 if there is none
	Rp float64 // ohm in series with R, across Cp, 0 if there is none
	Cp float64 // farad across Rp
}

// Network parses z.
func (z Impedance) Network() (Network, error) {
	first, rest, more := strings.Cut(string(z), "+")
	var n Network
	var err error
	if n.R, err = ohms(first); err != nil {
		return Network{}, fmt.Errorf("slic: parse impedance %q: %w", z, err)
	}
	if more {
		err = n.parseRest(rest)
	}
	if err != nil {
		return Network{}, fmt.Errorf("slic: parse impedance %q: %w", z, err)
	}
	return n, nil
}

// parseRest parses what follows the first resistor: C or (R||C).
func (n *Network) parseRest(s string) (err error) {
	if !strings.HasPrefix(s, "(") {
		n.Cs, err = farads(s)
		return err
	}
	r, c, ok := strings.Cut(strings.TrimSuffix(s[1:], ")"), "||")
	if !ok || !strings.HasSuffix(s, ")") {
		return fmt.Errorf("%q is not (R||C)", s)
	}
	if n.Rp, err = ohms(r); err != nil {
		return err
	}
	n.Cp, err = farads(c)
	return err
}

// ohms parses a resistance of 1 ohm to 100 kilohm.
func ohms(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 1 && v <= 1e5) {
		return 0, fmt.Errorf("%q is not a resistance of 1..100000 ohm", s)
	}
	return v, nil
}

// farads parses a capacitance of 1 nF to 100 µF.
func farads(s string) (float64, error) {
	scale := 1e-9
	digits, ok := strings.CutSuffix(s, "nF")
	if !ok {
		scale = 1e-6
		digits, ok = strings.CutSuffix(s, "uF")
	}
	v, err := strconv.ParseFloat(digits, 64)
	v *= scale
	if !ok || err != nil || !(v >= 0.9e-9 && v <= 1.1e-4) {
		return 0, fmt.Errorf("%q is not a capacitance of 1nF..100uF", s)
	}
	return v, nil
}

// At returns the impedance in ohm at a frequency above 0 Hz.
func (n Network) At(hertz float64) complex128 {
	jw := complex(0, 2*math.Pi*hertz)
	z := complex(n.R, 0)
	if n.Cs > 0 {
		z += 1 / (jw * complex(n.Cs, 0))
	}
	if n.Rp > 0 {
		z += 1 / (complex(1/n.Rp, 0) + jw*complex(n.Cp, 0))
	}
	return z
}

// band are the frequencies over which networks are compared, the voice band in
// thirds of an octave.
var band = [...]float64{300, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 3400}

// ReturnLoss is the mean of the return loss of n against ref over the voice
// band, in dB; 100 for equal networks.
func (n Network) ReturnLoss(ref Network) float64 {
	var sum float64
	for _, f := range band {
		a, b := n.At(f), ref.At(f)
		sum += min(100, -20*math.Log10(cmplx.Abs((a-b)/(a+b))))
	}
	return sum / float64(len(band))
}

// NearestImpedance returns that of have whose return loss against want is the
// highest.
func NearestImpedance(want Impedance, have []Impedance) (Impedance, error) {
	ref, err := want.Network()
	if err != nil {
		return "", err
	}
	var best Impedance
	top := math.Inf(-1)
	for _, z := range have {
		n, err := z.Network()
		if err != nil {
			return "", err
		}
		if rl := n.ReturnLoss(ref); rl > top {
			best, top = z, rl
		}
	}
	return best, nil
}
