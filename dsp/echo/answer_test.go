package echo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// answer is the tone of an answering modem.
type answer struct {
	hz       float64
	level    dsp.DBm0
	every    float64 // seconds between phase jumps, 0 = none
	jump     float64 // degrees
	am       float64 // of 15 Hz (ANSam)
	noise    dsp.DBm0
	duration float64
}

func (a answer) make(rng *rand.Rand) []int16 {
	out := make([]int16, samples(a.duration))
	phase := rng.Float64() * 2 * math.Pi
	first := rng.Float64() * a.every
	for i := range out {
		at := float64(i) / dsp.SampleRate
		jumps := 0.0
		if a.every > 0 {
			jumps = math.Floor((at + a.every - first) / a.every)
		}
		v := math.Sin(phase + 2*math.Pi*a.hz*at + jumps*a.jump*math.Pi/180)
		v *= 1 + a.am*math.Sin(2*math.Pi*15*at)
		out[i] = dsp.Saturate(int32(math.Round(a.level.Amplitude() * v)))
	}
	if a.noise != 0 {
		dsptest.AddNoise(out, a.noise, rng)
	}
	return out
}

// offAt returns when c turned itself off while it heard far and near, in seconds,
// or 0.
func offAt(c *Canceller, far, near []int16) float64 {
	out := make([]int16, block)
	for i := 0; i+block <= len(far); i += block {
		c.Process(far[i:i+block], near[i:i+block], out)
		if c.answer.disables() {
			return float64(i+block) / dsp.SampleRate
		}
	}
	return 0
}

// Test 10: the tone with phase reversals turns the canceller off, in either
// direction, within 1.0 to 1.6 s.
func TestAnswerTone(t *testing.T) {
	trials := 20
	if racing {
		trials = 2
	}
	if full() {
		trials = 400
	}
	ans := answer{hz: 2100, level: -12, every: 0.45, jump: 180, duration: 3}
	changed := func(change func(*answer)) answer {
		a := ans
		change(&a)
		return a
	}
	for _, tt := range []struct {
		name string
		tone answer
		off  bool
	}{
		{"plain ANS", changed(func(a *answer) { a.every = 0 }), false},
		{"plain ANSam", changed(func(a *answer) { a.every, a.am = 0, 0.2 }), false},
		{"ANS", ans, true},
		{"ANSam", changed(func(a *answer) { a.am = 0.2 }), true},
		{"2079 Hz", changed(func(a *answer) { a.hz = 2079 }), true},
		{"2121 Hz", changed(func(a *answer) { a.hz = 2121 }), true},
		{"2000 Hz", changed(func(a *answer) { a.hz = 2000 }), false},
		{"2200 Hz", changed(func(a *answer) { a.hz = 2200 }), false},
		{"every 425 ms", changed(func(a *answer) { a.every = 0.425 }), true},
		{"every 475 ms", changed(func(a *answer) { a.every = 0.475 }), true},
		{"every 300 ms", changed(func(a *answer) { a.every = 0.3 }), false},
		{"155 degrees", changed(func(a *answer) { a.jump = 155 }), true},
		{"110 degrees", changed(func(a *answer) { a.jump = 110 }), false},
		{"-31 dBm0", changed(func(a *answer) { a.level = -31 }), true},
		{"-40 dBm0", changed(func(a *answer) { a.level = -40 }), false},
		{"S/N 11 dB", changed(func(a *answer) { a.noise = -23 }), true},
	} {
		for trial := range trials {
			rng := rand.New(rand.NewPCG(uint64(trial), 41))
			x := tt.tone.make(rng)
			far, near := x, quietness(tt.tone.duration)
			if trial%2 == 1 {
				far, near = near, far
			}
			at := offAt(New(Opts{}), far, near)
			switch {
			case !tt.off && at != 0:
				t.Errorf("%s, trial %d: off after %.2f s", tt.name, trial, at)
			case tt.off && (at < 1 || at > 1.6):
				t.Errorf("%s, trial %d: off after %.2f s, want 1 to 1.6", tt.name, trial, at)
			}
		}
	}
}

// While it is off nothing is changed; it comes back 250 ms after both directions
// are silent, and earlier gaps do not matter.
func TestAnswerToneRelease(t *testing.T) {
	c := New(Opts{})
	x := answer{hz: 2100, level: -12, every: 0.45, jump: 180, duration: 2}.make(rand.New(rand.NewPCG(1, 42)))
	if offAt(c, x, quietness(2)) == 0 {
		t.Fatal("not off")
	}
	modem := room(1, -15, 42)
	for range 10 {
		out := make([]int16, len(modem))
		c.Process(modem, modem, out)
		if !slices.Equal(out, modem) {
			t.Fatal("changed while off")
		}
		c.Process(quietness(0.1), quietness(0.1), out)
	}
	c.Process(modem, modem, make([]int16, len(modem)))
	silent := 0
	for out := make([]int16, block); c.answer.disables() && silent < 100; silent++ {
		c.Process(make([]int16, block), make([]int16, block), out)
	}
	atMost(t, "released after", float64(silent)*10, 400, 0, "ms")
	if silent < 10 {
		t.Errorf("released after %d ms, want 100 or more", silent*10)
	}
}

// Plain 2100 Hz turns off the suppressor alone: the caller's side of a fax hears
// what the line sends.
func TestPlainAnswerTone(t *testing.T) {
	l := newLine(t, "m1", 6, "PCMA", Opts{})
	l.talk(css(3, -16, 43), nil)
	x := answer{hz: 2100, level: -16, duration: 2}.make(rand.New(rand.NewPCG(1, 43)))
	l.talk(part(x, 0, 0.5), nil)
	if !l.answer.tone() || l.answer.disables() {
		t.Errorf("tone %v, disables %v", l.answer.tone(), l.answer.disables())
	}
}

// Speech does not turn it off, nor the suppressor.
func TestSpeechIsNoAnswer(t *testing.T) {
	seconds := 15.0
	if racing {
		t.Skip("minutes of speech under the race detector")
	}
	if full() {
		seconds = 1200
	}
	for i, v := range dsptest.Voices {
		x := dsptest.Speech(t, v, seconds, -13, uint64(i))
		x = x[:len(x)/block*block]
		c := New(Opts{})
		out := make([]int16, block)
		for k := 0; k < len(x); k += block {
			c.Process(x[k:k+block], x[k:k+block], out)
			if c.answer.tone() {
				t.Errorf("%s: heard a tone after %v s", v.Name, float64(k)/dsp.SampleRate)
				break
			}
		}
	}
}

func ExampleCanceller() {
	c := New(Opts{Tail: DefaultTail})
	hybrid := []float64{0, 0, 0.3, 0.2, -0.1} // of the line
	rng := rand.New(rand.NewPCG(1, 1))
	far, near := make([]int16, 2*dsp.Frame), make([]int16, 2*dsp.Frame)
	var sum float64
	for range 100 {
		for i := range far { // far was played while near was recorded
			far[i] = int16(2000 * rng.NormFloat64())
			sum = 0
			for k, g := range hybrid {
				if i >= k {
					sum += g * float64(far[i-k])
				}
			}
			near[i] = int16(sum)
		}
		c.Process(far, near, near) // in place: near is now without the echo
	}
	m := c.Meters()
	fmt.Printf("echo return loss %.0f dB, converged %v\n", m.ERL, m.Converged)
	// Output: echo return loss 9 dB, converged true
}
