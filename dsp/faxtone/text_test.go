package faxtone

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/dtmf"
	"github.com/ata-agent/ata-agent/dsp/g711"
	sound "github.com/ata-agent/ata-agent/dsp/tone"
)

// textTrials are what text telephones and modems send, each with what is to be
// heard of it and in which time at most, in ms.
var textTrials = []struct {
	name   string
	fsk    dsptest.FSK
	bits   func(rng *rand.Rand) []bool
	want   Kind
	within int
}{
	{"Baudot 45.45", dsptest.Baudot45, baudotText, Baudot, 800},
	{"Baudot 50", dsptest.Baudot50, baudotText, Baudot, 800},
	{"EDT", dsptest.EDT, func(rng *rand.Rand) []bool { return dsptest.Typed(20, 8, 2, 33, rng) }, EDT, 1000},
	{"CI", dsptest.V21Low, func(*rand.Rand) []bool { return dsptest.CallIndicators(4) }, CallIndicator, 200},
	{"mark of who called", dsptest.V21Low, mark300, Carrier, 1540},
	{"mark of who answers", dsptest.V21, mark300, Carrier, 540},
}

// baudotText is a dozen characters with 150 ms of mark before and behind them.
func baudotText(rng *rand.Rand) []bool { return dsptest.Typed(12, 5, 1+rng.IntN(2), 7, rng) }

func mark300(*rand.Rand) []bool { return slices.Repeat([]bool{true}, 600) }

// TestText holds the detector to tones 5 Hz off (V.18) with noise 15 dB below,
// and at the weakest level.
func TestText(t *testing.T) {
	n := 30
	if full() {
		n = 1000
	}
	for _, tt := range textTrials {
		t.Run(tt.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(5, 18))
			slowest := 0
			for i := range n {
				fsk, noise := tt.fsk, dsp.DBm0(-18)
				fsk.Level = -3
				switch i % 3 {
				case 1:
					fsk.Level, noise = -40, -60
				case 2:
					fsk.Level, noise = -25, -40
				}
				off := float64(i%5-2) * 2.5
				fsk.Mark, fsk.Space = fsk.Mark+off, fsk.Space+off
				x := wire(fsk.Make(tt.bits(rng)), noise, g711.Law(i%2), rng)
				events, start := heard(x, 80)
				if len(events) == 0 || events[0].Kind != tt.want || len(kinds(events)) != 1 {
					t.Fatalf("trial %d: heard %v, want %v", i, events, tt.want)
				}
				slowest = max(slowest, int(events[0].At-start)/8)
			}
			bars(t).Check(t, tt.name+" recognized after", float64(slowest), 100, "ms")
			if slowest > tt.within+20 { // + up to 20 ms of lead
				t.Errorf("recognized after %d ms, want %d at most", slowest, tt.within)
			}
		})
	}
}

// kinds of events, each once.
func kinds(events []Event) (list []Kind) {
	for _, e := range events {
		if !slices.Contains(list, e.Kind) {
			list = append(list, e.Kind)
		}
	}
	return list
}

// Typing follows text and ends with it; only what is sent in turns is text.
func TestTyping(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 18))
	d := New()
	x := dsptest.Baudot45.Make(baudotText(rng))
	typed := 0
	for at := 0; at+80 <= len(x); at += 80 {
		if d.Process(x[at : at+80]); d.Typing() {
			typed++
		}
	}
	if part := float64(typed*80) / float64(len(x)); part < 0.8 {
		t.Errorf("typing is seen for %.2f of the time", part)
	}
	d.Process(make([]int16, 80))
	if d.Typing() {
		t.Error("typing is seen in silence")
	}
	for k := Calling; int(k) < len(kindNames); k++ {
		if want := k == Baudot || k == EDT; k.Text() != want {
			t.Errorf("%v is text: %v", k, k.Text())
		}
	}
}

// What a telephone hears and says otherwise is not taken for keying: the tones of
// all countries, the three tones before an announcement, of which two are those of
// Baudot, alarms, and keys.
func TestToneIsNoText(t *testing.T) {
	specs := []string{
		"985.2:380 1370.6:276 1776.7:380 -:1000", "1400:330 1800:330", "1400:30 1800:10", "1400:500 -:500",
		"1400+1800:200 -:200", "1400:20 -:20 1800:20 -:20", "1400:100 -:100 2300:100 -:100", "1800:40 -:40",
		"1004:inf", "1600:inf", "1020:inf", "950:inf", "1180:inf", "1080:inf", "1620:inf", "1680:inf",
	}
	for _, row := range strings.Split(nationalTones(t), "\n") {
		if fields := strings.Split(row, "\t"); len(fields) > 2 && fields[0] != "cc" && row[0] != '#' {
			specs = append(specs, fields[2])
		}
	}
	slices.Sort(specs)
	specs = slices.Compact(specs)
	if len(specs) < 300 {
		t.Fatalf("%d tones, want all countries'", len(specs))
	}
	for _, text := range specs {
		spec, err := sound.Parse(text, -12)
		if err != nil {
			t.Fatal(err)
		}
		var g sound.Generator
		g.Start(&spec)
		x := make([]int16, 6*dsp.SampleRate)
		g.Read(x)
		if events, _ := heard(x, 160); slices.ContainsFunc(events, func(e Event) bool { return e.Kind >= CallIndicator }) {
			t.Errorf("%s: heard %v", text, events)
		}
	}
}

func nationalTones(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../tone/testdata/tones.tsv")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestKeysAreNoText(t *testing.T) {
	const keys = "0123456789*#ABCD"
	for _, length := range []int{160, 400, 4000} {
		var x []int16
		for range 3 {
			for _, key := range []byte(keys) {
				var g dtmf.Generator
				g.StartFor(key, -10, 2, length, length)
				y := make([]int16, 2*length)
				g.Read(y)
				x = append(x, y...)
			}
		}
		if events, _ := heard(x, 160); len(events) != 0 {
			t.Errorf("keys of %d ms: heard %v", length/8, events)
		}
	}
}
