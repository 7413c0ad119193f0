package echo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
)

// How the samples are cut into calls does not matter, nor whether out is near.
func TestBlocks(t *testing.T) {
	l := newLine(t, "m1", 10, "PCMA", Opts{})
	far := css(2.4, -16, 51)
	near := l.hear(far, nearCSS(2.4, -30, 51))
	want := make([]int16, len(near))
	New(Opts{}).Process(far, near, want)
	for _, n := range []int{80, 160, 240, 480} {
		got := slices.Clone(near)
		c := New(Opts{})
		for i := 0; i < len(got); i += n {
			c.Process(far[i:i+n], got[i:i+n], got[i:i+n])
		}
		if !slices.Equal(got, want) {
			t.Errorf("blocks of %d in place give another sound than one of all", n)
		}
	}
}

// Samples behind the last whole block pass.
func TestRest(t *testing.T) {
	near := slices.Repeat([]int16{5000}, 200)
	out := make([]int16, 200)
	New(Opts{}).Process(make([]int16, 200), near, out)
	if !slices.Equal(out[160:], near[160:]) {
		t.Error("changed samples that are no block")
	}
}

func TestReset(t *testing.T) {
	l := newLine(t, "m1", 10, "PCMA", Opts{})
	far := css(2.4, -16, 52)
	near := l.hear(far, room(2.4, -40, 52))
	first, again := make([]int16, len(near)), make([]int16, len(near))
	l.Process(far, near, first)
	l.Reset()
	l.Process(far, near, again)
	if !slices.Equal(first, again) {
		t.Error("after a reset the same input gives another output")
	}
}

// While it is off it changes nothing, and knows the line when it is on again.
func TestSetEnabled(t *testing.T) {
	l := newLine(t, "m1", 6, "PCMA", Opts{NoNLP: true})
	l.talk(css(4.2, -16, 53), nil)
	l.SetEnabled(false)
	if sent, out := l.talk(css(1.4, -16, 53), nil); !slices.Equal(sent, out) {
		t.Error("changed while off")
	}
	l.SetEnabled(true)
	if sent, out := l.talk(css(1.4, -16, 53), nil); erle(sent, out, 0, 0.35) < 30 {
		t.Errorf("ERLE %.1f dB when on again", erle(sent, out, 0, 0.35))
	}
}

func TestMeters(t *testing.T) {
	l := newLine(t, "m1", 12, "PCMA", Opts{})
	if got := l.Meters(); got != (Meters{}) {
		t.Errorf("%+v before anything was heard", got)
	}
	far := css(5, -16, 54)
	sent, _ := l.talk(far, nil)
	want := float64(g168.Level(far) - g168.Level(sent))
	got := l.Meters()
	if math.Abs(got.ERL-want) > 1 || got.ERLE < 28 || got.ERLE > 40 || !got.Converged || got.DoubleTalk {
		t.Errorf("%+v after 5 s of an ERL of %.1f dB", got, want)
	}
	l.talk(part(css(1, -16, 54), 0, 0.2), part(nearCSS(1, -16, 54), 0, 0.2))
	if got := l.Meters(); !got.DoubleTalk || got.ERLE < 28 {
		t.Errorf("%+v in double talk", got)
	}
	l = newLine(t, "m1", 6, "PCMA", Opts{})
	l.path = hybrid(t, "m1", 6, 1000)
	l.talk(css(5, -16, 54), nil)
	if got := l.Meters(); got.Converged || got.ERLE > 3 {
		t.Errorf("%+v with an echo behind the tail", got)
	}
}

// The speech of two people who interrupt each other: the one near is not clipped,
// and of the one far nothing comes back while he talks alone.
func TestSpeech(t *testing.T) {
	t.Parallel()
	seconds, voices := 20.0, dsptest.Voices[:4]
	if racing {
		t.Skip("minutes of speech under the race detector")
	}
	if full() {
		seconds, voices = 300, dsptest.Voices
	}
	clipped, windows := 0, 0
	peak, level := dsp.DBm0(-99), dsp.DBm0(-99)
	for i, v := range voices {
		far := dsptest.Speech(t, v, seconds, -16, uint64(i))
		near := dsptest.Speech(t, dsptest.Voices[(i+3)%8], seconds, -22, uint64(i)+100)
		n := samples(seconds)
		far, near = far[:n], near[:n]
		for k := range near { // 5 s each: far, both, near
			switch k / 40000 % 3 {
			case 0:
				near[k] = 0
			case 2:
				far[k] = 0
			}
		}
		l := newLine(t, []string{"m1", "m4", "m5", "m7"}[i%4], 8, "PCMA", Opts{})
		_, out := l.talk(far, near)
		times, of := clippedFor(part(near, 5, seconds), part(out, 5, seconds), 3)
		clipped += times
		windows += of
		for at := 15.0; at+5 <= seconds; at += 15 {
			peak = max(peak, g168.Peak(part(out, at+0.2, at+5)))
			level = max(level, g168.Level(part(out, at+0.2, at+5)))
		}
	}
	t.Logf("%d windows with near speech", windows)
	atMost(t, "speech clipped", 100*float64(clipped)/float64(windows), 0.5, 0.1, "%")
	atMost(t, "speech of the far end alone, level", float64(level), -55, 2, "dBm0")
	atMost(t, "speech of the far end alone, peak", float64(peak), -40, 2, "dBm0")
}

// Nothing that goes in makes it fail, and a second of good input makes it good.
func FuzzProcess(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint16(8))
	f.Add([]byte{0x80, 0, 0x7f, 0xff}, uint16(128))
	f.Add([]byte{}, uint16(0))
	good := css(4.2, -16, 55)
	m, _ := g168.Lookup("m1")
	p := &path{m.Response(6), make([]float64, len(m.Coefficients))}
	echo := make([]int16, len(good))
	for i, v := range good {
		echo[i] = int16(math.Round(p.step(float64(v))))
	}
	f.Fuzz(func(t *testing.T, data []byte, tail uint16) {
		c := New(Opts{Tail: time.Duration(tail) * time.Millisecond, NoNLP: true})
		n := len(data) / 4
		far, near := make([]int16, n), make([]int16, n)
		for i := range far {
			far[i] = int16(data[4*i]) | int16(data[4*i+1])<<8
			near[i] = int16(data[4*i+2]) | int16(data[4*i+3])<<8
		}
		c.Process(far, near, near)
		out := make([]int16, len(good))
		c.Process(good, echo, out)
		if got := erle(echo, out, 2.8, 4.2); got < 20 {
			t.Errorf("ERLE %.1f dB after %d samples", got, n)
		}
		for _, v := range c.foreground {
			for k := range bins {
				if v.Re[k] != v.Re[k] || v.Im[k] != v.Im[k] {
					t.Fatal("not a number")
				}
			}
		}
	})
}

func TestNoAllocation(t *testing.T) {
	rng := rand.New(rand.NewPCG(56, 1))
	c := New(Opts{})
	far, near := make([]int16, 160), make([]int16, 160)
	if n := testing.AllocsPerRun(200, func() {
		dsptest.AddNoise(far, -30, rng)
		copy(near, far)
		c.Process(far, near, near)
		_ = c.Meters()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var tails = []Opts{
	{Tail: 8 * time.Millisecond},
	{Tail: 16 * time.Millisecond},
	{Tail: 32 * time.Millisecond},
	{Tail: 64 * time.Millisecond},
	{Tail: 128 * time.Millisecond},
}

func BenchmarkProcess(b *testing.B) {
	for _, opts := range tails {
		b.Run(opts.Tail.String(), func(b *testing.B) {
			far := css(7, -16, 57)
			near := (&line{New(opts), hybrid(b, "m1", 6, 0), "PCMA"}).hear(far, room(7, -50, 57))
			c, out, at := New(opts), make([]int16, 160), 0
			for b.Loop() {
				c.Process(far[at:at+160], near[at:at+160], out)
				at = (at + 160) % len(far)
			}
		})
	}
}
