package echo

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
	"github.com/ata-agent/ata-agent/dsp/g711"
)

// full says whether to take the figures at full size.
func full() bool { return os.Getenv("ATA_FULL") == "1" }

// bars are the figures recorded of the sample that is taken by default.
var bars = func() *dsptest.Bars {
	b, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		panic(err)
	}
	return b
}()

// atLeast checks a figure that is better when higher: against its limit, and
// unless taken of more or less than the sample against the one recorded.
func atLeast(t *testing.T, name string, got, limit, slack float64, unit string) {
	t.Helper()
	if !(got >= limit) {
		t.Errorf("%s: %.2f %s, want %v or more", name, got, unit, limit)
	}
	record(t, name, got, -slack, unit)
}

// atMost checks a figure that is better when lower.
func atMost(t *testing.T, name string, got, limit, slack float64, unit string) {
	t.Helper()
	if !(got <= limit) {
		t.Errorf("%s: %.2f %s, want %v or less", name, got, unit, limit)
	}
	record(t, name, got, slack, unit)
}

func record(t *testing.T, name string, got, slack float64, unit string) {
	t.Helper()
	if full() || racing {
		t.Logf("%s: %.4g %s", name, got, unit)
		return
	}
	bars.Check(t, name, got, slack, unit)
}

// coding is what the samples of both directions pass on their way.
type coding string

const linear coding = "linear"

var codings = func() []coding {
	if racing {
		return []coding{"PCMA"}
	}
	return []coding{"PCMA", "PCMU", linear}
}()

// laws are the codings of G.711.
var laws = codings[:min(2, len(codings))]

// pass codes and decodes x in place.
func (c coding) pass(x []int16) []int16 {
	law := g711.ALaw
	switch c {
	case linear:
		return x
	case "PCMU":
		law = g711.MuLaw
	}
	codes := make([]byte, len(x))
	g711.Encode(law, codes, x)
	g711.Decode(law, x, codes)
	return x
}

// path is a hybrid.
type path struct {
	taps []float64
	past []float64 // newest first
}

// hybrid is a model of G.168 behind a delay of samples.
func hybrid(t testing.TB, model string, erl float64, delay int) *path {
	t.Helper()
	m, ok := g168.Lookup(model)
	if !ok {
		t.Fatalf("no model %q", model)
	}
	taps := append(make([]float64, delay), m.Response(erl)...)
	return &path{taps, make([]float64, len(taps))}
}

// step returns the echo of v.
func (p *path) step(v float64) (echo float64) {
	copy(p.past[1:], p.past)
	p.past[0] = v
	for k, g := range p.taps {
		echo += g * p.past[k]
	}
	return echo
}

// line is a canceller with its hybrid.
type line struct {
	*Canceller
	path   *path
	coding coding
}

func newLine(t testing.TB, model string, erl float64, c coding, opts Opts) *line {
	return &line{New(opts), hybrid(t, model, erl, 0), c}
}

// hear returns what the near side sends while far is played and near is said;
// near is silence when it is nil. Far is coded in place.
func (l *line) hear(far, near []int16) []int16 {
	l.coding.pass(far)
	out := make([]int16, len(far))
	for i, v := range far {
		sum := l.path.step(float64(v))
		if near != nil {
			sum += float64(near[i])
		}
		out[i] = dsp.Saturate(int32(math.Round(sum)))
	}
	return l.coding.pass(out)
}

// talk passes far and near through line and canceller. It returns what came in
// and what went out.
func (l *line) talk(far, near []int16) (sent, out []int16) {
	sent = l.hear(far, near)
	out = make([]int16, len(far))
	l.Process(far, sent, out)
	return sent, out
}

// frozen passes a new signal of the far end at level through the line, with the
// canceller's model as it is, for a second, and returns what is left.
func (l *line) frozen(level dsp.DBm0) (sent, out []int16) {
	clear(l.path.past)
	far := css(1, level, 99)
	sent = l.hear(far, nil)
	out = make([]int16, len(far))
	h := newHistory(len(l.foreground))
	var farPass, nearPass highPass
	for i := 0; i < len(far); i += block {
		var x, d, echo [block]float32
		e := farPass.process((*[block]int16)(far[i:]), &x)
		nearPass.process((*[block]int16)(sent[i:]), &d)
		h.add(&x, e)
		l.foreground.estimate(&h, &echo)
		for k := range d {
			out[i+k] = round(d[k] - echo[k])
		}
	}
	return sent, out
}

// css is the signal of the far end for some seconds.
func css(seconds float64, level dsp.DBm0, seed uint64) []int16 {
	return g168.Far(samples(seconds), level, rand.New(rand.NewPCG(seed, 1)))
}

// nearCSS is the signal of the near end.
func nearCSS(seconds float64, level dsp.DBm0, seed uint64) []int16 {
	return g168.Near(samples(seconds), level, rand.New(rand.NewPCG(seed, 2)))
}

// room is noise of a room, white below 400 Hz and falling 6 dB per octave above.
func room(seconds float64, level dsp.DBm0, seed uint64) []int16 {
	rng := rand.New(rand.NewPCG(seed, 3))
	const pole = 0.73
	scale := level.RMS() * math.Sqrt(1-pole*pole)
	out := make([]int16, samples(seconds))
	v := 0.0
	for i := range out {
		v = pole*v + rng.NormFloat64()
		out[i] = dsp.Saturate(int32(math.Round(scale * v)))
	}
	return out
}

func tone(seconds float64, level dsp.DBm0, hz ...float64) []int16 {
	out := make([]int16, samples(seconds))
	for i := range out {
		v := 0.0
		for _, f := range hz {
			v += level.Amplitude() * math.Sin(2*math.Pi*f*float64(i)/dsp.SampleRate)
		}
		out[i] = dsp.Saturate(int32(math.Round(v)))
	}
	return out
}

func quietness(seconds float64) []int16 { return make([]int16, samples(seconds)) }

// samples is a time in whole blocks.
func samples(seconds float64) int {
	return int(math.Round(seconds*dsp.SampleRate/block)) * block
}

// part cuts a time in seconds out of x.
func part(x []int16, from, to float64) []int16 { return x[samples(from):samples(to)] }

// erle is the loss of the echo by the canceller in a part of the time.
func erle(sent, out []int16, from, to float64) float64 {
	return float64(g168.Level(part(sent, from, to)) - g168.Level(part(out, from, to)))
}

// mask is the limit of test 2B: residual echo for a level of the far end.
func mask(far dsp.DBm0) float64 { return 25.0/30*float64(far) - 30 }

// models are the hybrids to measure with: by default another one for each coding.
func models(c coding) []string {
	switch {
	case full():
		return g168.Names()
	case racing:
		return []string{"m4"}
	}
	return map[coding][]string{"PCMA": {"m4"}, "PCMU": {"m7"}, linear: {"m6"}}[c]
}

// losses are the echo return losses to measure with.
func losses() []float64 {
	if full() {
		return []float64{6, 12, 18, 24, 30}
	}
	if racing {
		return []float64{6}
	}
	return []float64{6, 24}
}

// levels are those of the far end to measure with.
func levels() []dsp.DBm0 {
	if full() {
		return []dsp.DBm0{-30, -25, -20, -16, -10, -6, 0}
	}
	if racing {
		return []dsp.DBm0{-16}
	}
	return []dsp.DBm0{-30, -16, 0}
}

func join(parts ...[]int16) []int16 { return slices.Concat(parts...) }
