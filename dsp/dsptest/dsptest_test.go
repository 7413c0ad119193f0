package dsptest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
)

func TestSpeechIsRepeatable(t *testing.T) {
	a := Speech(t, Voices[0], 2, -15, 1)
	b := Speech(t, Voices[0], 2, -15, 1)
	if !slices.Equal(a, b) {
		t.Error("equal seeds give different speech")
	}
	if c := Speech(t, Voices[0], 2, -15, 2); slices.Equal(a, c) {
		t.Error("different seeds give equal speech")
	}
	if got := dsp.LevelOf(a); math.Abs(float64(got)+15) > 2 {
		t.Errorf("speech at %.1f dBm0, want about -15", got)
	}
}

// Resampling keeps what fits into 4 kHz and removes the rest.
func TestResample(t *testing.T) {
	const rate = 22050
	for _, tt := range []struct {
		hz       float64
		min, max float64 // decibels of gain
	}{{300, -0.2, 0.2}, {3000, -0.5, 0.5}, {4600, -200, -50}} {
		x := make([]float32, rate)
		for i := range x {
			x[i] = float32(10000 * math.Sin(2*math.Pi*tt.hz/rate*float64(i)))
		}
		got := float64(dsp.LevelOf(resample(x, rate)[200:7800]) - dsp.Level(10000/math.Sqrt2))
		if got < tt.min || got > tt.max {
			t.Errorf("%v Hz comes through with %.2f dB", tt.hz, got)
		}
	}
}

func TestNoiseLevel(t *testing.T) {
	x := make([]int16, 80000)
	AddNoise(x, -20, rand.New(rand.NewPCG(1, 1)))
	if got := dsp.LevelOf(x); math.Abs(float64(got)+20) > 0.1 {
		t.Errorf("noise of %.2f dBm0, want -20", got)
	}
}

func TestLosses(t *testing.T) {
	lost := Losses(100000, 0.1, 2, 1)
	n := 0
	for _, l := range lost {
		if l {
			n++
		}
	}
	if part := float64(n) / float64(len(lost)); math.Abs(part-0.1) > 0.015 {
		t.Errorf("%.3f of the frames lost, want 0.1", part)
	}
}

func TestLossDistance(t *testing.T) {
	x := make([]int16, 40*LossFrame)
	AddNoise(x, -15, rand.New(rand.NewPCG(1, 1)))
	lost := Losses(40, 0.5, 1, 1)
	if got := LossDistance(x, x, lost); got != 0 {
		t.Errorf("nothing changed, distance %v", got)
	}
	half := slices.Clone(x)
	for i := range half {
		half[i] /= 2
	}
	if got := LossDistance(x, half, lost); math.Abs(got-6.02) > 0.3 {
		t.Errorf("6 dB quieter, distance %v", got)
	}
}

func TestBars(t *testing.T) {
	if *update {
		t.Skip("figures are being rewritten, none is compared")
	}
	bars, err := OpenBars(t.TempDir() + "/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	bars.recorded["less"] = Bar{Value: 10, Slack: 1}
	bars.recorded["more"] = Bar{Value: 10, Slack: -1}
	for _, tt := range []struct {
		name  string
		value float64
		slack float64
		fails bool
	}{
		{"less", 10.9, 1, false},
		{"less", 11.1, 1, true},
		{"more", 9.1, -1, false},
		{"more", 8.9, -1, true},
		{"unknown", 1, 1, true},
	} {
		var sub recorder
		bars.Check(&sub, tt.name, tt.value, tt.slack, "")
		if sub.failed != tt.fails {
			t.Errorf("%s at %v: failed is %v, want %v", tt.name, tt.value, sub.failed, tt.fails)
		}
	}
}

// recorder is a test that only notes that it failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Logf(string, ...any)   {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

// Talk has its level, no pause, and is the same each time.
func TestTalk(t *testing.T) {
	x := Talk(3*dsp.SampleRate, 120, -16, 5)
	if !slices.Equal(x, Talk(3*dsp.SampleRate, 120, -16, 5)) || slices.Equal(x, Talk(3*dsp.SampleRate, 120, -16, 6)) {
		t.Error("talk does not follow from its seed")
	}
	if got := dsp.LevelOf(x); math.Abs(float64(got)+16) > 0.5 {
		t.Errorf("talk at %.1f dBm0, want -16", got)
	}
	for i := 0; i+800 <= len(x); i += 800 {
		if got := dsp.LevelOf(x[i : i+800]); got < -40 {
			t.Errorf("a pause after %d samples: %.1f dBm0", i, got)
		}
	}
}

// Follow finds what a path that is known did.
func TestFollow(t *testing.T) {
	x := Talk(4*dsp.SampleRate, 120, -16, 5)
	lost := Losses(len(x)/LossFrame, 0.1, 2, 1)
	// 500 samples later, from the middle on 640, at half the level.
	path := func(filled int16) []int16 {
		heard := make([]int16, len(x)+1000)
		for i, s := range x {
			to := i + 500
			if i > len(x)/2 {
				to += 140
			}
			if heard[to] = s / 2; lost[min(i/LossFrame, len(lost)-1)] {
				heard[to] = filled
			}
		}
		return heard
	}
	j := Follow(x, path(0), lost, 480)
	if j.Kept < 0.98 || j.Heard > 3 || j.Filled < 15 || j.Frames < 10 {
		t.Errorf("with silence in the gaps: %+v", j)
	}
	late := Follow(x, append(make([]int16, 4000), x...), lost, 480)
	if late.Kept > 0.5 {
		t.Errorf("more than half is heard of what came half a second late: %+v", late)
	}
}
