package fft

import (
	"math"
	"math/rand/v2"
	"testing"
)

func noise(rng *rand.Rand) (x [N]float32) {
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// bin computes one frequency from the definition.
func bin(x *[N]float32, k int) (re, im float64) {
	for i, v := range x {
		sin, cos := math.Sincos(2 * math.Pi * float64(k*i%N) / N)
		re += float64(v) * cos
		im -= float64(v) * sin
	}
	return re, im
}

func TestForwardIsTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := noise(rng)
	var s Spectrum
	Forward(&x, &s)
	for k := range Bins {
		re, im := bin(&x, k)
		if off := math.Hypot(float64(s.Re[k])-re, float64(s.Im[k])-im); off > 2e-5 {
			t.Errorf("bin %d: %v%+vj, want %.5f%+.5fj", k, s.Re[k], s.Im[k], re, im)
		}
	}
}

func TestInverseUndoesForward(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 100 {
		x := noise(rng)
		var s Spectrum
		var y [N]float32
		Forward(&x, &s)
		Inverse(&s, &y)
		for i := range x {
			if math.Abs(float64(x[i]-y[i])) > 3e-6 {
				t.Fatalf("sample %d: %v, want %v", i, y[i], x[i])
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	x := noise(rand.New(rand.NewPCG(3, 3)))
	var s Spectrum
	if n := testing.AllocsPerRun(100, func() { Forward(&x, &s); Inverse(&s, &x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkForward(b *testing.B) {
	x := noise(rand.New(rand.NewPCG(4, 4)))
	var s Spectrum
	for b.Loop() {
		Forward(&x, &s)
	}
}

func BenchmarkInverse(b *testing.B) {
	x := noise(rand.New(rand.NewPCG(5, 5)))
	var s Spectrum
	Forward(&x, &s)
	for b.Loop() {
		Inverse(&s, &x)
	}
}
