package pitch

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// pulses is a voice that repeats itself each lag samples: pulses that ring.
func pulses(n, lag int) []int16 {
	x := make([]int16, n)
	for i := range x {
		since := float64(i % lag)
		x[i] = int16(8000 * math.Exp(-since/12) * math.Cos(since*0.7))
	}
	return x
}

// Every period is found as it is, or as a multiple of it, whatever the length of
// what is looked at.
func TestFind(t *testing.T) {
	for lag := 26; lag <= 130; lag++ {
		for _, n := range []int{250, 251, Longest} {
			got, like := Find(pulses(n, lag), 120, 40, 130)
			if got%lag != 0 || like < 0.999 {
				t.Errorf("period %d in %d samples: found %d, %.4f alike", lag, n, got, like)
			}
		}
	}
}

func TestUnlike(t *testing.T) {
	if lag, like := Find(make([]int16, 250), 120, 40, 130); lag < 40 || lag > 130 || like != 0 {
		t.Errorf("silence repeats itself after %d, %.3f alike", lag, like)
	}
	noise := make([]int16, 250)
	dsptest.AddNoise(noise, -10, rand.New(rand.NewPCG(4, 4)))
	if lag, like := Find(noise, 120, 40, 130); like > 0.5 {
		t.Errorf("noise repeats itself after %d, %.3f alike", lag, like)
	}
}

// A voice in noise is as much less like itself as there is noise.
func TestLikeness(t *testing.T) {
	x := pulses(250, 77)
	level := dsp.LevelOf(x)
	for _, snr := range []float64{20, 10, 3} {
		noisy := append([]int16(nil), x...)
		dsptest.AddNoise(noisy, level-dsp.DBm0(snr), rand.New(rand.NewPCG(4, 5)))
		want := 1 / (1 + math.Pow(10, -snr/10))
		if lag, like := Find(noisy, 120, 40, 130); math.Abs(float64(like)-want) > 0.1 || lag != 77 {
			t.Errorf("S/N %v dB: period %d, %.3f alike; want 77, %.3f", snr, lag, like, want)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add(uint64(1), uint16(0))
	f.Add(uint64(7), uint16(32767))
	f.Fuzz(func(t *testing.T, seed uint64, loud uint16) {
		rng := rand.New(rand.NewPCG(seed, 1))
		x := make([]int16, 250)
		for i := range x {
			x[i] = int16(rng.IntN(2*int(loud)+1) - int(loud))
		}
		lag, like := Find(x, 120, 40, 130)
		if lag < 40 || lag > 130 || !(like >= 0 && like < 1.01) {
			t.Fatalf("lag %d, likeness %v", lag, like)
		}
	})
}

func TestDoesNotAllocate(t *testing.T) {
	x := pulses(250, 77)
	if n := testing.AllocsPerRun(100, func() { Find(x, 120, 40, 130) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFind(b *testing.B) {
	x := pulses(280, 77)
	for b.Loop() {
		Find(x, 160, 40, 120)
	}
}
