package sim

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// quiet settings: no wire, no bounce, no echo, so that figures are exact.
func plain() Settings {
	s := DefaultSettings()
	s.Loop, s.BounceMin, s.BounceMax, s.DialBounce, s.Echo = 0, 0, 0, 0, noEcho
	return s
}

func newPlain(t *testing.T, change func(*Settings)) *Telephone {
	t.Helper()
	s := plain()
	if change != nil {
		change(&s)
	}
	return NewTelephone(TelephoneOpts{Settings: s})
}

// battery is an ordinary feed: 48 V behind 160 ohm, limited to 20 mA.
var battery = twowire.Drive{Volts: 48, Ohms: 160, LimitAmps: 0.020}

// run steps the telephone for d and returns the last answer.
func run(p twowire.Pair, d twowire.Drive, length time.Duration) (s twowire.Sense) {
	for range samples(length) {
		s = p.Step(d)
	}
	return s
}

// ring steps the telephone with ringing and returns the rms current of the last
// second.
func ring(p twowire.Pair, volts, hertz float64, length time.Duration) float64 {
	sum, n := 0.0, samples(length)
	for i := range n {
		v := volts * math.Sqrt2 * math.Sin(2*math.Pi*hertz*float64(i)/8000)
		if s := p.Step(twowire.Drive{Volts: v, Ohms: 0.01}); i >= n-8000 {
			sum += s.Amps * s.Amps
		}
	}
	return math.Sqrt(sum / 8000)
}

func within(t *testing.T, what string, got, want, slack float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > slack {
		t.Errorf("%s is %.4g, want %.4g ± %.2g", what, got, want, slack)
	}
}

func TestRingCurrent(t *testing.T) {
	for ren, want := range map[float64]float64{0: 0, 1: 6.4, 3: 19, 5: 32} {
		tel := newPlain(t, func(s *Settings) { s.REN = ren })
		got := 1000 * ring(tel, 45, 20, 3*time.Second)
		within(t, fmt.Sprintf("current of %v REN in mA", ren), got, want, 0.05*want+0.01)
	}
	// A second telephone adds its ringer; wires take their share.
	tel := newPlain(t, func(s *Settings) { s.REN, s.Parallel, s.Loop = 2, ParallelOnHook, 200 })
	want := 45000 / math.Hypot(6930.0/3+200, 1/(2*math.Pi*20*24e-6))
	within(t, "current of 2+1 REN behind 200 ohm", 1000*ring(tel, 45, 20, 3*time.Second), want, 0.02*want)
}

func TestLoopVoltages(t *testing.T) {
	tests := []struct {
		name        string
		change      func(*Settings)
		fault       Faults
		off         bool
		drive       twowire.Drive
		volts, mA   float64 // at the port
		tip, ring   float64
		leakMA      float64
		phoneVolts  float64
		phoneMilliA float64
	}{
		{name: "on hook", drive: battery, volts: 48, tip: -3, ring: -51, phoneVolts: 48},
		{
			name: "off hook, limited", off: true, change: func(s *Settings) { s.Resistance = 330 },
			drive: battery, volts: 8, mA: 20, tip: -3, ring: -11, phoneVolts: 8, phoneMilliA: 20,
		},
		{
			name: "off hook behind 1000 ohm", off: true, change: func(s *Settings) { s.Loop = 1000 },
			drive: battery, volts: 29.4, mA: 20, tip: -3, ring: -32.4, phoneVolts: 9.4, phoneMilliA: 20,
		},
		{
			name: "off hook behind 2000 ohm", off: true, change: func(s *Settings) { s.Loop = 2000 },
			drive: battery, volts: 48 - 0.1600*18.203, mA: 18.203, tip: -3, ring: -48.09, phoneVolts: 8.681, phoneMilliA: 18.203,
		},
		{
			name: "reversed", off: true, drive: twowire.Drive{Volts: -48, Ohms: 160, LimitAmps: 0.020},
			volts: -9.4, mA: -20, tip: -12.4, ring: -3, phoneVolts: -9.4, phoneMilliA: -20,
		},
		{
			name: "two handsets share", off: true, change: func(s *Settings) { s.Parallel = ParallelOffHook },
			drive: battery, volts: 5.4, mA: 20, tip: -3, ring: -8.4, phoneVolts: 5.4, phoneMilliA: 10,
		},
		{name: "short", fault: Faults{Short: 1}, drive: battery, volts: 0.02, mA: 20, tip: -3, ring: -3.02, phoneVolts: 0.02},
		{name: "open", fault: Faults{Open: true}, off: true, drive: battery, volts: 48, tip: -3, ring: -51},
		{name: "leakage", fault: Faults{Leakage: 15840}, drive: battery, volts: 47.52, mA: 3, tip: -3, ring: -50.52, phoneVolts: 47.52},
		{
			name: "ring to ground", fault: Faults{RingGround: 2390}, drive: battery,
			volts: 44.8, mA: 0, tip: -3, ring: -47.8, leakMA: 20, phoneVolts: 44.8,
		},
		{name: "tip to ground", fault: Faults{TipGround: 1}, drive: battery, volts: 48, tip: -0.037, ring: -48.04, leakMA: 37, phoneVolts: 48},
		{
			name: "foreign voltage", fault: Faults{ForeignVolts: 100}, drive: twowire.Drive{Open: true},
			volts: 93.66, mA: -0.624, tip: 0, ring: -93.66, phoneVolts: 93.66,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tel := newPlain(t, tt.change)
			tel.SetFaults(tt.fault)
			tel.Hook(tt.off)
			got := run(tel, tt.drive, 2*time.Second)
			st := tel.State()
			within(t, "port volts", got.Volts, tt.volts, 0.06)
			within(t, "port mA", 1000*got.Amps, tt.mA, 0.02)
			within(t, "TIP", got.TipVolts, tt.tip, 0.06)
			within(t, "RING", got.RingVolts, tt.ring, 0.06)
			within(t, "leak mA", 1000*got.LeakAmps, tt.leakMA, 0.5)
			within(t, "telephone volts", st.Volts, tt.phoneVolts, 0.06)
			within(t, "telephone mA", st.Milliamps, tt.phoneMilliA, 0.02)
		})
	}
}

// edges lifts the handset and returns the samples at which the loop opened or
// closed.
func edges(tel *Telephone, length time.Duration) (at []int64, closed []bool) {
	was := false
	for i := range samples(length) {
		is := tel.Step(battery).Amps > 0.010
		if is != was {
			at, closed, was = append(at, i), append(closed, is), is
		}
	}
	return at, closed
}

func TestRotaryTiming(t *testing.T) {
	for _, pps := range []float64{8, 10, 12, 20} {
		for _, brk := range []float64{40, 60, 67}[scale(1, 0):] {
			tel := newPlain(t, nil)
			tel.Hook(true)
			run(tel, battery, 100*time.Millisecond)
			tel.mu.Lock()
			tel.dial.send("305", pps, brk/100, tel.now+800)
			tel.mu.Unlock()
			at, closed := edges(tel, 8*time.Second)
			at, closed = at[1:], closed[1:] // the loop was closed already
			if len(at) != 2*(3+10+5) {
				t.Fatalf("%v pps: %d edges, want 36", pps, len(at))
			}
			start, edge := int64(800), 0
			for _, pulses := range []int{3, 10, 5} {
				for k := range pulses {
					open := start + int64(math.Round(float64(k)*8000/pps))
					shut := start + int64(math.Round((float64(k)+brk/100)*8000/pps))
					if at[edge] != open || closed[edge] || at[edge+1] != shut || !closed[edge+1] {
						t.Fatalf("%v pps %v %%: edges at %v %v, want %v %v", pps, brk, at[edge], at[edge+1], open, shut)
					}
					edge += 2
				}
				start += int64(math.Round(float64(pulses)*8000/pps)) + samples(interdigit)
			}
		}
	}
}

func TestRotaryBounceKeepsPulses(t *testing.T) {
	tel := newPlain(t, func(s *Settings) { s.DialBounce = 5 * time.Millisecond })
	tel.Hook(true)
	run(tel, battery, 100*time.Millisecond)
	tel.mu.Lock()
	tel.dial.send("7", 10, 0.6, tel.now+800)
	tel.mu.Unlock()
	at, _ := edges(tel, 2*time.Second)
	if len(at) <= 15 {
		t.Errorf("%d edges: the contact does not bounce", len(at))
	}
	// With contacts of less than 5 ms taken away seven breaks remain.
	breaks, last := 0, int64(0)
	for i, x := range at[1:] {
		if i%2 == 1 && x-last > 40*8 {
			breaks++
		}
		last = x
	}
	if breaks != 7 {
		t.Errorf("%d breaks, want 7", breaks)
	}
}

func TestBounce(t *testing.T) {
	tel := NewTelephone(TelephoneOpts{Seed: 1})
	var lengths []float64
	var touches int
	for range 200 {
		tel.Hook(true)
		start := tel.clock()
		last := start
		was := false
		for range samples(60 * time.Millisecond) {
			if is := tel.Step(battery).Amps > 0.010; is != was {
				was, last = is, tel.clock()
				touches++
			}
		}
		if !was {
			t.Fatal("the contact did not settle closed")
		}
		lengths = append(lengths, float64(last-start)/8)
		tel.Hook(false)
		run(tel, battery, 60*time.Millisecond)
	}
	slices.Sort(lengths)
	if lengths[0] < 1 || lengths[199] > 30.2 {
		t.Errorf("bounce lasts %.1f to %.1f ms, want within 5..30 less one touch", lengths[0], lengths[199])
	}
	within(t, "mean bounce in ms", lengths[100], 17, 3.5)
	if touches < 200*5 {
		t.Errorf("%d touches in 200 lifts", touches)
	}
}

// amplitude measures one frequency of x over whole samples, peak volts.
func amplitude(x []float64, hertz float64) float64 {
	var re, im, gain float64
	for i, v := range x {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(x)))
		sin, cos := math.Sincos(2 * math.Pi * hertz * float64(i) / 8000)
		re, im, gain = re+w*v*cos, im+w*v*sin, gain+w
	}
	return 2 * math.Hypot(re, im) / gain
}

func levelOf(volts float64) dsp.DBm0 { return dsp.Level(volts / math.Sqrt2 / twowire.VoltsPerUnit) }

func TestKeyLevels(t *testing.T) {
	tests := []struct{ level, twist, loop float64 }{{-9, 2, 0}, {-25, -8, 0}, {0, 4, 0}, {-9, 2, 600}}
	for _, tt := range tests {
		tel := newPlain(t, func(s *Settings) { s.Loop = tt.loop })
		tel.Hook(true)
		run(tel, battery, 100*time.Millisecond)
		for i, key := range padKeys {
			tel.mu.Lock()
			tel.pad.press(string(key), keyStyle{on: 100 * time.Millisecond, level: dsp.DBm0(tt.level), twist: tt.twist}, tel.now)
			tel.mu.Unlock()
			var x []float64
			for range 800 {
				x = append(x, tel.Step(battery).Voice)
			}
			loss := 20 * math.Log10((1200+tt.loop)/1200)
			within(t, fmt.Sprintf("low tone of %c", key), float64(levelOf(amplitude(x, lowGroup[i/4]))), tt.level-loss, 0.1)
			within(t, fmt.Sprintf("high tone of %c", key), float64(levelOf(amplitude(x, highGroup[i%4]))), tt.level+tt.twist-loss, 0.1)
			if v := tel.Step(battery).Voice; v != 0 {
				t.Fatalf("the key sounds on after 100 ms: %v V", v)
			}
			run(tel, battery, 20*time.Millisecond)
		}
	}
}

func TestEchoReturnLoss(t *testing.T) {
	for _, model := range g168.Names() {
		for _, erl := range []float64{6, 30, 18}[:scale(1, 3)] {
			tel := newPlain(t, func(s *Settings) { s.Echo, s.ERL, s.EchoDelay = model, erl, 10*time.Millisecond })
			tel.Hook(true)
			run(tel, battery, 100*time.Millisecond)
			var sent, back float64
			for i := range 16000 {
				d := battery
				d.Voice = 0.1 * tel.rng.NormFloat64()
				sent += d.Voice * d.Voice
				s := tel.Step(d)
				if back += s.Voice * s.Voice; i < 80 && s.Voice != 0 {
					t.Fatalf("%s: echo after %d samples, want a delay of 80", model, i)
				}
			}
			within(t, model+" ERL in dB", 10*math.Log10(sent/back), erl, 0.5)
		}
	}
}

func TestReflections(t *testing.T) {
	tests := []struct {
		name   string
		off    bool
		change func(*Settings)
		fault  Faults
		want   float64
	}{
		{name: "on hook, the line is open", want: 1},
		{name: "broken wire", off: true, fault: Faults{Open: true}, want: 1},
		{name: "short", off: true, fault: Faults{Short: 2}, want: -1},
		{name: "matched", off: true, want: 0},
	}
	for _, tt := range tests {
		tel := newPlain(t, tt.change)
		tel.SetFaults(tt.fault)
		tel.Hook(tt.off)
		run(tel, battery, 50*time.Millisecond)
		d := battery
		d.Voice = 0.5
		within(t, tt.name, tel.Step(d).Voice/0.5, tt.want, 1e-9)
	}
}

func TestNoiseLevels(t *testing.T) {
	tel := newPlain(t, func(s *Settings) { s.Noise, s.Sidetone = -50, 100 })
	tel.Hook(true)
	run(tel, battery, 50*time.Millisecond)
	rec := tel.Record(2 * time.Second)
	sum := 0.0
	for range 16000 {
		v := tel.Step(battery).Voice
		sum += v * v
	}
	within(t, "noise to the port in dBm0", float64(levelOf(math.Sqrt(2*sum/16000))), -50, 0.3)
	within(t, "noise in the earpiece in dBm0", float64(dsp.LevelOf(rec.Stop())), -50, 0.3)
}

func TestSidetoneAndRecording(t *testing.T) {
	tel := newPlain(t, func(s *Settings) { s.Sidetone = 12 })
	tel.Hook(true)
	run(tel, battery, 50*time.Millisecond)
	said := make([]int16, 8000)
	for i := range said {
		said[i] = int16(10000 * math.Sin(2*math.Pi*1000*float64(i)/8000))
	}
	tel.Speak(said)
	rec := tel.Record(time.Second)
	run(tel, battery, 1500*time.Millisecond)
	got := rec.Stop()
	if len(got) != 8000 {
		t.Fatalf("recorded %d samples, want 8000", len(got))
	}
	within(t, "sidetone in dB", float64(dsp.LevelOf(said)-dsp.LevelOf(got)), 12, 0.1)

	// Without loop current the microphone is dead.
	tel.Speak(said)
	if v := run(tel, twowire.Drive{Volts: 2, Ohms: 600}, 100*time.Millisecond).Voice; v != 0 {
		t.Errorf("the microphone speaks without current: %v V", v)
	}
}

// A seed gives the same telephone, another one another.
func TestSeed(t *testing.T) {
	trace := func(seed uint64) []float64 {
		s := DefaultSettings()
		s.Noise, s.Room = -60, -50
		tel := NewTelephone(TelephoneOpts{Seed: seed, Settings: s})
		tel.Hook(true)
		var out []float64
		for range 4000 {
			x := tel.Step(battery)
			out = append(out, x.Amps, x.Voice)
		}
		return out
	}
	if !slices.Equal(trace(7), trace(7)) {
		t.Error("the same seed gave two signals")
	}
	if slices.Equal(trace(7), trace(8)) {
		t.Error("two seeds gave the same signal")
	}
}

func TestStepAllocs(t *testing.T) {
	s := DefaultSettings()
	s.Noise, s.Room = -60, -50
	tel := NewTelephone(TelephoneOpts{Settings: s, Country: testland})
	tel.Hook(true)
	run(tel, battery, 100*time.Millisecond)
	phase := 0.0
	if n := testing.AllocsPerRun(4000, func() {
		d := battery
		d.Voice = 0.1 * math.Sin(phase)
		phase += 0.3
		tel.Step(d)
	}); n != 0 {
		t.Errorf("Step allocates %v times", n)
	}
}

func BenchmarkStep(b *testing.B) {
	for _, bm := range []struct {
		name  string
		off   bool
		voice float64
	}{{"on hook", false, 0}, {"off hook", true, 0}, {"talk", true, 0.1}} {
		b.Run(bm.name, func(b *testing.B) {
			tel := NewTelephone(TelephoneOpts{Country: testland})
			tel.Hook(bm.off)
			d, phase := battery, 0.0
			for b.Loop() {
				d.Voice = bm.voice * math.Sin(phase)
				phase += 0.3
				tel.Step(d)
			}
		})
	}
}
