package pcm_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/pcm"
)

// sine returns n samples of a tone.
func sine(n int, hz float64, level dsp.DBm0) []int16 {
	x := make([]int16, n)
	for i := range x {
		x[i] = dsp.Saturate(int32(math.Round(level.Amplitude() * math.Sin(2*math.Pi*hz*float64(i)/dsp.SampleRate))))
	}
	return x
}

// eachBlock runs f over x in blocks of 10 ms.
func eachBlock(x []int16, f func([]int16)) {
	for len(x) > 0 {
		n := min(dsp.Frame, len(x))
		f(x[:n])
		x = x[n:]
	}
}

func openBars(t *testing.T) *dsptest.Bars {
	t.Helper()
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	return bars
}

// Every step of half a decibel is exact within 0.01 dB.
func TestGainSteps(t *testing.T) {
	worst := 0.0
	for db := pcm.MinGain; db <= pcm.MaxGain; db += pcm.GainStep {
		var g pcm.Gain
		g.Set(db)
		x := sine(8080, 1004, -12)
		before := dsp.LevelOf(x[80:])
		clipped := 0
		eachBlock(x, func(b []int16) { clipped += g.Process(b) })
		got := float64(dsp.LevelOf(x[80:]) - before)
		worst = max(worst, math.Abs(got-db))
		if math.Abs(got-db) > 0.01 || clipped != 0 {
			t.Errorf("%v dB: got %.3f dB, %d samples clipped", db, got, clipped)
		}
	}
	openBars(t).Check(t, "gain, worst step", worst, 0.001, "dB")
}

func TestGainLimits(t *testing.T) {
	for _, tt := range []struct{ ask, want float64 }{
		{0.26, 0.5}, {0.24, 0}, {-3.3, -3.5}, {99, 6}, {-99, -24}, {math.Inf(1), 6}, {math.Inf(-1), -24}, {math.NaN(), 0},
	} {
		var g pcm.Gain
		g.Set(tt.ask)
		x := sine(160, 1000, -20)
		want := dsp.LevelOf(x[80:])
		eachBlock(x, func(b []int16) { g.Process(b) })
		if got := float64(dsp.LevelOf(x[80:]) - want); math.Abs(got-tt.want) > 0.05 {
			t.Errorf("asked for %v dB: got %.2f, want %v", tt.ask, got, tt.want)
		}
	}
}

// Without a gain nothing changes, and what does not fit is counted.
func TestGainClips(t *testing.T) {
	var g pcm.Gain
	x := []int16{math.MinInt16, -1, 0, 1, math.MaxInt16}
	if n := g.Process(x); n != 0 || !slices.Equal(x, []int16{math.MinInt16, -1, 0, 1, math.MaxInt16}) {
		t.Errorf("0 dB: %v, %d clipped", x, n)
	}
	g.Set(6)
	g.Process(x)
	x = []int16{math.MinInt16, -17000, -16000, 0, 16000, 17000, math.MaxInt16}
	if n := g.Process(x); n != 4 || x[0] != math.MinInt16 || x[6] != math.MaxInt16 || x[3] != 0 {
		t.Errorf("6 dB: %v, %d clipped", x, n)
	}
}

// A change does not click: no step is greater than those of the signal itself.
func TestGainChange(t *testing.T) {
	var g pcm.Gain
	x := slices.Repeat([]int16{10000}, 400)
	i := 0
	eachBlock(x, func(b []int16) {
		if i++; i == 3 {
			g.Set(-12)
		}
		g.Process(b)
	})
	for i := 1; i < len(x); i++ {
		if d := x[i-1] - x[i]; d > 100 || d < -100 {
			t.Fatalf("step of %d at %d", d, i)
		}
	}
	if x[399] != 2512 {
		t.Errorf("ends at %d, want 2512", x[399])
	}
}

func TestHighPass(t *testing.T) {
	bars := openBars(t)
	for _, tt := range []struct{ hz, least, most float64 }{
		{0.5, 24, 30},
		{49.8, 25, 40},
		{50, 45, 100},
		{50.2, 25, 40},
		{59.8, 25, 40},
		{60, 45, 100},
		{60.2, 25, 40},
		{100, 0, 0.2},
		{200, 0, 0.06},
		{300, 0, 0.03},
		{697, 0, 0.02},
		{1004, -0.01, 0.01},
		{3400, -0.01, 0.01},
	} {
		var h pcm.HighPass
		x := sine(24000, tt.hz, 0)
		before := dsp.LevelOf(x[16000:])
		eachBlock(x, h.Process)
		got := min(100, float64(before-dsp.LevelOf(x[16000:])))
		if got < tt.least || got > tt.most {
			t.Errorf("%v Hz: loss %.2f dB, want %v to %v", tt.hz, got, tt.least, tt.most)
		}
		slack := 0.01 // of the voice less shall be lost, of the mains more
		if tt.hz < 100 {
			slack = -0.5
		}
		bars.Check(t, fmt.Sprintf("high pass, loss at %v Hz", tt.hz), min(got, 60), slack, "dB")
	}
}

// An offset goes, however great, and so does what it left when it ends.
func TestHighPassOffset(t *testing.T) {
	var h pcm.HighPass
	x := slices.Concat(slices.Repeat([]int16{math.MaxInt16}, 4000), make([]int16, 4000))
	eachBlock(x, h.Process)
	for _, at := range []int{3900, 7900} {
		if got := dsp.LevelOf(x[at : at+100]); got > -80 {
			t.Errorf("%.1f dBm0 at sample %d", got, at)
		}
	}
}

// The meter shows the level of a tone of any strength.
func TestMeterLevels(t *testing.T) {
	var worstLevel, worstPeak float64
	for level := dsp.DBm0(-60); level <= 0; level += 2.5 {
		var m pcm.Meter
		eachBlock(sine(24000, 1004, level), m.Add)
		r := m.Reading()
		worstLevel = max(worstLevel, math.Abs(float64(r.Level()-level)))
		worstPeak = max(worstPeak, math.Abs(float64(r.Peak()-level)))
	}
	bars := openBars(t)
	bars.Check(t, "meter, worst error of level", worstLevel, 0.01, "dB")
	bars.Check(t, "meter, worst error of peak", worstPeak, 0.01, "dB")
	if worstLevel > 0.1 || worstPeak > 0.2 {
		t.Errorf("level off by %.3f dB, peak by %.3f; want at most 0.1 and 0.2", worstLevel, worstPeak)
	}
}

func TestMeter(t *testing.T) {
	var m pcm.Meter
	if r := m.Reading(); !math.IsInf(float64(r.Level()), -1) || !math.IsInf(float64(r.Peak()), -1) {
		t.Errorf("shows %.1f and %.1f dBm0 at first", r.Level(), r.Peak())
	}
	eachBlock(sine(16000, 1004, -10), m.Add)
	r := m.Reading()
	if math.Abs(float64(r.Level()+10)) > 0.05 || math.Abs(float64(r.Peak()+10)) > 0.05 || r.Clipped != 0 {
		t.Errorf("-10 dBm0: level %.2f, peak %.2f, %d clipped", r.Level(), r.Peak(), r.Clipped)
	}
	eachBlock(make([]int16, 7920), m.Add) // the peak lasts, the level does not
	if r = m.Reading(); r.Level() > -23 || math.Abs(float64(r.Peak()+10)) > 0.05 {
		t.Errorf("a second later: level %.2f, peak %.2f", r.Level(), r.Peak())
	}
	eachBlock(make([]int16, 8000), m.Add)
	if r = m.Reading(); !math.IsInf(float64(r.Peak()), -1) {
		t.Errorf("two seconds later: peak %.2f", r.Peak())
	}
	m.Add([]int16{math.MinInt16, pcm.Full, pcm.Full - 1, 0})
	m.Add(nil)
	m.Clip(3)
	if r = m.Reading(); r.Clipped != 5 {
		t.Errorf("%d clipped, want 5", r.Clipped)
	}
}

func TestNoAllocation(t *testing.T) {
	var g pcm.Gain
	var h pcm.HighPass
	var m pcm.Meter
	x := sine(80, 1000, -10)
	if n := testing.AllocsPerRun(100, func() {
		g.Set(-1)
		h.Process(x)
		g.Process(x)
		m.Add(x)
		_ = m.Reading()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func Example() {
	var g pcm.Gain
	var m pcm.Meter
	g.Set(-6)
	x := sine(24000, 1004, -10)
	for i := 0; i < len(x); i += 80 {
		m.Clip(g.Process(x[i : i+80]))
		m.Add(x[i : i+80])
	}
	r := m.Reading()
	fmt.Printf("level %.1f dBm0, peak %.1f dBm0, %d clipped\n", r.Level(), r.Peak(), r.Clipped)
	// Output: level -16.0 dBm0, peak -16.0 dBm0, 0 clipped
}

func BenchmarkHighPass(b *testing.B) {
	var h pcm.HighPass
	x := sine(160, 1000, -10)
	for b.Loop() {
		h.Process(x)
	}
}

func BenchmarkGain(b *testing.B) {
	var g pcm.Gain
	g.Set(-0.5)
	x, y := sine(160, 1000, -10), make([]int16, 160)
	for b.Loop() {
		copy(y, x)
		g.Process(y)
	}
}

func BenchmarkMeter(b *testing.B) {
	var m pcm.Meter
	x := sine(160, 1000, -10)
	for b.Loop() {
		m.Add(x)
	}
}
