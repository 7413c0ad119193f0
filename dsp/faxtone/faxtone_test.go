package faxtone

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
)

// full says whether the tests run at full length.
func full() bool { return os.Getenv("ATA_FULL") == "1" }

func bars(t *testing.T) *dsptest.Bars {
	t.Helper()
	b, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const level = dsp.DBm0(-13)

// heard is what a fresh detector hears of x after a pause, in blocks of n.
func heard(x []int16, n int) (events []Event, start int64) {
	d := New()
	pause := make([]int16, 1200)
	d.Process(pause)
	for at := 0; at < len(x); at += n {
		d.Process(x[at:min(at+n, len(x))])
		for e, ok := d.Next(); ok; e, ok = d.Next() {
			events = append(events, e)
		}
	}
	return events, int64(len(pause))
}

// wire passes a signal through noise and a companding law.
func wire(x []int16, noise dsp.DBm0, law g711.Law, rng *rand.Rand) []int16 {
	lead := make([]int16, rng.IntN(160))
	x = append(lead, x...)
	dsptest.AddNoise(x, noise, rng)
	codes := make([]byte, len(x))
	g711.Encode(law, codes, x)
	g711.Decode(law, x, codes)
	return x
}

type trial struct {
	name   string
	tone   dsptest.AnswerTone
	length int // ms
	want   []Kind
	within []int // ms after the beginning
}

func trials() []trial {
	var all []trial
	add := func(name string, hz, am float64, reverse, length int, kinds []Kind, within ...int) {
		all = append(all, trial{name, dsptest.AnswerTone{Hz: hz, AM: am, Reverse: reverse}, length, kinds, within})
	}
	for _, off := range []float64{-38, 0, 38} {
		add(fmt.Sprintf("CNG %+g Hz", off), 1100+off, 0, 0, 500, []Kind{Calling}, 500)
	}
	add("CNG 425 ms", 1100, 0, 0, 425, []Kind{Calling}, 500)
	for _, off := range []float64{-15, 0, 15} {
		add(fmt.Sprintf("ANS %+g Hz", off), 2100+off, 0, 0, 2600, []Kind{Answer}, 600)
		add(fmt.Sprintf("ANS reversed %+g Hz", off), 2100+off, 0, 3600, 3300, []Kind{Answer, AnswerReversed}, 600, 1400)
	}
	add("ANSam", 2100, 0.2, 0, 2600, []Kind{Modulated}, 600)
	add("ANSam reversed", 2100, 0.2, 3600, 3300, []Kind{Modulated, ModulatedReversed}, 600, 1400)
	for _, off := range []float64{-1, 1} { // the tolerances of ITU-T V.8 and V.25
		add(fmt.Sprintf("ANSam %+g Hz of modulation", 0.1*off), 2100, 0.2, 0, 2600, []Kind{Modulated}, 600)
		all[len(all)-1].tone.AMOff = 0.1 * off
		add(fmt.Sprintf("ANS reversed by %g degrees", 180+10*off), 2100, 0, 3600, 3300, []Kind{Answer, AnswerReversed}, 600, 1400)
		all[len(all)-1].tone.TurnOff = 10 * off
	}
	for _, every := range []int{3400, 3800} {
		add(fmt.Sprintf("reversed every %d", every), 2100, 0, every, 3300, []Kind{Answer, AnswerReversed}, 600, 1500)
	}
	add("reversed too often", 2100, 0, 2800, 3300, []Kind{Answer}, 600)
	add("1300 Hz", 1300, 0, 0, 600, []Kind{ModemCalling}, 600)
	add("2225 Hz", 2225, 0, 0, 1000, []Kind{BellAnswer}, 600)
	for _, hz := range []float64{1040, 1170, 1250, 1350, 2040, 2160, 2290, 1000, 1400, 950, 1800} {
		add(fmt.Sprintf("%g Hz", hz), hz, 0, 0, 2000, nil)
	}
	add("CNG 300 ms", 1100, 0, 0, 300, nil)
	add("ANS 300 ms", 2100, 0, 0, 300, nil)
	return all
}

// TestTones holds the detector to the tolerances of the standards with noise 15
// dB below the tone, and at the weakest level.
func TestTones(t *testing.T) {
	n := 20
	if full() {
		n = 500
	}
	for _, tt := range trials() {
		t.Run(tt.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 15))
			var slowest int64
			for i := range n {
				tone := tt.tone
				tone.Phase, tone.Level = rng.Float64(), -3
				noise := dsp.DBm0(-18)
				switch i % 3 {
				case 1:
					tone.Level, noise = -40, -60
				case 2:
					tone.Level, noise = -25, -40
				}
				x := wire(tone.Make(tt.length*8), noise, g711.Law(i%2), rng)
				events, start := heard(x, 80)
				check(t, tt, events, start)
				for _, e := range events {
					slowest = max(slowest, e.At-start)
				}
			}
			if len(tt.want) > 0 {
				bars(t).Check(t, tt.name+" recognized after", float64(slowest)/8, 40, "ms")
			}
		})
	}
}

func check(t *testing.T, tt trial, events []Event, start int64) {
	t.Helper()
	if len(events) != len(tt.want) {
		t.Fatalf("heard %v, want %v", events, tt.want)
	}
	for i, e := range events {
		after := int(e.At-start) / 8
		if e.Kind != tt.want[i] || after > tt.within[i]+20 { // + up to 20 ms of lead
			t.Errorf("heard %v after %d ms, want %v within %d", e.Kind, after, tt.want[i], tt.within[i])
		}
	}
}

func TestPreamble(t *testing.T) {
	n := 20
	if full() {
		n = 500
	}
	var slowest int64
	rng := rand.New(rand.NewPCG(2, 21))
	for i := range n {
		fsk := dsptest.V21
		fsk.Mark += float64(i%3-1) * 12
		fsk.Space += float64(i%3-1) * 12
		noise := dsp.DBm0(-28)
		if i%2 == 1 {
			fsk.Level, noise = -40, -55
		}
		x := wire(fsk.Make(dsptest.Flags(37)), noise, g711.Law(i/2%2), rng)
		events, start := heard(x, 80)
		if len(events) != 1 || events[0].Kind != Preamble {
			t.Fatalf("trial %d: heard %v, want one preamble", i, events)
		}
		slowest = max(slowest, events[0].At-start)
	}
	bars(t).Check(t, "preamble recognized after", float64(slowest)/8, 5, "ms")
	if slowest > 300*8 {
		t.Errorf("preamble recognized after %d ms, want 300 at most", slowest/8)
	}
}

// Data in V.21 that has no flags in a row is no preamble.
func TestDataIsNoPreamble(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 21))
	bits := make([]bool, 300*30)
	for i := range bits {
		bits[i] = rng.IntN(2) == 0
	}
	if events, _ := heard(dsptest.V21.Make(bits), 80); len(events) != 0 {
		t.Errorf("heard %v in random bits", events)
	}
}

// A tone is told once for each time it sounds.
func TestBursts(t *testing.T) {
	var x []int16
	for range 3 {
		x = append(x, dsptest.AnswerTone{Hz: 1100, Level: level}.Make(4000)...)
		x = append(x, make([]int16, 24000)...)
	}
	events, _ := heard(x, 160)
	if len(events) != 3 {
		t.Errorf("heard %v, want three calling tones", events)
	}
}

// The size of blocks makes no difference.
func TestBlocks(t *testing.T) {
	x := dsptest.AnswerTone{Hz: 2100, Level: level, Reverse: 3600}.Make(16000)
	want, _ := heard(x, 1)
	for _, n := range []int{7, 80, 160, 16000} {
		if got, _ := heard(x, n); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("blocks of %d: %v, want %v", n, got, want)
		}
	}
}

// Speech is never taken for a tone: 160 minutes with ATA_FULL=1.
func TestTalkOff(t *testing.T) {
	stretches, seconds := 1, 20.0
	if full() {
		stretches, seconds = 4, 300.0
	}
	voices := len(dsptest.Voices)
	dsptest.Speech(t, dsptest.Voices[0], 1, -15, 0) // skips here when there is none
	var samples atomic.Int64
	dsptest.Parallel(voices*stretches, func(i int) {
		voice := dsptest.Voices[i%voices]
		x := dsptest.Speech(t, voice, seconds, -15, uint64(1000+i))
		if events, _ := heard(x, 80); len(events) != 0 {
			t.Errorf("%s: heard %v in stretch %d", voice.Name, events, i)
		}
		samples.Add(int64(len(x)))
	})
	t.Logf("%.1f minutes", float64(samples.Load())/dsp.SampleRate/60)
}

// Recorded speech of people is not taken for a tone either, however loud: all there is
// with ATA_FULL=1.
func TestTalkOffRecorded(t *testing.T) {
	seconds := 60.0
	if full() {
		seconds = 1e6
	}
	for _, level := range []dsp.DBm0{-10, -20} {
		x := dsptest.Recordings(t, seconds, level)
		if events, _ := heard(x, 80); len(events) != 0 {
			t.Errorf("%v dBm0: heard %v", level, events)
		}
		t.Logf("%.1f minutes", float64(len(x))/dsp.SampleRate/60)
	}
}

// Nothing is heard in what is not a tone, however loud, and afterwards the
// detector works.
func TestGarbage(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	noise := make([]int16, 80000)
	for i := range noise {
		noise[i] = int16(rng.Uint32())
	}
	square := make([]int16, 80000)
	dc := make([]int16, 80000)
	for i := range square {
		dc[i] = 32767
		square[i] = int16(i/9%2*65535 - 32768)
	}
	cng := dsptest.AnswerTone{Hz: 1100, Level: level}.Make(4000)
	for name, x := range map[string][]int16{"noise": noise, "square": square, "DC": dc} {
		d := New()
		d.Process(x)
		if e, ok := d.Next(); ok {
			t.Errorf("%s: heard %v", name, e.Kind)
		}
		d.Process(cng)
		if e, ok := d.Next(); !ok || e.Kind != Calling {
			t.Errorf("%s: calling tone not heard afterwards", name)
		}
	}
}

func TestAllocs(t *testing.T) {
	d := New()
	x := dsptest.AnswerTone{Hz: 2100, Level: level, Reverse: 3600}.Make(160)
	if n := testing.AllocsPerRun(100, func() { d.Process(x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkProcess(b *testing.B) {
	noise := make([]int16, 8000)
	dsptest.AddNoise(noise, -20, rand.New(rand.NewPCG(1, 1)))
	for _, in := range []struct {
		name string
		x    []int16
	}{
		{"silence", make([]int16, 8000)},
		{"noise", noise},
		{"answer", dsptest.AnswerTone{Hz: 2100, Level: level, AM: 0.2, Reverse: 3600}.Make(8000)},
		{"flags", dsptest.V21.Make(dsptest.Flags(37))},
	} {
		b.Run(in.name, func(b *testing.B) {
			d := New()
			at := 0
			for b.Loop() {
				if at+160 > len(in.x) {
					at = 0
				}
				d.Process(in.x[at : at+160])
				at += 160
			}
		})
	}
}
