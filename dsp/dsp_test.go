package dsp

import (
	"math"
	"testing"
)

func sine(level DBm0, n int) []int16 {
	x := make([]int16, n)
	for i := range x {
		x[i] = int16(math.Round(level.Amplitude() * math.Sin(2*math.Pi*float64(i)/8)))
	}
	return x
}

func TestLevels(t *testing.T) {
	if got := DBm0(3.14).Amplitude(); got != 32767 {
		t.Errorf("full scale is %v, want 32767", got)
	}
	for _, level := range []DBm0{3.14, 0, -10, -40} {
		if got := Level(level.RMS()); math.Abs(float64(got-level)) > 1e-9 {
			t.Errorf("Level(RMS(%v)) = %v", level, got)
		}
		if got := LevelOf(sine(level, 800)); math.Abs(float64(got-level)) > 0.05 {
			t.Errorf("a sine of %v dBm0 measures %v", level, got)
		}
	}
}

func TestLevelOfSilence(t *testing.T) {
	for _, x := range [][]int16{nil, make([]int16, 80)} {
		if got := LevelOf(x); !math.IsInf(float64(got), -1) {
			t.Errorf("%d samples of silence measure %v", len(x), got)
		}
	}
}

func TestSaturate(t *testing.T) {
	for v, want := range map[int32]int16{
		0: 0, -1: -1, 32767: 32767, 32768: 32767, -32768: -32768, -32769: -32768,
		math.MaxInt32: 32767, math.MinInt32: -32768,
	} {
		if got := Saturate(v); got != want {
			t.Errorf("Saturate(%d) = %d, want %d", v, got, want)
		}
	}
}

func TestMix(t *testing.T) {
	dst := []int16{1, 30000, -30000, 5}
	Mix(dst, []int16{2, 30000, -30000, -5})
	for i, want := range []int16{3, 32767, -32768, 0} {
		if dst[i] != want {
			t.Errorf("sample %d is %d, want %d", i, dst[i], want)
		}
	}
}
