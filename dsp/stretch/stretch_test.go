package stretch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/pitch"
)

// operation is Shorten or Lengthen.
type operation struct {
	name  string
	do    func(dst, x []int16, most int) int
	ahead int // samples it is given
	sign  int // of the change
}

var operations = []operation{
	{"shorten", Shorten, MaxLag + Overlap + dsp.Frame/2, -1},
	{"lengthen", Lengthen, Overlap, 1},
}

// splice is a change that was made.
type splice struct {
	at   int // in the result: where what was played in place of the voice begins
	n    int // samples of it
	from int // in the voice
	lag  int
}

// stretched changes x wherever it lets itself be changed, but for 80 ms after each
// change.
func (op operation) stretched(x []int16) (out []int16, splices []splice) {
	out = slices.Clone(x[:Past])
	for at := Past; at+op.ahead <= len(x); {
		piece := make([]int16, op.ahead+MaxLag)
		in := append(slices.Clone(out[len(out)-Past:]), x[at:at+op.ahead]...)
		if lag := op.do(piece, in, MaxLag); lag > 0 {
			n := op.ahead + op.sign*lag
			splices = append(splices, splice{len(out), n, at, lag})
			out = append(out, piece[:n]...)
			at += op.ahead
		}
		next := min(at+8*dsp.Frame, len(x))
		out = append(out, x[at:next]...)
		at = next
	}
	return out, splices
}

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

// period measures the period of a vowel of about hz, in samples, between samples
// too: ten of them are taken at once.
func period(x []int16, hz float64) float64 {
	about := int(10 * dsp.SampleRate / hz)
	like := func(lag int) (cross float64) {
		n := len(x) - about - 8
		for i, s := range x[:n] {
			cross += float64(s) * float64(x[i+lag])
		}
		return cross
	}
	best := about - 6
	for lag := about - 6; lag <= about+6; lag++ {
		if like(lag) > like(best) {
			best = lag
		}
	}
	before, here, after := like(best-1), like(best), like(best+1)
	return (float64(best) + (before-after)/(2*(before-2*here+after))) / 10
}

// A voice keeps its pitch within 1 % and its level within 0.5 dB, and no voice is
// left as it is.
func TestVoiceKeepsPitchAndLevel(t *testing.T) {
	for _, op := range operations {
		for _, hz := range []float64{70, 85, 100, 123, 160, 200, 277, 390} {
			t.Run(fmt.Sprint(op.name, " ", hz, " Hz"), func(t *testing.T) {
				x := vowel(2*dsp.SampleRate, hz)
				out, splices := op.stretched(x)
				if len(splices) < 12 {
					t.Fatalf("changed in %d places", len(splices))
				}
				for _, s := range splices {
					in := x[s.from-Past : s.from+op.ahead]
					if change := dsp.LevelOf(out[s.at-Past:s.at+s.n]) - dsp.LevelOf(in); math.Abs(float64(change)) > 0.5 {
						t.Errorf("level changes by %.2f dB at %d", change, s.at)
					}
					end := s.at + s.n
					if lag, like := pitch.Find(out[end-2*MaxLag:end], MaxLag, 20, MaxLag); like < 0.97 {
						t.Errorf("only %.3f like itself after %d at %d", like, lag, s.at)
					}
				}
				was, is := period(x, hz), period(out, hz)
				if math.Abs(is/was-1) > 0.01 {
					t.Errorf("period of %.2f samples, was %.2f", is, was)
				}
				if want := len(out) - len(x); want*op.sign < len(splices)*MinLag {
					t.Errorf("%d samples longer after %d changes", want, len(splices))
				}
			})
		}
	}
}

// talk is of five voices.
func talk(seconds int) (voices [][]int16) {
	for seed, hz := range []float64{85, 110, 150, 210, 300} {
		voices = append(voices, dsptest.Talk(seconds*dsp.SampleRate, hz, -16, uint64(seed)))
	}
	return voices
}

// A change makes no click: the second difference of the samples is nowhere more
// than the voice's own within 25 ms of that place.
func TestNoClick(t *testing.T) {
	for i, x := range talk(4) {
		for _, op := range operations {
			out, splices := op.stretched(x)
			if len(splices) < 8 {
				t.Errorf("%s, voice %d: only %d changes in 4 s", op.name, i, len(splices))
			}
			for _, s := range splices {
				own := bend(x[max(s.from-Past, 0):min(s.from+op.ahead+Past, len(x))])
				if got := bend(out[s.at-2 : s.at+s.n+2]); float64(got) > 1.02*float64(own) {
					t.Errorf("%s, voice %d: second difference of %d at %d, the voice's is %d", op.name, i, got, s.at, own)
				}
			}
		}
	}
}

// bend is the largest second difference of x.
func bend(x []int16) (most int32) {
	for i := 2; i < len(x); i++ {
		d := int32(x[i]) - 2*int32(x[i-1]) + int32(x[i-2])
		most = max(most, d, -d)
	}
	return most
}

// The sound of a changed piece is nearer to what was said than what was said is
// to itself 10 ms later: a change is less than what the voice does anyway. The
// level stays within 0.5 dB. The figures are kept.
func TestSpectrum(t *testing.T) {
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	voices := talk(4)
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			var m measured
			for _, x := range voices {
				m.add(op, x)
			}
			m.check(t, bars, "talk, "+op.name)
		})
	}
}

// TestSpeech is the same with speech.
func TestSpeech(t *testing.T) {
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	var speech [4][]int16
	for i := range speech {
		speech[i] = dsptest.Speech(t, dsptest.Voices[2*i], 15, -18, uint64(i))[:15*dsp.SampleRate]
	}
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			var m measured
			for _, x := range speech {
				m.add(op, x)
			}
			m.check(t, bars, "speech, "+op.name)
		})
	}
}

// measured is what changes did to a voice.
type measured struct {
	pieces, changed, samples int
	distance, natural, level float64 // sums over the pieces
}

// add changes x.
func (m *measured) add(op operation, x []int16) {
	out, splices := op.stretched(x)
	m.samples += len(x)
	for _, s := range splices {
		m.changed += s.lag
		for at := s.at - dsp.Frame; at < s.at+s.n && at+160 <= len(out); at += dsp.Frame {
			near := dsptest.Likest(x, out[at:], s.from+at-s.at, MaxLag)
			m.pieces++
			m.distance += dsptest.SpectralDistance(out[at:], x[near:])
			m.level += math.Abs(level(out[at:at+160]) - level(x[near:near+160]))
			m.natural += dsptest.SpectralDistance(x[near+dsp.Frame:], x[near:])
		}
	}
}

// level is that of a piece in dBm0, of silence that of a quiet line.
func level(x []int16) float64 { return max(-65, float64(dsp.LevelOf(x))) }

func (m *measured) check(t *testing.T, bars *dsptest.Bars, name string) {
	n := float64(m.pieces)
	distance, natural := m.distance/n, m.natural/n
	if distance > natural {
		t.Errorf("%s: spectral distance %.2f dB, the voice's own in 10 ms is %.2f dB", name, distance, natural)
	}
	if level := m.level / n; level > 0.5 {
		t.Errorf("%s: the level changes by %.2f dB in the mean", name, level)
	}
	bars.Check(t, name+", change of level", m.level/n, 0.05, "dB")
	bars.Check(t, name+", spectral distance", distance, 0.15, "dB")
	bars.Check(t, name+", share of time changed", 100*float64(m.changed)/float64(m.samples), -0.5, "%")
}

// What has no pitch is left alone: noise, silence, a burst, a pulse.
func TestUnvoiced(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	noise := make([]int16, 8000)
	dsptest.AddNoise(noise, -16, rng)
	faint := vowel(8000, 100)
	for i := range faint {
		faint[i] /= 200
	}
	onset := make([]int16, 8000)
	copy(onset[4000:], vowel(4000, 100))
	pulse := make([]int16, 8000)
	pulse[4321] = 30000
	for name, x := range map[string][]int16{"noise": noise, "silence": make([]int16, 8000), "faint": faint, "pulse": pulse} {
		for _, op := range operations {
			if out, splices := op.stretched(x); len(splices) > 0 || !slices.Equal(out, x[:len(out)]) {
				t.Errorf("%s: %s in %d places", name, op.name, len(splices))
			}
		}
	}
	for _, op := range operations {
		for at := 4000 - op.ahead + 1; at < 4000+MaxLag; at += 7 {
			seam := at // where the two pieces meet
			if op.sign < 0 {
				seam += MaxLag
			}
			lag := op.do(make([]int16, 400), onset[at-Past:at+op.ahead], MaxLag)
			if lag > 0 && seam-lag < 4000 {
				t.Errorf("%s by %d at %d, where a voice sets in at 4000", op.name, lag, at)
			}
		}
	}
}

// No more is changed than was asked for, down to nothing.
func TestMost(t *testing.T) {
	x := vowel(Past+240, 100)
	for _, op := range operations {
		for most := -10; most <= 200; most++ {
			lag := op.do(make([]int16, 400), x[:Past+op.ahead], most)
			if lag > most && lag != 0 || lag != 0 && (lag < MinLag || lag > MaxLag) || most >= 80 && lag == 0 {
				t.Errorf("%s by %d, asked for %d at most", op.name, lag, most)
			}
		}
	}
}

// FuzzStretch: nothing panics, and what is left outside the blend is what was said.
func FuzzStretch(f *testing.F) {
	f.Add(uint64(1), 120, 60, 3)
	f.Add(uint64(2), 0, 80, 0)
	f.Fuzz(func(t *testing.T, seed uint64, most, cycle, flat int) {
		rng := rand.New(rand.NewPCG(seed, 1))
		x := make([]int16, Past+240)
		for i := range x {
			x[i] = int16(rng.Uint32())
			if p := i - max(1, cycle&127); p >= 0 && rng.IntN(1+flat&0xFF) > 0 {
				x[i] = x[p]
			}
		}
		for _, op := range operations {
			in := slices.Clone(x[:Past+op.ahead])
			dst := make([]int16, op.ahead+MaxLag)
			lag := op.do(dst, in, most)
			if !slices.Equal(in, x[:len(in)]) {
				t.Fatal("changed what it was given")
			}
			if n := op.ahead + op.sign*lag; lag > 0 && dst[n-1] != in[len(in)-1] {
				t.Fatalf("%s by %d ends with %d, want %d", op.name, lag, dst[n-1], in[len(in)-1])
			}
		}
	})
}

func TestDoesNotAllocate(t *testing.T) {
	x, dst := vowel(Past+240, 100), make([]int16, 400)
	for _, op := range operations {
		if n := testing.AllocsPerRun(100, func() { op.do(dst, x[:Past+op.ahead], MaxLag) }); n != 0 {
			t.Errorf("%s: %v allocations", op.name, n)
		}
	}
}

func BenchmarkStretch(b *testing.B) {
	x, dst := vowel(Past+240, 100), make([]int16, 400)
	for _, op := range operations {
		b.Run(op.name, func(b *testing.B) {
			for b.Loop() {
				op.do(dst, x[:Past+op.ahead], MaxLag)
			}
		})
	}
}
