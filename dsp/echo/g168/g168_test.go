package g168

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
)

// The energies of the models at an echo return loss of 0 dB, in decibels.
func TestEnergies(t *testing.T) {
	want := []float64{-0.88, -0.50, -0.03, 1.29, -4.27, -0.09, 3.68, 2.41}
	lengths := []int{64, 96, 96, 128, 96, 120, 96, 99}
	for i, name := range Names() {
		m, ok := Lookup(name)
		if !ok {
			t.Fatalf("%s: not found", name)
		}
		g := m.Response(0)
		energy := 20*math.Log10(rms(g)) + 10*math.Log10(float64(len(g)))
		if math.Abs(energy-want[i]) > 0.006 || len(g) != lengths[i] {
			t.Errorf("%s: %.2f dB of %d taps, want %.2f of %d", name, energy, len(g), want[i], lengths[i])
		}
	}
	if _, ok := Lookup("m9"); ok {
		t.Error("found m9")
	}
}

func TestSignals(t *testing.T) {
	for _, s := range []struct {
		name   string
		make   func(int, dsp.DBm0, *rand.Rand) []int16
		period int
	}{{"far", Far, 2800}, {"near", Near, 3200}} {
		x := s.make(8*s.period, -16, rand.New(rand.NewPCG(1, 1)))
		if got := dsp.LevelOf(x); math.Abs(float64(got+16)) > 0.05 {
			t.Errorf("%s: level %.2f dBm0, want -16", s.name, got)
		}
		for i := range s.period {
			if x[i] != -x[i+s.period] || x[i] != x[i+2*s.period] {
				t.Fatalf("%s: sample %d does not come back inverted after %d", s.name, i, s.period)
			}
		}
		if got := dsp.LevelOf(x[s.period-700 : s.period]); !math.IsInf(float64(got), -1) {
			t.Errorf("%s: pause at %.1f dBm0", s.name, got)
		}
	}
}

// The meter passes the telephone band and stops what is outside.
func TestMeter(t *testing.T) {
	for _, tt := range []struct{ hz, low, high float64 }{
		{50, -200, -34}, {600, -10.5, -9.5}, {1000, -10.5, -9.5}, {2000, -10.5, -9.5}, {3900, -200, -34},
	} {
		x := make([]int16, 8000)
		for i := range x {
			x[i] = int16(dsp.DBm0(-10).Amplitude() * math.Sin(2*math.Pi*tt.hz*float64(i)/dsp.SampleRate))
		}
		if got := float64(Level(x[200:7800])); got < tt.low || got > tt.high {
			t.Errorf("%v Hz at -10 dBm0 shows %.1f", tt.hz, got)
		}
		if got := float64(Peak(x)); tt.low > -100 && math.Abs(got+10) > 0.6 {
			t.Errorf("%v Hz at -10 dBm0 peaks at %.1f", tt.hz, got)
		}
	}
}
