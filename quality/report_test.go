package quality

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// hostile makes conditions of anything.
func hostile(bpl float64, packet, delay int64, echo float64) Conditions {
	return Conditions{
		Codec: Codec{Ie: echo, Bpl: bpl}, Packet: time.Duration(packet), Jitter: time.Duration(delay),
		RoundTrip: time.Duration(delay), EndSystem: time.Duration(packet), RemoteEndSystem: time.Duration(delay),
		RemoteEchoLoss: echo,
	}
}

// checkReport fails if a figure is not within its bounds.
func checkReport(t *testing.T, r Report) {
	t.Helper()
	within := func(name string, v, least, most float64) {
		if !(v >= least && v <= most) {
			t.Fatalf("%s = %v, want %v to %v: %+v", name, v, least, most, r)
		}
	}
	within("loss and discard rate", r.LossRate+r.DiscardRate, 0, 1+1e-9)
	within("burst density", r.BurstDensity, 0, 1)
	within("gap density", r.GapDensity, 0, 1)
	within("burst ratio", r.BurstRatio, 1, longestRatio)
	within("one way", r.OneWay.Seconds(), 0, 1e6)
	within("burst", r.BurstDuration.Seconds(), 0, 1e9)
	within("R", r.R, 0, 100)
	within("RLQ", r.RLQ, 0, 100)
	least := 1.
	if r.Expected() == 0 {
		least = 0
	}
	within("MOS-LQ", r.MOSLQ, least, 4.5)
	within("MOS-CQ", r.MOSCQ, least, 4.5)
}

func TestReportHostile(t *testing.T) {
	strange := []float64{0, -1, 1e308, -1e308, math.NaN(), math.Inf(1), math.Inf(-1)}
	long := []int64{0, -1, 20e6, math.MaxInt64, math.MinInt64}
	for _, x := range strange {
		for _, y := range strange {
			for _, p := range long {
				for _, d := range long {
					checkReport(t, Counts{Played: 90, Lost: 10, BadRuns: 3, Bursts: 1, InBursts: 20}.Report(hostile(x, p, d, y)))
				}
			}
		}
	}
	var l Levels
	for _, x := range strange {
		l.Add(x)
	}
	l.Add(1e6)
	for _, level := range []func() (float64, bool){l.Speech, l.Noise} {
		if v, ok := level(); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Errorf("level %v", v)
		}
	}
}

func TestReportNothing(t *testing.T) {
	r := Counts{}.Report(Conditions{Codec: G711PLC, RoundTrip: time.Second})
	if r.R != 0 || r.MOSCQ != 0 || r.MOSLQ != 0 || r.LossRate != 0 {
		t.Errorf("%+v", r)
	}
}

// TestReportRows checks the ratings against rows of testdata/emodel.tsv with
// other figures for the same: loss and delay as a stream shows them.
func TestReportRows(t *testing.T) {
	for _, tt := range []struct {
		name       string
		loss       float64 // percent, at random
		discard    float64
		delay      time.Duration
		wantR      float64
		wantLQ     float64 // MOS
		wantCQ     float64
		ratingBand float64
	}{
		{"perfect", 0, 0, 0, 93.206, 4.409, 4.409, 0.01},
		{"50 ms", 0, 0, 50 * time.Millisecond, 91.756, 4.409, 4.380, 0.01},
		{"5 % lost", 5, 0, 0, 77.4, 3.923, 3.923, 0.6},
		{"5 % discarded", 0, 5, 0, 77.4, 3.923, 3.923, 0.6},
		{"10 % of both, 20 ms", 5, 5, 20 * time.Millisecond, 65.47, 3.411, 3.378, 0.8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(9, 9))
			var b Bursts
			for range 100000 {
				switch at := 100 * rng.Float64(); {
				case at < tt.loss:
					b.Add(Lost, 1)
				case at < tt.loss+tt.discard:
					b.Add(Discarded, 1)
				default:
					b.Add(Played, 1)
				}
			}
			r := b.Counts().Report(Conditions{
				Codec: G711PLC, Packet: 20 * time.Millisecond,
				RoundTrip: tt.delay, EndSystem: tt.delay / 2, RemoteEndSystem: tt.delay / 2,
			})
			checkReport(t, r)
			if r.OneWay != tt.delay || math.Abs(r.R-tt.wantR) > tt.ratingBand ||
				math.Abs(r.MOSLQ-tt.wantLQ) > tt.ratingBand/20 || math.Abs(r.MOSCQ-tt.wantCQ) > tt.ratingBand/20 {
				t.Errorf("%+v", r)
			}
			if math.Abs(r.BurstRatio-1) > 0.02 {
				t.Errorf("burst ratio %.3f of random loss", r.BurstRatio)
			}
		})
	}
}

func TestReportEcho(t *testing.T) {
	c := Counts{Played: 1000}
	with := Conditions{Codec: G711PLC, RoundTrip: 200 * time.Millisecond, EndSystem: 40 * time.Millisecond}
	none := c.Report(with)
	with.RemoteEchoLoss = 35 // TELR 45
	loud := c.Report(with)
	with.RemoteEchoLoss = 55
	if same := c.Report(with); same != none {
		t.Errorf("RERL 55 dB is TELR 65: %+v", same)
	}
	if loud.R > none.R-15 || loud.MOSLQ != none.MOSLQ {
		t.Errorf("R %.1f with echo, %.1f without", loud.R, none.R)
	}
	with.RemoteEndSystem = 65535 * time.Millisecond
	if absurd := c.Report(with); absurd.OneWay != none.OneWay {
		t.Errorf("one way %v with a far end that delays by a minute", absurd.OneWay)
	}
	if none.OneWay != 140*time.Millisecond {
		t.Errorf("one way %v, want 100 ms of network and 40 ms of both ends", none.OneWay)
	}
}

func TestReportBursts(t *testing.T) {
	var random, bursty Bursts
	for range 100 {
		run(&random, "19. x 19. x 19. x 19. x")
		run(&bursty, "76. 4x")
	}
	with := Conditions{Codec: G711PLC, Packet: 20 * time.Millisecond}
	r, b := random.Counts().Report(with), bursty.Counts().Report(with)
	if r.LossRate != 0.05 || b.LossRate != 0.05 {
		t.Errorf("loss rates %v, %v", r.LossRate, b.LossRate)
	}
	if r.BurstDensity != 0 || r.GapDensity != 0.05 || r.BurstDuration != 0 || r.GapDuration != 160*time.Second {
		t.Errorf("random: %+v", r)
	}
	if b.BurstDensity != 1 || b.GapDensity != 0 || b.BurstDuration != 80*time.Millisecond || b.GapDuration != 1520*time.Millisecond {
		t.Errorf("bursty: %+v", b)
	}
	if math.Abs(b.BurstRatio-3.8) > 1e-9 || b.R >= r.R-1 {
		t.Errorf("burst ratio %v, R %.1f; random %.1f", b.BurstRatio, b.R, r.R)
	}
}

func TestLevels(t *testing.T) {
	var l Levels
	if _, ok := l.Speech(); ok {
		t.Error("speech before anything")
	}
	for i := range 3000 { // words of 400 ms, pauses of 300 ms with noise
		if i%70 < 30 {
			l.Add(1e3)
		} else {
			l.Add(4e6)
		}
	}
	speech, _ := l.Speech()
	noise, _ := l.Noise()
	if math.Abs(speech-4e6) > 1e3 || math.Abs(noise-1e3) > 1 {
		t.Errorf("speech %v, noise %v", speech, noise)
	}
}

// TestLevelsFromSpeech begins within a word.
func TestLevelsFromSpeech(t *testing.T) {
	var l Levels
	for i := range 200 {
		if i > 100 && i < 130 {
			l.Add(1e3)
		} else {
			l.Add(4e6)
		}
	}
	if noise, ok := l.Noise(); !ok || math.Abs(noise-1e3) > 1 {
		t.Errorf("noise %v", noise)
	}
	if speech, ok := l.Speech(); !ok || speech != 4e6 {
		t.Errorf("speech %v", speech)
	}
}

func ExampleStream() {
	var s Stream
	for seq := range uint16(1000) {
		if seq%50 < 2 { // two in a row of fifty are lost
			continue
		}
		s.Packet(seq, Played)
	}
	r := s.Counts().Report(Conditions{
		Codec: G711PLC, Packet: 20 * time.Millisecond,
		RoundTrip: 80 * time.Millisecond, EndSystem: 40 * time.Millisecond,
	})
	fmt.Printf("loss %.1f %%, bursts of %v, R %.0f, MOS-LQ %.1f, MOS-CQ %.1f\n",
		100*r.LossRate, r.BurstDuration, r.R, r.MOSLQ, r.MOSCQ)
	// Output: loss 3.8 %, bursts of 40ms, R 78, MOS-LQ 4.0, MOS-CQ 3.9
}
