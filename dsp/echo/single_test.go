package echo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
)

// The tests here are those of ITU-T G.168 with one end talking, and what we ask
// beyond it. Figures are of the worst of the models.

// Test 2B and the speed of convergence, without the suppressor.
func TestConvergence(t *testing.T) {
	t.Parallel()
	for _, c := range codings {
		names := g168.Names()
		if !full() && (racing || c != "PCMA") {
			names = models(c)
		}
		early, late, steady, margin := math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1)
		for _, m := range names {
			l := newLine(t, m, 6, c, Opts{NoNLP: true})
			sent, out := l.talk(css(12, -16, 1), nil)
			early = min(early, erle(sent, out, 0.5, 1))
			late = min(late, erle(sent, out, 1, 2))
			steady = min(steady, erle(sent, out, 10, 12))
			margin = min(margin, mask(-16)-float64(g168.Level(part(out, 10, 11.9))))
		}
		want := 34.0
		if c == linear {
			want = 45
		}
		atLeast(t, fmt.Sprintf("convergence %s 0.5-1 s", c), early, 25, 0.5, "dB")
		atLeast(t, fmt.Sprintf("convergence %s 1-2 s", c), late, 33, 0.5, "dB")
		atLeast(t, fmt.Sprintf("convergence %s steady", c), steady, want, 0.5, "dB")
		atLeast(t, fmt.Sprintf("2B %s margin at -16 dBm0", c), margin, 10, 0.5, "dB")
	}
}

// Test 2B at all levels and losses.
func TestMask(t *testing.T) {
	t.Parallel()
	for _, c := range laws {
		margin := math.Inf(1)
		for _, m := range models(c) {
			for _, erl := range losses() {
				for _, level := range levels() {
					l := newLine(t, m, erl, c, Opts{NoNLP: true})
					_, out := l.talk(css(5, level, 2), nil)
					margin = min(margin, mask(level)-float64(g168.Level(part(out, 3, 5))))
				}
			}
		}
		atLeast(t, fmt.Sprintf("2B %s margin", c), margin, 0, 1, "dB")
	}
}

// Test 2A: the echo that comes back with the suppressor, from one second on.
func TestReturn(t *testing.T) {
	t.Parallel()
	for _, c := range laws {
		worst, first := dsp.DBm0(-99), math.Inf(1)
		for _, m := range models(c) {
			for _, erl := range losses() {
				for _, level := range levels() {
					l := newLine(t, m, erl, c, Opts{})
					far := join(quietness(0.2), css(4, level, 3))
					_, out := l.talk(far, nil)
					peak := g168.Peak(part(out, 1.2, 4.2))
					if peak > -65 {
						t.Errorf("%s %s ERL %v far %v dBm0: %.1f dBm0 comes back", c, m, erl, level, peak)
					}
					worst = max(worst, peak)
					first = min(first, float64(g168.Level(part(far, 0.2, 1.2))-g168.Level(part(out, 0.2, 1.2))))
				}
			}
		}
		atMost(t, fmt.Sprintf("2A %s returned from 1 s", c), float64(worst), -65, 1, "dBm0")
		atLeast(t, fmt.Sprintf("2A %s loss in the first second", c), first, 20, 1, "dB")
	}
}

// Test 2C: convergence in noise 15 dB below the far end. What is left is no
// louder than the noise.
func TestConvergenceInNoise(t *testing.T) {
	for _, c := range laws {
		worst := -99.0
		for _, m := range models(c) {
			for _, level := range []dsp.DBm0{-25, -16, -10} {
				noise := min(level-15, -30)
				l := newLine(t, m, 6, c, Opts{NoNLP: true})
				l.talk(css(1, level, 4), room(1, noise, 4))
				_, out := l.frozen(level)
				worst = max(worst, float64(g168.Level(out)-noise))
			}
		}
		atMost(t, fmt.Sprintf("2C %s residual over noise", c), worst, 0, 1, "dB")
	}
}

// Test 4: two minutes of silence do not harm what was learnt.
func TestSilence(t *testing.T) {
	l := newLine(t, "m1", 6, "PCMA", Opts{NoNLP: true})
	l.talk(css(5, -16, 5), nil)
	l.talk(quietness(120), room(120, -50, 5))
	sent, out := l.talk(css(1, -16, 6), nil)
	atLeast(t, "4 after two minutes of silence", erle(sent, out, 0, 0.35), 25, 1, "dB")
}

// Test 5: the echo path is opened.
func TestPathOpened(t *testing.T) {
	worst, soon := dsp.DBm0(-99), dsp.DBm0(-99)
	for _, m := range models("PCMA") {
		l := newLine(t, m, 6, "PCMA", Opts{NoNLP: true})
		l.talk(css(5, -10, 7), nil)
		clear(l.path.taps)
		_, out := l.talk(css(12, -10, 8), nil)
		soon = max(soon, g168.Peak(part(out, 1, 12)))
		worst = max(worst, g168.Peak(part(out, 10, 12)))
	}
	atMost(t, "5 opened path, after 10 s", float64(worst), -65, 1, "dBm0")
	atMost(t, "5 opened path, after 1 s", float64(soon), -65, 1, "dBm0")
}

// toneTime is how long each of them sounds.
func toneTime() float64 {
	if racing {
		return 1
	}
	return 5
}

var signalTones = [][]float64{
	{697}, {941}, {1336}, {1633}, {697, 1209}, {770, 1336}, {852, 1477}, {941, 1633},
}

// Test 6: tones do not harm what was learnt.
func TestTones(t *testing.T) {
	t.Parallel()
	for _, c := range codings {
		worst := math.Inf(1)
		for _, m := range models(c) {
			l := newLine(t, m, 6, c, Opts{NoNLP: true})
			l.talk(css(5, -16, 9), nil)
			for _, hz := range signalTones {
				l.talk(tone(toneTime(), -16, hz...), nil)
			}
			sent, out := l.talk(css(1, -16, 10), nil)
			worst = min(worst, erle(sent, out, 0, 0.35))
		}
		atLeast(t, fmt.Sprintf("6 %s after tones, first 350 ms", c), worst, 20, 1, "dB")
	}
}

// Tests 7 and 8: tones through a canceller that knows nothing are not amplified,
// however long they last.
func TestTonesAtFirst(t *testing.T) {
	t.Parallel()
	seconds := 10.0
	if racing {
		seconds = 2
	}
	if full() {
		seconds = 120
	}
	worst := math.Inf(1)
	for _, hz := range [][]float64{{1004}, {2400, 2600}, {2600}, {697, 1209}, {2280}, {700, 900}} {
		l := newLine(t, "m4", 6, "PCMU", Opts{NoNLP: true})
		sent, out := l.talk(tone(seconds, -10, hz...), nil)
		worst = min(worst, erle(sent, out, 0.1, seconds))
		sent, out = l.talk(css(2, -16, 11), nil)
		atLeast(t, fmt.Sprintf("7 convergence after %v Hz", hz), erle(sent, out, 1, 2), 30, 1, "dB")
	}
	atLeast(t, "7 loss of tones at first", worst, -0.5, 1, "dB")
}

// A path that changes is learnt anew.
func TestPathChange(t *testing.T) {
	for _, c := range laws {
		l := newLine(t, "m1", 6, c, Opts{NoNLP: true})
		l.talk(css(5, -16, 12), nil)
		l.path = hybrid(t, "m4", 6, 0)
		sent, out := l.talk(css(5, -16, 13), nil)
		atLeast(t, fmt.Sprintf("change %s m1 to m4, 0-1 s", c), erle(sent, out, 0, 1), 3, 1, "dB")
		atLeast(t, fmt.Sprintf("change %s m1 to m4, 1-2 s", c), erle(sent, out, 1, 2), 25, 1, "dB")
		atLeast(t, fmt.Sprintf("change %s m1 to m4, 2-5 s", c), erle(sent, out, 2, 5), 33, 1, "dB")
	}
}

// An echo at the end of the tail is cancelled like one at its beginning.
func TestTails(t *testing.T) {
	for _, tt := range []struct {
		tail time.Duration
		want float64
	}{
		{8 * time.Millisecond, 40},
		{16 * time.Millisecond, 40},
		{32 * time.Millisecond, 40},
		{64 * time.Millisecond, 40},
		{128 * time.Millisecond, 30},
	} {
		delay := max(0, int(tt.tail.Seconds()*dsp.SampleRate)-96)
		l := newLine(t, "m1", 6, linear, Opts{Tail: tt.tail, NoNLP: true})
		l.path = hybrid(t, "m1", 6, delay)
		sent, out := l.talk(css(5, -16, 14), nil)
		atLeast(t, fmt.Sprintf("tail %v, delay %d samples", tt.tail, delay), erle(sent, out, 3, 5), tt.want, 1, "dB")
	}
}

// Offset of the converters is no echo and does not come out.
func TestOffset(t *testing.T) {
	l := newLine(t, "m2", 6, linear, Opts{NoNLP: true})
	offset := quietness(5)
	for i := range offset {
		offset[i] = 1000
	}
	sent, out := l.talk(css(5, -16, 15), offset)
	atLeast(t, "offset", erle(sent, out, 3, 5), 40, 1, "dB")
	mean := 0.0
	for _, v := range part(out, 3, 5) {
		mean += float64(v) / float64(samples(2))
	}
	if math.Abs(mean) > 1 {
		t.Errorf("offset of %.1f left of 1000", mean)
	}
}

// Noise that fills the scale, for a time, leaves the canceller able to learn.
func TestAbuse(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 1))
	for _, name := range []string{"noise", "square", "near alone", "offset"} {
		l := newLine(t, "m3", 6, linear, Opts{NoNLP: true})
		far, near := quietness(3), quietness(3)
		for i := range far {
			switch name {
			case "noise":
				far[i], near[i] = int16(rng.Uint32()), int16(rng.Uint32())
			case "square":
				far[i], near[i] = int16(i/50%2*65535-32768), int16(i/37%2*65535-32768)
			case "near alone":
				near[i] = int16(rng.Uint32())
			case "offset":
				far[i], near[i] = math.MinInt16, math.MaxInt16
			}
		}
		out := make([]int16, len(far))
		l.Process(far, near, out)
		sent, out := l.talk(css(4, -16, 17), nil)
		atLeast(t, "after full-scale "+name, erle(sent, out, 1, 2), 30, 1, "dB")
	}
}
