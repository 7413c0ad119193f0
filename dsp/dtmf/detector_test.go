package dtmf

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// full reports whether the long form of the tests is wanted.
func full() bool { return os.Getenv("ATA_FULL") == "1" }

// trials is how many random signals a row of a table is judged on.
func trials() int {
	if full() {
		return 1000
	}
	return 60
}

var nominal = signal{on: 40, off: 40, level: -10}

// with returns the nominal signal changed by f.
func with(f func(s *signal)) signal {
	s := nominal
	f(&s)
	return s
}

// Every signal of these is heard as it was keyed (ITU-T Q.24, and what a
// telephone on a long loop with dial tone in its ear sends).
func TestAccepts(t *testing.T) {
	worst := 1.0
	for name, s := range accepted() {
		t.Run(name, func(t *testing.T) {
			got := s.score(trials(), 11)
			if got < 1 {
				t.Errorf("%.3f of the signals heard right, want all", got)
			}
			worst = min(worst, got)
		})
	}
	openBars(t).Check(t, "to be accepted, worst row", worst, -0.0005, "")
}

func openBars(t *testing.T) *dsptest.Bars {
	t.Helper()
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	return bars
}

func accepted() map[string]signal {
	rows := map[string]signal{
		"all keys":          with(func(s *signal) { s.keys = keys }),
		"normal twist 8":    with(func(s *signal) { s.twist = 8 }),
		"reverse twist 4":   with(func(s *signal) { s.twist = -4 }),
		"S/N 12":            with(func(s *signal) { s.noise = 12 }),
		"S/N 10, 50 ms":     with(func(s *signal) { s.noise, s.on, s.off = 10, 50, 50 }),
		"level +3":          with(func(s *signal) { s.level = 3 }),
		"level -36":         with(func(s *signal) { s.level = -36 }),
		"level -42":         with(func(s *signal) { s.level = -42 }),
		"28 ms":             with(func(s *signal) { s.on = 28 }),
		"gap of 10 ms":      with(func(s *signal) { s.on, s.gap = 100, 10 }),
		"gap of 12 ms":      with(func(s *signal) { s.on, s.gap = 100, 12 }),
		"pause of 18 ms":    with(func(s *signal) { s.keys, s.on, s.off = "11", 50, 18 }),
		"velocity 93 ms":    with(func(s *signal) { s.keys, s.on, s.off = "0147*8520369#ABCD", 50, 43 }),
		"held for a second": with(func(s *signal) { s.on = 1000 }),
	}
	for name, offsets := range map[string][2]float64{"++": {1, 1}, "+-": {1, -1}, "-+": {-1, 1}, "--": {-1, -1}} {
		rows["1.5 % off "+name] = with(func(s *signal) { s.low, s.high = 0.015*offsets[0], 0.015*offsets[1] })
		rows["1.7 % off "+name] = with(func(s *signal) { s.low, s.high = 0.017*offsets[0], 0.017*offsets[1] })
	}
	for name, hz := range map[string][]float64{"350+440": {350, 440}, "425": {425}, "400": {400}} {
		rows["dial tone "+name] = with(func(s *signal) {
			s.keys, s.level, s.dial, s.dialLevel = "159D", -15, hz, -10
		})
	}
	return rows
}

// None of these is a digit.
func TestRejects(t *testing.T) {
	rows := map[string]signal{
		"20 ms":     with(func(s *signal) { s.on = 20 }),
		"22 ms":     with(func(s *signal) { s.on = 22 }),
		"level -50": with(func(s *signal) { s.level = -50 }),
		"twist 11":  with(func(s *signal) { s.twist = 11 }),
		"twist -7":  with(func(s *signal) { s.twist = -7 }),
	}
	for name, offsets := range map[string][2]float64{
		"++": {1, 1}, "+-": {1, -1}, "-+": {-1, 1}, "--": {-1, -1},
		"+0": {1, 0}, "-0": {-1, 0}, "0+": {0, 1}, "0-": {0, -1},
	} {
		rows["3.5 % off "+name] = with(func(s *signal) { s.low, s.high = 0.035*offsets[0], 0.035*offsets[1] })
		rows["3.0 % off "+name] = with(func(s *signal) { s.low, s.high = 0.03*offsets[0], 0.03*offsets[1] })
	}
	worst := 0.0
	for name, s := range rows {
		t.Run(name, func(t *testing.T) {
			got := s.score(trials(), 12)
			if got > 0 {
				t.Errorf("%.3f of the signals taken for a digit, want none", got)
			}
			worst = max(worst, got)
		})
	}
	bars := openBars(t)
	bars.Check(t, "to be rejected, worst row", worst, 0, "")
	got := with(func(s *signal) { s.on = 23 }).score(max(500, trials()), 13)
	if got > 0.01 {
		t.Errorf("%.3f of 23 ms bursts taken for a digit, want at most 0.01", got)
	}
	bars.Check(t, "accepted 23 ms", got, 0.004, "")
}

// The figures in between are recorded, so that a loss shows.
func TestBars(t *testing.T) {
	bars := openBars(t)
	const n = 300
	bars.Check(t, "accepted S/N 8 dB", with(func(s *signal) { s.noise = 8 }).score(n, 1), -0.02, "")
	bars.Check(t, "accepted 25 ms", with(func(s *signal) { s.on = 25 }).score(n, 2), -0.05, "")
	bars.Check(t, "accepted 26 ms", with(func(s *signal) { s.on = 26 }).score(n, 3), -0.03, "")
	bars.Check(t, "one digit with a gap of 14 ms", with(func(s *signal) { s.on, s.gap = 100, 14 }).score(n, 4), -0.03, "")
	bars.Check(t, "one digit with a gap of 16 ms", with(func(s *signal) { s.on, s.gap = 100, 16 }).score(n, 5), -0.06, "")

	m := measureTimes(n)
	bars.Check(t, "on latency mean", m.on.mean(), 0.2, "ms")
	bars.Check(t, "on latency max", m.on.max, 0.5, "ms")
	bars.Check(t, "off latency mean", m.off.mean(), 0.2, "ms")
	bars.Check(t, "off latency max", m.off.max, 0.5, "ms")
	bars.Check(t, "edge error max", max(m.edge.max, -m.edge.min), 0.2, "ms")
	bars.Check(t, "leak mean", m.leak.mean(), 0.3, "ms")
	bars.Check(t, "leak max", m.leak.max, 1, "ms")
	if m.on.mean() > 28 || m.on.max > 38 || m.off.mean() > 21.5 || m.off.max > 28.1 {
		t.Errorf("latencies %+v are beyond their bars", m)
	}
	if m.leak.max > 20 {
		t.Errorf("%.1f ms of a digit leak before it is suspected, want at most 20", m.leak.max)
	}
}

// spread is the extent of some milliseconds.
type spread struct {
	sum, min, max float64
	n             int
}

func (s *spread) add(v float64) {
	if s.n == 0 {
		s.min, s.max = v, v
	}
	s.sum, s.n = s.sum+v, s.n+1
	s.min, s.max = min(s.min, v), max(s.max, v)
}

func (s *spread) mean() float64 { return s.sum / float64(s.n) }

type times struct{ on, off, edge, leak spread }

// measureTimes listens sample by sample to when events come, and in blocks of
// 10 ms to how much of a digit passes before it is suspected.
func measureTimes(n int) (m times) {
	rng := rand.New(rand.NewPCG(5, 5))
	s := with(func(s *signal) { s.on = 60 })
	for range n {
		_, x, edges := s.make(rng)
		h := listen(NewDetector(Opts{}), x, 1)
		for i, e := range h.events {
			edge := edges[0][1]
			if e.Down {
				edge = edges[0][0]
			}
			m.edge.add((float64(e.At) - edge) / 8)
			if late := (float64(h.at[i]) - edge) / 8; e.Down {
				m.on.add(late)
			} else {
				m.off.add(late)
			}
		}
		m.leak.add(leak(x, edges[0]))
	}
	return m
}

// leak is how many milliseconds of the burst are in blocks not muted.
func leak(x []int16, burst [2]float64) (ms float64) {
	d := NewDetector(Opts{})
	for at := 0; at+80 <= len(x); at += 80 {
		d.Process(x[at : at+80])
		if !d.Suspect() {
			ms += max(0, min(float64(at+80), burst[1])-max(float64(at), burst[0])) / 8
		}
	}
	return ms
}

// A digit whose level sinks slowly, as behind a gain control, is one digit.
func TestSinkingLevel(t *testing.T) {
	_, x, edges := with(func(s *signal) { s.keys, s.on = "5", 400 }).make(rand.New(rand.NewPCG(2, 2)))
	for i := range x {
		into := max(0, float64(i)-edges[0][0]) / dsp.SampleRate
		x[i] = int16(float64(x[i]) * math.Pow(10, -into*30/20)) // 30 dB a second
	}
	if got := listen(NewDetector(Opts{}), x, 80).keys; got != "5" {
		t.Errorf("heard %q, want 5 once", got)
	}
}

// The limits are the caller's: here the twist of Australia (Q.24 Table A-1) and
// a deaf ear.
func TestOpts(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for _, tt := range []struct {
		name string
		opts Opts
		s    signal
		want bool
	}{
		{"wide, twist 10", Opts{Twist: 11.5, ReverseTwist: 11.5}, with(func(s *signal) { s.twist = 10 }), true},
		{"wide, twist -10", Opts{Twist: 11.5, ReverseTwist: 11.5}, with(func(s *signal) { s.twist = -10 }), true},
		{"default, twist -10", Opts{}, with(func(s *signal) { s.twist = -10 }), false},
		{"deaf, -30", Opts{Floor: -27}, with(func(s *signal) { s.level = -30 }), false},
		{"deaf, -24", Opts{Floor: -27}, with(func(s *signal) { s.level = -24 }), true},
	} {
		for range 50 {
			keyed, x, _ := tt.s.make(rng)
			if got := listen(NewDetector(tt.opts), x, 80).keys == keyed; got != tt.want {
				t.Errorf("%s: key %s heard is %v", tt.name, keyed, got)
			}
		}
	}
}

// Blocks of any length, also one sample, give the same events.
func TestBlockLengths(t *testing.T) {
	_, x, _ := with(func(s *signal) { s.keys = keys }).make(rand.New(rand.NewPCG(3, 3)))
	want := listen(NewDetector(Opts{}), x, 80).events
	for _, n := range []int{1, 7, 160, 333} {
		got := listen(NewDetector(Opts{}), x, n).events
		if len(got) != len(want) || len(got) != 2*len(keys) {
			t.Fatalf("blocks of %d: %d events, want %d", n, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("blocks of %d: event %d is %+v, want %+v", n, i, got[i], want[i])
			}
		}
	}
}

func TestReset(t *testing.T) {
	_, x, _ := nominal.make(rand.New(rand.NewPCG(4, 4)))
	d := NewDetector(Opts{})
	first := listen(d, x, 80)
	d.Process(x[:1200]) // into the middle of a digit
	d.Reset()
	if d.Suspect() {
		t.Error("suspects after Reset")
	}
	if again := listen(d, x, 80); len(again.events) != 2 || again.events[0] != first.events[0] {
		t.Errorf("after Reset %+v, want %+v", again.events, first.events)
	}
}

func TestEventsOverflow(t *testing.T) {
	_, x, _ := with(func(s *signal) { s.keys = "123456789" }).make(rand.New(rand.NewPCG(4, 4)))
	d := NewDetector(Opts{})
	d.Process(x)
	var last Event
	n := 0
	for e, ok := d.Next(); ok; e, ok = d.Next() {
		last = e
		n++
	}
	if n != len(d.events) || last.Key != '9' || last.Down {
		t.Errorf("%d events, the last %+v; want the newest %d", n, last, len(d.events))
	}
}

// White noise and chords, loud and for long, are no digits.
func TestNoiseAndMusic(t *testing.T) {
	minutes := 2.0
	if full() {
		minutes = 120
	}
	rng := rand.New(rand.NewPCG(8, 8))
	d := NewDetector(Opts{})
	hits, block := 0, make([]int16, dsp.SampleRate/2)
	for range int(minutes * 120) {
		music(block, rng)
		hits += len(listen(d, block, 160).keys)
	}
	if limit := int(minutes / 60); hits > limit {
		t.Errorf("%d digits in %v minutes, want at most %d", hits, minutes, limit)
	}
	openBars(t).Check(t, "digits in noise and music", float64(hits), 0, "")
}

// music fills half a second with a chord of two to four notes from E2 to C6 with
// their harmonics, and noise.
func music(x []int16, rng *rand.Rand) {
	sum := make([]float64, len(x))
	for range 2 + rng.IntN(3) {
		note := 82.41 * math.Pow(2, float64(rng.IntN(45))/12)
		peak := 1000 + 3000*rng.Float64()
		for k := 1.0; k < 8 && k*note < 3800; k++ {
			addSine(sum, 0, float64(len(sum)), k*note, peak/k, rng.Float64())
		}
	}
	for i, v := range sum {
		x[i] = dsp.Saturate(int32(v))
	}
	dsptest.AddNoise(x, dsp.DBm0(-60+40*rng.Float64()), rng)
}

func TestProcessDoesNotAllocate(t *testing.T) {
	_, x, _ := with(func(s *signal) { s.keys = "159D" }).make(rand.New(rand.NewPCG(9, 9)))
	d := NewDetector(Opts{})
	if n := testing.AllocsPerRun(20, func() {
		d.Process(x)
		for _, ok := d.Next(); ok; _, ok = d.Next() {
		}
	}); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}

func FuzzProcess(f *testing.F) {
	_, x, _ := nominal.make(rand.New(rand.NewPCG(9, 9)))
	raw := make([]byte, 0, 2*len(x))
	for _, s := range x {
		raw = append(raw, byte(s), byte(uint16(s)>>8))
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := make([]int16, len(raw)/2)
		for i := range in {
			in[i] = int16(uint16(raw[2*i]) | uint16(raw[2*i+1])<<8)
		}
		d := NewDetector(Opts{})
		downs := 0
		for _, e := range listen(d, in, 97).events {
			if e.At < 0 || e.At > int64(len(in)) {
				t.Fatalf("edge at %d of %d samples", e.At, len(in))
			}
			if e.Down == (downs == 1) {
				t.Fatalf("down and up do not alternate")
			}
			downs = 1 - downs
		}
	})
}
