package callerid

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
)

// exact returns the samples of a plan as defined: each bit in its place, to the
// fraction of a sample, and the phase the integral of the frequency.
func exact(p *Plan) []float64 {
	f := p.frame
	x := make([]float64, p.samples())
	phase := func(t float64) float64 { // t in bits
		whole := int(t)
		sum := 0.0
		for i := range whole {
			sum += hertz(f, p, i)
		}
		return 2 * math.Pi / baud * (sum + (t-float64(whole))*hertz(f, p, whole))
	}
	for n := range x {
		x[n] = dataLevel.Amplitude() * math.Sin(phase(float64(n)*baud/dsp.SampleRate))
	}
	return x
}

func hertz(f *frame, p *Plan, bit int) float64 {
	if f.bit(p.message, bit) {
		return f.modem.Mark
	}
	return f.modem.Space
}

// Every sample is the defined one but for its rounding and the table's: bit
// edges, frequencies, level and the continuity of the phase are all exact.
func TestSenderIsExact(t *testing.T) {
	furthest, worstLevel := 0.0, 0.0
	for _, s := range dataSchemes() {
		p := s.Message(Call{Number: "5551234", Name: "Ann", Time: time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)})
		want, got := exact(p), make([]int16, p.samples())
		var sender Sender
		sender.Start(p)
		sender.Read(got)
		if sender.Playing() {
			t.Errorf("%s: still sounds after %d samples", s.Name, len(got))
		}
		worst := 0.0
		for n := fade; n < len(got)-fade; n++ {
			worst = max(worst, math.Abs(float64(got[n])-want[n]))
		}
		t.Logf("%s: at most %.2f of a unit away", s.Name, worst)
		if worst > 1 {
			t.Errorf("%s: a sample is %.2f units away, want at most 1", s.Name, worst)
		}
		furthest = max(furthest, worst)
		l := dsp.LevelOf(got)
		worstLevel = max(worstLevel, math.Abs(float64(l-dataLevel)))
		if math.Abs(float64(l-dataLevel)) > 0.1 {
			t.Errorf("%s: level %.2f, want %.2f dBm0", s.Name, l, dataLevel)
		}
	}
	bars := openBars(t)
	bars.Check(t, "sender, furthest sample", furthest, 0.05, "of 32,768")
	bars.Check(t, "sender, worst error of level", worstLevel, 0.01, "dB")
}

// Blocks of any length make the same samples.
func TestSenderBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, s := range Schemes {
		plan := s.Message(Call{Number: "5551234"})
		n := int(plan.Duration()*dsp.SampleRate/time.Second) + 100
		var a, b Sender
		a.Start(plan)
		b.Start(plan)
		x, y := make([]int16, n), make([]int16, n)
		a.Read(x)
		for at := 0; at < n; {
			next := min(n, at+1+rng.IntN(200))
			b.Mix(y[at:next])
			at = next
		}
		if !slices.Equal(x, y) {
			t.Errorf("%s: samples depend on the length of the blocks", s.Name)
		}
		if dsp.LevelOf(x[n-20:]) > -90 || a.Playing() {
			t.Errorf("%s: it does not end after %v", s.Name, plan.Duration())
		}
	}
}

func TestAlertTone(t *testing.T) {
	sin227, _ := Lookup("sin227")
	if d := sin227.AlertTone().Duration(); d != 100*ms {
		t.Errorf("on hook the alert tone is %v, want 88 to 110 ms", d)
	}
	if d := sin227.KnockTone().Duration(); d != 80*ms {
		t.Errorf("off hook the alert tone is %v, want 75 to 85 ms", d)
	}
	x := play(sin227.AlertTone())[800:1600]
	if got := dsp.LevelOf(x[40:760]); math.Abs(float64(got)+12) > 0.3 {
		t.Errorf("alert tone of %.2f dBm0, want -12: two of -15", got)
	}
}

func TestSenderStops(t *testing.T) {
	s, _ := Lookup("bellcore")
	var sender Sender
	out := make([]int16, 160)
	sender.Start(s.Message(Call{Number: "1"}))
	sender.Read(out)
	sender.Start(nil)
	if sender.Read(out); sender.Playing() || dsp.LevelOf(out) > -90 {
		t.Error("it sounds after it was stopped")
	}
	sender.Start(&Plan{frame: &s.frame})
	if sender.Playing() {
		t.Error("an empty plan sounds")
	}
}

func TestNothingAllocates(t *testing.T) {
	s, _ := Lookup("bellcore")
	k, _ := Lookup("dtmf-ac")
	data, keys := s.Message(Call{Number: "5551234"}), k.Message(Call{Number: "5551234"})
	var sender Sender
	out := make([]int16, 160)
	receiver := NewReceiver(func([]byte) {})
	if n := testing.AllocsPerRun(500, func() {
		if !sender.Playing() {
			sender.Start(keys)
			sender.Start(data)
		}
		sender.Read(out)
		receiver.Process(out)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(10, func() {
		sender.Start(keys)
		sender.Read(out)
	}); n != 0 {
		t.Errorf("%v allocations of keys", n)
	}
}

func BenchmarkSender(b *testing.B) {
	s, _ := Lookup("bellcore")
	plan := s.Message(Call{Number: "5551234"})
	var sender Sender
	out := make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		if !sender.Playing() {
			sender.Start(plan)
		}
		sender.Read(out)
	}
}

func BenchmarkReceiver(b *testing.B) {
	s, _ := Lookup("bellcore")
	x := play(s.Message(Call{Number: "5551234"}))
	r := NewReceiver(func([]byte) {})
	at := 0
	b.ReportAllocs()
	for b.Loop() {
		r.Process(x[at : at+160])
		if at += 160; at+160 > len(x) {
			at = 0
		}
	}
}
