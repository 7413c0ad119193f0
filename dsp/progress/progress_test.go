package progress

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

func tonesOf(c *country.Country) map[Kind]*tone.Spec {
	return map[Kind]*tone.Spec{
		Busy: &c.Tones.Busy, Congestion: &c.Tones.Reorder, Ringback: &c.Tones.Ringback, Dial: &c.Tones.Dial,
	}
}

// play renders a tone through a network: noise 25 dB below, A-law, and a start
// anywhere in its cadence.
func play(spec *tone.Spec, length time.Duration, rng *rand.Rand) []int16 {
	var g tone.Generator
	g.Start(spec)
	skip := make([]int16, rng.IntN(16000))
	g.Read(skip)
	x := make([]int16, int(length*dsp.SampleRate/time.Second))
	g.Read(x)
	dsptest.AddNoise(x, -45, rng)
	codes := make([]byte, len(x))
	g711.Encode(g711.ALaw, codes, x)
	g711.Decode(g711.ALaw, x, codes)
	return x
}

// heardIn returns the first tone heard in x and when.
func heardIn(p *Plan, x []int16) (Kind, time.Duration) {
	d := New(p)
	for at := 0; at+160 <= len(x); at += 160 {
		d.Process(x[at : at+160])
		if k := d.Next(); k != 0 {
			return k, time.Duration(at+160) * time.Second / dsp.SampleRate
		}
	}
	return 0, 0
}

func openBars(t *testing.T) *dsptest.Bars {
	t.Helper()
	b, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func cycle(spec *tone.Spec) (d time.Duration) {
	for _, s := range repeated(spec) {
		d += s.Duration
	}
	return d
}

// TestCountries plays every tone of every country: each is taken for itself, or
// for one that is not to be told from it. Busy and congestion are known within
// two cycles and the rest of the one they began in, but for Spain: there busy is a
// part of congestion.
func TestCountries(t *testing.T) {
	heard, told := 0, 0
	for _, c := range country.All() {
		tones := tonesOf(c)
		p := NewPlan(tones)
		for k, spec := range tones {
			rng := rand.New(rand.NewPCG(uint64(k), uint64(c.Code[0])<<8+uint64(c.Code[1])))
			long := 4*cycle(spec) + 3*time.Second
			x := play(spec, long, rng)
			got, after := heardIn(p, x)
			if got == 0 && p.pattern(k) == nil {
				continue
			}
			heard++
			if got != k && !p.alike(k, got) {
				t.Errorf("%s: %v %v is taken for %v", c.Code, k, spec, got)
			}
			if got == k {
				told++
			}
			steps := len(p.pattern(k).steps)
			needed := time.Duration(p.pattern(k).needed+1+steps) * cycle(spec) / time.Duration(steps)
			if k <= Congestion && after > needed+100*time.Millisecond && cycle(spec) > 0 {
				t.Errorf("%s: %v is known after %v, its cycle is %v", c.Code, k, after, cycle(spec))
			}
		}
	}
	bars := openBars(t)
	bars.Check(t, "tones of all countries heard", float64(heard), -1, "")
	bars.Check(t, "tones told from all others of their country", float64(told), -1, "")
	if heard < 4*len(country.All())*95/100 {
		t.Errorf("only %d tones of %d countries", heard, len(country.All()))
	}
}

func (p *Plan) pattern(k Kind) *pattern {
	for i := range p.patterns {
		if p.patterns[i].kind == k {
			return &p.patterns[i]
		}
	}
	return nil
}

// alike says whether tone a is not to be told from b.
func (p *Plan) alike(a, b Kind) bool {
	x, y := p.pattern(a), p.pattern(b)
	if x == nil || y == nil {
		return false
	}
	return y.within(x) == maxSteps
}

// TestTwoCycles holds busy and congestion to the bar: two cycles at most where
// they are heard from their beginning.
func TestTwoCycles(t *testing.T) {
	bars := openBars(t)
	for _, code := range []string{"US", "GB", "DE", "FR", "JP"} {
		c, _ := country.Lookup(code)
		tones := tonesOf(c)
		p := NewPlan(tones)
		for _, k := range []Kind{Busy, Congestion} {
			var g tone.Generator
			g.Start(tones[k])
			x := make([]int16, 10*dsp.SampleRate)
			g.Read(x)
			got, after := heardIn(p, x)
			if got != k && !p.alike(k, got) || after > 2*cycle(tones[k])+40*time.Millisecond {
				t.Errorf("%s: %v is heard as %v after %v, want it within two cycles of %v", code, k, got, after, cycle(tones[k]))
			}
			bars.Check(t, code+" "+k.String()+" recognized after", after.Seconds()/cycle(tones[k]).Seconds(), 0.1, "cycles")
		}
	}
}

// A tone is told once while it sounds, and again when it sounds again.
func TestToldOnce(t *testing.T) {
	c, _ := country.Lookup("US")
	d := New(NewPlan(tonesOf(c)))
	rng := rand.New(rand.NewPCG(1, 1))
	told := 0
	for range 3 {
		for _, x := range [][]int16{play(&c.Tones.Busy, 20*time.Second, rng), make([]int16, 30000)} {
			for at := 0; at+80 <= len(x); at += 80 {
				d.Process(x[at : at+80])
				if d.Next() != 0 {
					told++
				}
			}
		}
	}
	if told != 3 {
		t.Errorf("told %d times, want 3", told)
	}
}

// Recorded speech of people is none either: all there is with ATA_FULL=1.
func TestRecordedSpeech(t *testing.T) {
	seconds := 120.0
	if os.Getenv("ATA_FULL") == "1" {
		seconds = 1e6
	}
	x := dsptest.Recordings(t, seconds, -15)
	for _, code := range []string{"US", "GB", "DE", "JP", "IN"} {
		c, _ := country.Lookup(code)
		if k, after := heardIn(NewPlan(tonesOf(c)), x); k != 0 {
			t.Errorf("%s: %v after %v", code, k, after)
		}
	}
}

// Speech is no tone of a network, in any country.
func TestSpeech(t *testing.T) {
	stretches, seconds := 1, 20.0
	if os.Getenv("ATA_FULL") == "1" {
		stretches, seconds = 4, 300
	}
	dsptest.Speech(t, dsptest.Voices[0], 1, -15, 0) // skips here when there is none
	var plans []*Plan
	for _, code := range []string{"US", "GB", "DE", "JP", "IN"} {
		c, _ := country.Lookup(code)
		plans = append(plans, NewPlan(tonesOf(c)))
	}
	voices := len(dsptest.Voices)
	dsptest.Parallel(voices*stretches, func(i int) {
		x := dsptest.Speech(t, dsptest.Voices[i%voices], seconds, -15, uint64(2000+i))
		for n, p := range plans {
			if k, after := heardIn(p, x); k != 0 {
				t.Errorf("%s: %v in plan %d after %v", dsptest.Voices[i%voices].Name, k, n, after)
			}
		}
	})
}

// Nothing is heard in noise and DC at full scale, and busy tone is known
// afterwards.
func TestGarbage(t *testing.T) {
	c, _ := country.Lookup("DE")
	rng := rand.New(rand.NewPCG(5, 5))
	x := make([]int16, 160000)
	for i := range x {
		x[i] = int16(rng.Uint32())
		if i > 80000 {
			x[i] = -32768
		}
	}
	d := New(NewPlan(tonesOf(c)))
	d.Process(x)
	if k := d.Next(); k != 0 {
		t.Errorf("heard %v", k)
	}
	d.Process(play(&c.Tones.Busy, 5*time.Second, rng))
	if k := d.Next(); k != Busy {
		t.Errorf("heard %v, want busy", k)
	}
}

func TestAllocs(t *testing.T) {
	c, _ := country.Lookup("US")
	d := New(NewPlan(tonesOf(c)))
	x := make([]int16, 160)
	dsptest.AddNoise(x, -20, rand.New(rand.NewPCG(1, 1)))
	if n := testing.AllocsPerRun(100, func() { d.Process(x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkProcess(b *testing.B) {
	c, _ := country.Lookup("US")
	d := New(NewPlan(tonesOf(c)))
	x := make([]int16, 160)
	dsptest.AddNoise(x, -20, rand.New(rand.NewPCG(1, 1)))
	for b.Loop() {
		d.Process(x)
	}
}
