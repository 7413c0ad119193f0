package plc

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// vowel is a voiced sound: a pulse train of so many hertz with falling harmonics.
func vowel(n int, hz float64) []int16 {
	x := make([]int16, n)
	for i := range x {
		var v float64
		for k := 1.0; k*hz < 3400; k++ {
			v += 3000 / k * math.Sin(2*math.Pi*k*hz/dsp.SampleRate*float64(i)+k*k)
		}
		x[i] = int16(v)
	}
	return x
}

// conceal passes x through c in frames of n samples and returns what comes out.
func conceal(c *Concealer, x []int16, n int, lost func(frame int) bool) []int16 {
	out := slices.Clone(x)
	for i := 0; (i+1)*n <= len(out); i++ {
		frame := out[i*n : (i+1)*n]
		if !lost(i) {
			c.Good(frame)
			continue
		}
		for k := range frame {
			frame[k] = 0x5555 // what was in the buffer must not matter
		}
		c.Lost(frame)
	}
	return out
}

// A steady vowel goes on through the gap as if nothing was lost, but for the fade.
func TestVowelContinues(t *testing.T) {
	for _, hz := range []float64{70, 100, 160, 195} {
		x := vowel(4000, hz)
		out := conceal(new(Concealer), x, 160, func(i int) bool { return i == 10 })
		var wrong, right float64
		for i := 1600; i < 1760; i++ {
			want := float64(x[i]) * float64(gain(i-1600))
			wrong += math.Pow(float64(out[i])-want, 2)
			right += want * want
		}
		if snr := 10 * math.Log10(right/wrong); snr < 15 {
			t.Errorf("%v Hz: gap filled with S/N %.1f dB, want 15", hz, snr)
		}
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

// A long gap fades to silence, neither at once nor late, and the voice comes back
// whole within 10 ms.
func TestLongGap(t *testing.T) {
	slowest := 0.0
	for _, hz := range []float64{70, 110, 160, 195} {
		x := vowel(8000, hz)
		out := conceal(new(Concealer), x, 160, func(i int) bool { return i >= 10 && i < 20 })
		begin, end := 1600, 3200
		if got := dsp.LevelOf(out[begin : begin+80]); got < dsp.LevelOf(x)-3 {
			t.Errorf("%v Hz: first 10 ms at %.1f dBm0, the voice at %.1f", hz, got, dsp.LevelOf(x))
		}
		silent := end - begin
		for silent > 0 && out[begin+silent-1] == 0 {
			silent--
		}
		slowest = max(slowest, float64(silent)/8)
		if silent < 60*8 || silent > 120*8 {
			t.Errorf("%v Hz: silent after %d ms, want 60 to 120", hz, silent/8)
		}
		if !slices.Equal(out[:begin], x[:begin]) {
			t.Errorf("%v Hz: changed before the gap", hz)
		}
		if !slices.Equal(out[end+joinMax:], x[end+joinMax:]) {
			t.Errorf("%v Hz: changed more than 10 ms after the gap", hz)
		}
	}
	openBars(t).Check(t, "silent after", slowest, 1, "ms")
}

// Frames that arrive stay untouched when none is lost.
func TestTransparent(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := make([]int16, 4800)
	dsptest.AddNoise(x, -10, rng)
	if out := conceal(new(Concealer), x, 240, func(int) bool { return false }); !slices.Equal(out, x) {
		t.Error("changed without a loss")
	}
}

// How a gap is cut into frames does not matter.
func TestFrameLengths(t *testing.T) {
	x := vowel(9600, 120)
	want := conceal(new(Concealer), x, 80, func(i int) bool { return i/12%4 == 3 })
	for _, n := range []int{160, 240, 480, 960} {
		got := conceal(new(Concealer), x, n, func(i int) bool { return i*n/960%4 == 3 })
		if !slices.Equal(got, want) {
			t.Errorf("frames of %d give another sound than of 80", n)
		}
	}
}

func TestLossAtTheStart(t *testing.T) {
	var c Concealer
	frame := make([]int16, 160)
	c.Lost(frame)
	if dsp.LevelOf(frame) > -90 {
		t.Error("sound from nothing")
	}
}

// conditions are the losses that the figures are taken on, of 20 ms frames.
var conditions = []struct {
	name  string
	part  float64
	burst int
}{
	{"5 %", 0.05, 1},
	{"10 %", 0.10, 1},
	{"20 %", 0.20, 1},
	{"10 % in 40 ms bursts", 0.10, 2},
	{"10 % in 60 ms bursts", 0.10, 3},
}

// The spectrum of what fills gaps in speech stays as near to what was said as
// it was, the end of a gap makes no click, and what came is changed in the 10 ms
// after a gap alone.
func TestSpeech(t *testing.T) {
	bars := openBars(t)
	var speech [4][]int16
	for i := range speech {
		x := dsptest.Speech(t, dsptest.Voices[2*i], 15, -18, uint64(i))
		speech[i] = x[:15*dsp.SampleRate]
	}
	for _, cond := range conditions {
		t.Run(cond.name, func(t *testing.T) {
			var distance, step float64
			for i, x := range speech {
				lost := dsptest.Losses(len(x)/160, cond.part, cond.burst, uint64(i))
				out := conceal(new(Concealer), x, 160, func(i int) bool { return lost[i] })
				if at := changed(x, out, lost); at >= 0 {
					t.Fatalf("voice %d: what came is changed at sample %d, more than 10 ms after a gap", i, at)
				}
				distance += dsptest.LossDistance(x, out, lost) / float64(len(speech))
				step += dsptest.LossStep(out, lost) / float64(len(speech))
			}
			bars.Check(t, "spectral distance, "+cond.name, distance, 0.15, "dB")
			bars.Check(t, "step after a gap, "+cond.name, step, 25, "")
			if step > 700 {
				t.Errorf("mean step of %.0f after a gap, want at most 700", step)
			}
		})
	}
}

// changed is the first sample of a frame that came, more than 10 ms after a gap,
// that is not as it came; -1 if there is none.
func changed(x, out []int16, lost []bool) int {
	for i, l := range lost {
		from := i * dsptest.LossFrame
		end := from + dsptest.LossFrame
		if i > 0 && lost[i-1] {
			from += joinMax
		}
		for at := from; at < end && !l; at++ {
			if out[at] != x[at] {
				return at
			}
		}
	}
	return -1
}

func TestDoesNotAllocate(t *testing.T) {
	var c Concealer
	frame := vowel(160, 100)
	if n := testing.AllocsPerRun(100, func() {
		c.Good(frame)
		c.Lost(frame)
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func FuzzConcealer(f *testing.F) {
	f.Add([]byte{1, 0, 1, 1, 0, 200, 3}, uint64(1))
	f.Fuzz(func(t *testing.T, script []byte, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var c Concealer
		for _, b := range script {
			frame := make([]int16, int(b>>1)*8)
			for i := range frame {
				frame[i] = int16(rng.Uint32())
			}
			if b&1 == 0 {
				c.Good(frame)
			} else {
				c.Lost(frame)
			}
		}
	})
}

func BenchmarkGood(b *testing.B) {
	var c Concealer
	frame := vowel(160, 100)
	for b.Loop() {
		c.Good(frame)
	}
}

func BenchmarkFirstLost(b *testing.B) {
	var c Concealer
	c.Good(vowel(480, 100))
	frame := make([]int16, 160)
	for b.Loop() {
		c.lost = 0
		c.Lost(frame)
	}
}
