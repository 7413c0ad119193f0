package echo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
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
	t.Parallel()
	trials := 4
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

// What the tone turned off stays off while either direction has a sound of -31 dBm0
// (-27 below 700 Hz) and comes back when all are weaker than -36, as G.168 §7.5 has
// it of single tones of 390 to 3000 Hz.
func TestAnswerToneHolds(t *testing.T) {
	ans := answer{hz: 2100, level: -12, every: 0.45, jump: 180, duration: 2}
	plain := ans
	plain.every = 0
	for _, tone := range []answer{ans, plain} {
		for _, tt := range []answer{
			{hz: 390, level: -27},
			{hz: 699, level: -27},
			{hz: 700, level: -31},
			{hz: 1004, level: -31},
			{hz: 3000, level: -31},
			{hz: 390, level: -36},
			{hz: 1004, level: -36},
			{hz: 3000, level: -36},
		} {
			for _, fromFar := range []bool{true, false} {
				rng := rand.New(rand.NewPCG(2, 42))
				tt.duration = 1
				x := join(tone.make(rng), tt.make(rng))
				far, near := x, make([]int16, len(x))
				if !fromFar {
					far, near = near, far
				}
				c := New(Opts{})
				c.Process(far, near, make([]int16, len(near)))
				if got, want := c.answer.tone(), tt.level > -36; got != want {
					t.Errorf("%v Hz at %v dBm0, from the far end: %v: off %v, want %v", tt.hz, tt.level, fromFar, got, want)
				}
			}
		}
	}
}

// Plain 2100 Hz turns off the suppressor alone, within 200 to 400 ms (G.164): then
// what goes out is near less the echo that the model explains, even where it is so
// weak that it would be taken for residual echo. With the silence of both it is back.
func TestPlainAnswerTone(t *testing.T) {
	l := newLine(t, "m1", 6, linear, Opts{})
	l.talk(css(3, -16, 43), nil)
	x := answer{hz: 2100, level: -16, duration: 1}.make(rand.New(rand.NewPCG(1, 43)))
	l.talk(part(x, 0, 0.2), nil)
	if l.answer.tone() {
		t.Error("off after 200 ms")
	}
	l.talk(part(x, 0.2, 0.4), nil)
	if !l.answer.tone() || l.answer.disables() {
		t.Errorf("after 400 ms: suppressor off %v, canceller off %v", l.answer.tone(), l.answer.disables())
	}
	atMost(t, "plain ANS: weak near speech, weakened by", weakened(l), 0.5, 0.2, "dB")
	sent, out := l.talk(css(1, -16, 44), nil)
	atLeast(t, "plain ANS: ERLE", erle(sent, out, 0, 1), 30, 1, "dB")
	l.talk(quietness(0.5), nil)
	if got := weakened(l); got < 6 {
		t.Errorf("after silence what is 48 dB below the far end is weakened by %.1f dB, want the suppressor back", got)
	}
}

// SetNLP does the same for as long as wanted.
func TestSetNLP(t *testing.T) {
	l := newLine(t, "m1", 6, linear, Opts{})
	l.talk(css(3, -16, 43), nil)
	l.SetNLP(false)
	if got := weakened(l); got > 0.5 {
		t.Errorf("near 48 dB below the far end is weakened by %.1f dB without suppressor", got)
	}
	l.SetNLP(true)
	if got := weakened(l); got < 6 {
		t.Errorf("near 48 dB below the far end is weakened by %.1f dB with suppressor", got)
	}
}

// weakened is by how many decibels a near end 48 dB below the far end is weakened.
func weakened(l *line) float64 {
	near := nearCSS(1.4, -64, 43)
	_, out := l.talk(css(1.4, -16, 43), near)
	return float64(g168.Level(part(near, 0.2, 1.4)) - g168.Level(part(out, 0.2, 1.4)))
}

// Speech does not turn it off, nor the suppressor.
func TestSpeechIsNoAnswer(t *testing.T) {
	t.Parallel()
	seconds, voices := 5.0, dsptest.Voices[:4]
	if racing {
		t.Skip("minutes of speech under the race detector")
	}
	if full() {
		seconds, voices = 1200, dsptest.Voices
	}
	for i, v := range voices {
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
