package tone

import (
	"math"
	"math/cmplx"
	"slices"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// play renders n samples of a tone in blocks of odd lengths.
func play(t testing.TB, text string, level dsp.DBm0, n int) []int16 {
	t.Helper()
	spec, err := Parse(text, level)
	if err != nil {
		t.Fatal(err)
	}
	var g Generator
	g.Start(&spec)
	out := make([]int16, n)
	for at, k := 0, 1; at < n; at, k = at+k, (k*7)%163+1 {
		g.Read(out[at:min(at+k, n)])
	}
	return out
}

// line is the amplitude and phase of one frequency in x, through a Hann window.
func line(x []int16, hz float64) complex128 {
	var sum complex128
	for i, s := range x {
		w := 1 - math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(x)))
		sum += complex(w*float64(s), 0) * cmplx.Rect(1, -2*math.Pi*hz/dsp.SampleRate*float64(i))
	}
	return sum * complex(2/float64(len(x)), 0)
}

// frequency is the frequency of the tone near hz: the phase it gains over the
// second half of x.
func frequency(x []int16, hz float64) float64 {
	half := len(x) / 2
	turn := line(x[half:2*half], hz) / line(x[:half], hz)
	turn *= cmplx.Rect(1, -2*math.Pi*hz/dsp.SampleRate*float64(half))
	return hz + cmplx.Phase(turn)*dsp.SampleRate/(2*math.Pi*float64(half))
}

func openBars(t *testing.T) *dsptest.Bars {
	t.Helper()
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	return bars
}

func TestFrequencyAndLevel(t *testing.T) {
	var worstHz, worstLevel float64
	for _, tt := range []struct {
		text  string
		level float64
		want  []float64 // frequencies
	}{
		{"425:inf", -10, []float64{425}},
		{"350+440:inf", -13, []float64{350, 440}},
		{"440+480:inf", -19, []float64{440, 480}},
		{"480+620:inf", -24, []float64{480, 620}},
		{"913.8:inf", -24, []float64{913.8}},
		{"1400+2060+2450+2600:inf", -10, []float64{1400, 2060, 2450, 2600}},
		{"2130+2750:inf", -15, []float64{2130, 2750}},
		{"425:inf", -40, []float64{425}},
	} {
		x := play(t, tt.text, dsp.DBm0(tt.level), 2*dsp.SampleRate)[160:]
		for _, hz := range tt.want {
			got := frequency(x, hz)
			if math.Abs(got/hz-1) > 0.0001 {
				t.Errorf("%s: %.3f Hz, want %v", tt.text, got, hz)
			}
			worstHz = max(worstHz, 100*math.Abs(got/hz-1))
			got = float64(dsp.Level(cmplx.Abs(line(x, hz)) / math.Sqrt2))
			worstLevel = max(worstLevel, math.Abs(got-tt.level))
			if math.Abs(got-tt.level) > 0.05 {
				t.Errorf("%s: %v Hz at %.3f dBm0, want %v", tt.text, hz, got, tt.level)
			}
		}
	}
	bars := openBars(t)
	bars.Check(t, "worst error of frequency", worstHz, 0.001, "%")
	bars.Check(t, "worst error of level", worstLevel, 0.01, "dB")
}

// A fully modulated tone is a pair whose level together is the tone's.
func TestModulation(t *testing.T) {
	x := play(t, "400*25:inf", -10, dsp.SampleRate)[160:7360]
	for _, hz := range []float64{375, 425} {
		if got := dsp.Level(cmplx.Abs(line(x, hz)) / math.Sqrt2); math.Abs(float64(got)+13.01) > 0.05 {
			t.Errorf("%v Hz at %.2f dBm0, want -13.01", hz, got)
		}
	}
	if got := dsp.Level(cmplx.Abs(line(x, 400)) / math.Sqrt2); got > -60 {
		t.Errorf("carrier at %.1f dBm0, want none", got)
	}
}

// All that is not the tone stays 60 dB below it.
func TestDistortion(t *testing.T) {
	bars := openBars(t)
	for _, text := range []string{"350:inf", "425:inf", "440+480:inf", "480+620:inf", "1004:inf", "697+1633:inf"} {
		x := play(t, text, -10, dsp.SampleRate+160)[160:] // whole periods of every hertz
		spec := MustParse(text, -10)
		rest := make([]float64, len(x))
		for i, s := range x {
			rest[i] = float64(s)
		}
		for _, hz := range spec.Loop[0].Sound.Hz {
			subtract(rest, hz)
		}
		got := float64(dsp.LevelOf(x) - level(rest))
		if got < 60 {
			t.Errorf("%s: distortion and noise %.1f dB below, want 60", text, got)
		}
		bars.Check(t, "distortion and noise below "+text, got, -1, "dB")
	}
}

// subtract removes the frequency hz, of which x holds whole periods.
func subtract(x []float64, hz float64) {
	if hz == 0 {
		return
	}
	w := 2 * math.Pi * hz / dsp.SampleRate
	var a, b float64
	for i, v := range x {
		a += 2 / float64(len(x)) * v * math.Cos(w*float64(i))
		b += 2 / float64(len(x)) * v * math.Sin(w*float64(i))
	}
	for i := range x {
		x[i] -= a*math.Cos(w*float64(i)) + b*math.Sin(w*float64(i))
	}
}

func level(x []float64) dsp.DBm0 {
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	return dsp.Level(math.Sqrt(sum / float64(len(x))))
}

// Ten minutes of cadence keep their steps to the sample, also when a segment is
// no whole number of samples.
func TestCadence(t *testing.T) {
	slowest := 0.0
	for _, tt := range []struct {
		text    string
		on, off float64 // milliseconds
	}{
		{"480+620:250 -:250", 250, 250},
		{"425:333.3 -:666.7", 333.3, 666.7},
		{"1000:100.07 -:100.01", 100.07, 100.01},
	} {
		spec := MustParse(tt.text, -10)
		var g Generator
		g.Start(&spec)
		worst, at := 0.0, int64(0)
		on := g.sound
		for edges := 0; at < 600*dsp.SampleRate; {
			var sample [1]int16
			g.Mix(sample[:])
			if g.sound != on {
				on = g.sound
				cycles := float64(edges / 2)
				want := (cycles*(tt.on+tt.off) + float64(edges%2)*tt.on) * 8
				worst = max(worst, math.Abs(want-float64(at)))
				edges++
			}
			at++
		}
		if worst > 1 {
			t.Errorf("%s: an edge is %.2f samples off", tt.text, worst)
		}
		slowest = max(slowest, worst)
	}
	openBars(t).Check(t, "worst edge in ten minutes", slowest, 0.01, "samples")
}

// The envelope of a burst has the burst's length between its half-amplitude
// points.
func TestBurstLength(t *testing.T) {
	x := play(t, "1000:100 -:300", -10, 3200)
	first, last := -1, -1
	peak := dsp.DBm0(-10).Amplitude()
	for i := 4; i+4 < len(x); i++ {
		var e float64
		for _, s := range x[i-4 : i+4] { // one period
			e += float64(s) * float64(s)
		}
		if math.Sqrt(e/4) > peak/2 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if n := last - first; n < 796 || n > 804 {
		t.Errorf("burst of %d samples, want 800", n)
	}
}

// Keying does not click: all that is further than band from each tone of a burst is
// 40 dB below the burst.
func TestEdges(t *testing.T) {
	const band = 300 // Hz
	bars := openBars(t)
	for _, text := range []string{"425:100 -:300", "1000:100 -:300", "480+620:100 -:300", "2130+2750:80 -:320", "400*25:100 -:300"} {
		x := play(t, text, -10, 3200)
		tones := heardTones(&MustParse(text, -10).Loop[0].Sound)
		total := math.Pow(dsp.LevelOf(x).RMS(), 2) * float64(len(x))
		outside := 0.0
		for f := 0.0; f < 4000; f += 2.5 {
			if !slices.ContainsFunc(tones, func(hz float64) bool { return math.Abs(f-hz) < band }) {
				outside += math.Pow(cmplx.Abs(rectLine(x, f)), 2)
			}
		}
		db := 10 * math.Log10(2*outside/float64(len(x))/total)
		if db > -40 {
			t.Errorf("%s: clicks at %.1f dB, want -40", text, db)
		}
		bars.Check(t, "clicks of "+text, db, 1, "dB")
	}
}

// heardTones are the frequencies of a sound, with the side bands of its modulation.
func heardTones(s *Sound) (hz []float64) {
	for _, f := range s.Hz {
		if f != 0 {
			hz = append(hz, f-s.ModHz, f+s.ModHz)
		}
	}
	return hz
}

func rectLine(x []int16, hz float64) (sum complex128) {
	for i, s := range x {
		sum += complex(float64(s), 0) * cmplx.Rect(1, -2*math.Pi*hz/dsp.SampleRate*float64(i))
	}
	return sum
}

func TestStop(t *testing.T) {
	spec := MustParse("425:inf", -10)
	var g Generator
	if g.Playing() {
		t.Error("playing before Start")
	}
	g.Start(&spec)
	out := make([]int16, 160)
	g.Mix(out)
	g.Stop()
	if !g.Playing() {
		t.Error("no fading end")
	}
	before := out[159]
	g.Read(out)
	if jump := math.Abs(float64(out[0]) - float64(before)); jump > 3000 {
		t.Errorf("stop jumps by %v", jump)
	}
	if g.Playing() || out[40] != 0 {
		t.Error("plays after its end")
	}
}

func TestIntroEnds(t *testing.T) {
	spec := MustParse("950:330 1400:330 | end", -10)
	var g Generator
	g.Start(&spec)
	g.Mix(make([]int16, 660*8))
	if !g.Playing() {
		t.Error("ended early")
	}
	g.Mix(make([]int16, 40))
	if g.Playing() {
		t.Error("plays on")
	}
}

func TestMixSaturates(t *testing.T) {
	spec := MustParse("425:inf", 3)
	var g Generator
	g.Start(&spec)
	out := make([]int16, 800)
	for i := range out {
		out[i] = math.MaxInt16
	}
	g.Mix(out)
	for i, s := range out[40:] {
		if s < -100 {
			t.Fatalf("sample %d wrapped to %d", i, s)
		}
	}
}

func TestMixDoesNotAllocate(t *testing.T) {
	spec := MustParse("3x(350+440:5 -:5) | 400*25:7 425:3 1400+2060+2450+2600:4", -10)
	var g Generator
	out := make([]int16, 160)
	if n := testing.AllocsPerRun(100, func() {
		g.Start(&spec)
		g.Mix(out)
		g.Stop()
		g.Read(out)
	}); n != 0 {
		t.Errorf("%v allocations a block", n)
	}
}

func BenchmarkMix(b *testing.B) {
	for _, text := range []string{"425:inf", "350+440:inf", "400*25:inf", "1400+2060+2450+2600:inf", "480+620:250 -:250"} {
		b.Run(text, func(b *testing.B) {
			spec := MustParse(text, -10)
			var g Generator
			g.Start(&spec)
			out := make([]int16, int(20*time.Millisecond/samplePeriod))
			for b.Loop() {
				g.Read(out)
			}
		})
	}
}
