package slic

import (
	"math"
	"math/cmplx"
	"strings"
	"testing"
)

// all are the networks of the contract with their impedance at 1 kHz.
var all = map[Impedance]complex128{
	Z600:      600,
	Z900:      900,
	Z600C2u16: complex(600, -73.7),
	Z900C2u16: complex(900, -73.7),
	Z600C1u:   complex(600, -159.2),
	Z270_750:  complex(770.6, -353.8),
	Z220_820a: complex(813.2, -366.8),
	Z220_820g: complex(827.1, -359.7),
	Z370_620:  complex(622.2, -304.6),
	Z320_1050: complex(638.0, -483.0),
	Z200_680:  complex(775.1, -245.6),
}

func TestNetworks(t *testing.T) {
	for z, want := range all {
		n, err := z.Network()
		if err != nil {
			t.Errorf("%s: %v", z, err)
			continue
		}
		if got := n.At(1000); cmplx.Abs(got-want) > 1 {
			t.Errorf("%s at 1 kHz = %.1f, want %.1f", z, got, want)
		}
		if rl := n.ReturnLoss(n); rl != 100 {
			t.Errorf("%s against itself: %v dB", z, rl)
		}
	}
}

func TestNetworkErrors(t *testing.T) {
	for _, z := range []Impedance{"", "0", "-600", "600+", "600+2.16", "600+2.16mF", "600+(820)", "600+(820||115nF", "600+820||115nF)", "NaN", "600+(0||115nF)", "1e9", "600+NaNuF", "600+(820||1e9uF)"} {
		if n, err := z.Network(); err == nil || !strings.Contains(err.Error(), "impedance") {
			t.Errorf("%q = %+v, %v, want an error", z, n, err)
		}
	}
}

// TestReturnLoss: 900 against 600 ohm is 20·log10(1500/300) = 13.98 dB.
func TestReturnLoss(t *testing.T) {
	a, b := Network{R: 600}, Network{R: 900}
	if got := a.ReturnLoss(b); math.Abs(got-13.979) > 0.001 {
		t.Errorf("return loss of 600 against 900 ohm = %v dB", got)
	}
}

func TestNearestImpedance(t *testing.T) {
	for _, tt := range []struct {
		want, got Impedance
		have      []Impedance
	}{
		{Z320_1050, Z270_750, []Impedance{Z600, Z900, Z270_750, Z220_820a}},
		{Z600C2u16, Z600, []Impedance{Z900, Z600, Z270_750}},
		{Z900, Z900, []Impedance{Z600, Z900}},
		{Z600, "", nil},
	} {
		if got, err := NearestImpedance(tt.want, tt.have); err != nil || got != tt.got {
			t.Errorf("NearestImpedance(%s) = %s, %v, want %s", tt.want, got, err, tt.got)
		}
	}
	if _, err := NearestImpedance("x", []Impedance{Z600}); err == nil {
		t.Error("an impedance of x is accepted")
	}
	if _, err := NearestImpedance(Z600, []Impedance{"x"}); err == nil {
		t.Error("a choice of x is accepted")
	}
}

// FuzzImpedance: whatever parses is a network that can be computed with.
func FuzzImpedance(f *testing.F) {
	for z := range all {
		f.Add(string(z))
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Impedance(s).Network()
		if err != nil {
			return
		}
		for _, hz := range band {
			z := n.At(hz)
			if !(real(z) >= 1) || imag(z) > 1e-9 || cmplx.IsNaN(z) || cmplx.IsInf(z) {
				t.Errorf("%q at %v Hz = %v", s, hz, z)
			}
		}
	})
}
