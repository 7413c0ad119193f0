package dtmf

import (
	"math"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
)

// measure finds a tone's frequency and level in x, near hz.
func measure(x []int16, hz float64) (float64, dsp.DBm0) {
	half := len(x) / 2
	re1, im1 := correlate(x[:half], hz, 0)
	re2, im2 := correlate(x[half:2*half], hz, half)
	turn := math.Atan2(im2, re2) - math.Atan2(im1, re1)
	turn = math.Remainder(turn, 2*math.Pi)
	peak := (math.Hypot(re1, im1) + math.Hypot(re2, im2)) / 2
	return hz + turn*dsp.SampleRate/(2*math.Pi*float64(half)), dsp.Level(peak / math.Sqrt2)
}

// correlate returns amplitude and phase of hz in x through a Hann window.
func correlate(x []int16, hz float64, offset int) (re, im float64) {
	for i, s := range x {
		w := (1 - math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(x)))) * 2 / float64(len(x))
		phase := 2 * math.Pi * hz / dsp.SampleRate * float64(i+offset)
		re += w * float64(s) * math.Cos(phase)
		im -= w * float64(s) * math.Sin(phase)
	}
	return re, im
}

func TestGenerator(t *testing.T) {
	var worstHz, worstLevel float64
	for _, key := range []byte(Keys()) {
		var g Generator
		g.Start(key, -10, 2)
		x := make([]int16, 8160)
		g.Read(x)
		low, high, _ := Frequencies(key)
		for _, tone := range []struct {
			hz    float64
			level dsp.DBm0
		}{{low, -10}, {high, -8}} {
			hz, level := measure(x[160:], tone.hz)
			worstHz = max(worstHz, 100*math.Abs(hz/tone.hz-1))
			worstLevel = max(worstLevel, math.Abs(float64(level-tone.level)))
			if math.Abs(hz/tone.hz-1) > 0.0002 || math.Abs(float64(level-tone.level)) > 0.1 {
				t.Errorf("key %c: %.2f Hz at %.2f dBm0, want %v at %v", key, hz, level, tone.hz, tone.level)
			}
		}
		g.Stop()
		if g.Read(x[:40]); g.Playing() {
			t.Errorf("key %c does not stop", key)
		}
	}
	bars := openBars(t)
	bars.Check(t, "worst error of frequency", worstHz, 0.002, "%")
	bars.Check(t, "worst error of level", worstLevel, 0.01, "dB")
}

// What the generator keys at 40/40 ms, the detector hears, edges included.
func TestKeyedDigitsAreHeard(t *testing.T) {
	var g Generator
	d := NewDetector(Opts{})
	block := make([]int16, 80)
	var got string
	at, began := int64(0), int64(0)
	for _, key := range []byte(keys) {
		g.StartFor(key, -10, 2, 320, 320)
		began = at
		for g.Playing() {
			g.Read(block)
			d.Process(block)
			at += int64(len(block))
			for e, ok := d.Next(); ok; e, ok = d.Next() {
				if !e.Down {
					continue
				}
				got += string(e.Key)
				if late := e.At - began; late < 0 || late > 40 {
					t.Errorf("key %c begins %d samples late, the edge is 32 long", e.Key, late)
				}
			}
		}
		if on := at - began; on < 640 || on > 720 {
			t.Errorf("key %c took %d samples, want 640 and the rest of its block", key, on)
		}
	}
	if got != keys {
		t.Errorf("heard %q, keyed %q", got, keys)
	}
}

func TestUnknownKeyIsSilent(t *testing.T) {
	var g Generator
	g.StartFor('x', -10, 0, 320, 320)
	x := make([]int16, 640)
	g.Read(x)
	if dsp.LevelOf(x) > -90 {
		t.Error("an unknown key sounds")
	}
	if _, _, ok := Frequencies('x'); ok {
		t.Error("an unknown key has frequencies")
	}
}

func TestGeneratorDoesNotAllocate(t *testing.T) {
	var g Generator
	x := make([]int16, 160)
	if n := testing.AllocsPerRun(100, func() {
		g.StartFor('5', -10, 2, 80, 40)
		g.Mix(x)
		g.Start('7', -10, 2)
		g.Read(x)
		g.Stop()
	}); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}
