//go:build judges

package dtmf

import (
	"math/rand/v2"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
)

// scores returns how many of n signals ours and the judge hear as keyed.
func (s signal) scores(t *testing.T, judge dsptest.Spandsp, n int, seed uint64) (ours, theirs float64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	var keyed []string
	var signals [][]int16
	for i := range n {
		s.law = g711.Law(i % 2)
		k, x, _ := s.make(rng)
		keyed, signals = append(keyed, k), append(signals, x)
		if listen(NewDetector(Opts{}), x, 80).keys == k {
			ours += 1 / float64(n)
		}
	}
	for i, heard := range judge.Digits(t, signals, s.dial != nil) {
		if heard == keyed[i] {
			theirs += 1 / float64(n)
		}
	}
	return ours, theirs
}

// Whatever spandsp's receiver accepts of what it should, ours does; whatever it
// rejects of what it should, too.
func TestAgainstSpandsp(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	accept := accepted()
	for name, f := range map[string]func(*signal){
		"normal twist 7":   func(s *signal) { s.twist = 7 },
		"reverse twist 3":  func(s *signal) { s.twist = -3 },
		"level -39":        func(s *signal) { s.level = -39 },
		"26 ms":            func(s *signal) { s.on = 26 },
		"30 ms":            func(s *signal) { s.on = 30 },
		"33 ms":            func(s *signal) { s.on = 33 },
		"34 ms":            func(s *signal) { s.on = 34 },
		"S/N 10":           func(s *signal) { s.noise = 10 },
		"S/N 8":            func(s *signal) { s.noise = 8 },
		"S/N 8, 50 ms":     func(s *signal) { s.noise, s.on, s.off = 8, 50, 50 },
		"gap of 4 ms":      func(s *signal) { s.on, s.gap = 100, 4 },
		"gap of 6 ms":      func(s *signal) { s.on, s.gap = 100, 6 },
		"gap of 16 ms":     func(s *signal) { s.on, s.gap = 100, 16 },
		"pause of 20 ms":   func(s *signal) { s.keys, s.on, s.off = "11", 50, 20 },
		"dial tone at -4":  func(s *signal) { s.level, s.dial, s.dialLevel = -15, []float64{350, 440}, -4 },
		"dial tone at -20": func(s *signal) { s.level, s.dial, s.dialLevel = -15, []float64{350, 440}, -20 },
	} {
		accept[name] = with(f)
	}
	for name, s := range accept {
		ours, theirs := s.scores(t, judge, trials(), 21)
		t.Logf("accept %-18s ours %.3f spandsp %.3f", name, ours, theirs)
		if ours < theirs-0.01 {
			t.Errorf("%s: %.3f heard right, spandsp %.3f", name, ours, theirs)
		}
	}
	for name, f := range map[string]func(*signal){
		"23 ms":         func(s *signal) { s.on = 23 },
		"low +3.5 %":    func(s *signal) { s.low = 0.035 },
		"low -3.5 %":    func(s *signal) { s.low = -0.035 },
		"high +3.5 %":   func(s *signal) { s.high = 0.035 },
		"level -50":     func(s *signal) { s.level = -50 },
		"twist 11 dB":   func(s *signal) { s.twist = 11 },
		"reverse twist": func(s *signal) { s.twist = -7 },
	} {
		ours, theirs := with(f).scores(t, judge, trials(), 22)
		t.Logf("reject %-18s ours %.3f spandsp %.3f", name, ours, theirs)
		if ours > theirs+0.001 {
			t.Errorf("%s: %.3f taken, spandsp %.3f", name, ours, theirs)
		}
	}
}

// Spandsp hears every digit we key at 40/40 ms.
func TestSpandspHearsOurDigits(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	var signals [][]int16
	for i := range 100 {
		var g Generator
		x := make([]int16, 16*640+800)
		for k, key := range []byte(keys) {
			g.StartFor(key, dsp.DBm0(-6-i%20), 2, 320, 320)
			g.Mix(x[200+i+640*k:][:640])
		}
		codes := make([]byte, len(x))
		g711.Encode(g711.Law(i%2), codes, x)
		g711.Decode(g711.Law(i%2), x, codes)
		signals = append(signals, x)
	}
	for i, heard := range judge.Digits(t, signals, false) {
		if heard != keys {
			t.Errorf("string %d: spandsp hears %q", i, heard)
		}
	}
}
