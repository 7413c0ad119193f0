package callerid

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
)

// scaled returns small, or full when ATA_FULL is set.
func scaled(full, small int) int {
	if os.Getenv("ATA_FULL") != "" {
		return full
	}
	return small
}

var names = []string{"", "Ann", "MÜLLER, Jörg", "O'Brien & Sons", "Łukasz Żak", "a name that is longer than any display has room for, by far"}

// randomCall draws a call.
func randomCall(rng *rand.Rand) Call {
	c := Call{Time: time.Date(2026, time.Month(1+rng.IntN(12)), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60), 0, 0, time.UTC)}
	switch rng.IntN(10) {
	case 0:
		c.Absence = Withheld
	case 1:
		c.Absence = Unavailable
	default:
		for range 3 + rng.IntN(15) {
			c.Number += fmt.Sprint(rng.IntN(10))
		}
		c.Name = names[rng.IntN(len(names))]
	}
	return c
}

// play returns what a plan sounds like, with silence before and after.
func play(p *Plan) []int16 {
	const silence = 800
	n := int(p.Duration() * dsp.SampleRate / time.Second)
	x := make([]int16, n+2*silence)
	var s Sender
	s.Start(p)
	body := x[silence:]
	for at := 0; at < len(body); at += 77 {
		s.Read(body[at:min(at+77, len(body))])
	}
	return x
}

// hear returns the messages in x.
func hear(x []int16) (got [][]byte) {
	r := NewReceiver(func(m []byte) { got = append(got, bytes.Clone(m)) })
	for at := 0; at < len(x); at += 160 {
		r.Process(x[at:min(at+160, len(x))])
	}
	return got
}

func dataSchemes() (list []*Scheme) {
	for _, s := range Schemes {
		if s.build != nil {
			list = append(list, s)
		}
	}
	return list
}

func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, s := range dataSchemes() {
		for range scaled(100, 3) {
			c := randomCall(rng)
			plans := []*Plan{s.Message(c)}
			if s.Knock != nil {
				plans = append(plans, s.KnockMessage(c))
			}
			for _, p := range plans {
				got := hear(play(p))
				if len(got) != 1 || !bytes.Equal(got[0], p.message) {
					t.Fatalf("%s: heard %x, want %x", s.Name, got, p.message)
				}
			}
		}
	}
}

// impair is what a line does to data.
type impair struct {
	level dsp.DBm0
	twist float64 // dB that space is above mark
	snr   float64 // dB, noise of 200 to 3200 Hz
	baud  float64 // factor of the bit rate
	shift float64 // factor of the frequencies
}

// modulate is a sender of its own, in floating point and with any fault, phase and
// alignment, as it comes through a companding law.
func (i impair) modulate(p *Plan, law g711.Law, rng *rand.Rand) []int16 {
	f := p.frame
	length := dsp.SampleRate / (baud * i.baud)
	n := int(math.Ceil(float64(f.bits(len(p.message))) * length))
	start := 800 + rng.IntN(160)
	x := make([]int16, n+1760)
	mark := i.level.Amplitude() * math.Pow(10, -i.twist/40)
	space := i.level.Amplitude() * math.Pow(10, i.twist/40)
	phase := 2 * math.Pi * rng.Float64()
	for k := range n {
		hz, peak := f.modem.Space, space
		if f.bit(p.message, int(float64(k)/length)) {
			hz, peak = f.modem.Mark, mark
		}
		x[start+k] = int16(math.Round(peak * math.Sin(phase)))
		phase += 2 * math.Pi * hz * i.shift / dsp.SampleRate
	}
	const whole = 1.25 // dB that white noise has more than its part in 200-3200 Hz
	dsptest.AddNoise(x, i.level-dsp.DBm0(i.snr)+whole, rng)
	codes := make([]byte, len(x))
	g711.Encode(law, codes, x)
	g711.Decode(law, x, codes)
	return x
}

func openBars(t *testing.T) *dsptest.Bars {
	t.Helper()
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	return bars
}

func TestReceiverImpaired(t *testing.T) {
	bars := openBars(t)
	n := scaled(200, 5)
	for _, tt := range []struct {
		name string
		impair
	}{
		{"clean", impair{-13.5, 0, 60, 1, 1}},
		{"loud", impair{-8, 0, 20, 1, 1}},
		{"quiet", impair{-36, 0, 20, 1, 1}},
		{"space strong", impair{-20, 6, 20, 1, 1}},
		{"mark strong", impair{-20, -6, 20, 1, 1}},
		{"fast", impair{-20, 0, 20, 1.01, 1}},
		{"slow", impair{-20, 0, 20, 0.99, 1}},
		{"high", impair{-20, 0, 20, 1, 1.015}},
		{"low", impair{-20, 0, 20, 1, 0.985}},
		{"all at once", impair{-36, 6, 20, 1.01, 1.015}},
		{"all the other way", impair{-36, -6, 20, 0.99, 0.985}},
	} {
		rng := rand.New(rand.NewPCG(2, 2))
		for _, name := range []string{"bellcore", "etsi-fsk", "sin227", "ntt"} { // the others sound like one of these
			s, _ := Lookup(name)
			read := 0
			for i := range n {
				p := s.Message(randomCall(rng))
				got := hear(tt.modulate(p, g711.Law(i%2), rng))
				for _, m := range got {
					if !bytes.Equal(m, p.message) {
						t.Errorf("%s %s: heard %x, want %x", s.Name, tt.name, m, p.message)
					}
				}
				if len(got) == 1 {
					read++
				}
			}
			bars.Check(t, s.Name+" "+tt.name, float64(read)/float64(n), -0.001, "of the messages")
			if read < n {
				t.Errorf("%s %s: %d of %d read", s.Name, tt.name, read, n)
			}
		}
	}
}

// TestDrownedInNoise reads messages where many bits are wrong: what is delivered
// has the right check, and what has not is counted.
func TestDrownedInNoise(t *testing.T) {
	bars := openBars(t)
	s, _ := Lookup("bellcore")
	n := scaled(200, 50)
	for _, snr := range []float64{4, 6, 8} {
		rng := rand.New(rand.NewPCG(3, uint64(snr)))
		read, wrong := 0, uint64(0)
		for i := range n {
			p := s.Message(randomCall(rng))
			r := NewReceiver(func(m []byte) {
				if sum(m) != 0 {
					t.Errorf("S/N %v dB: %x with a wrong checksum is delivered", snr, m)
				}
				if bytes.Equal(m, p.message) {
					read++
				}
			})
			r.Process(impair{-20, 0, snr, 1, 1}.modulate(p, g711.Law(i%2), rng))
			wrong += r.Errors()
		}
		if snr == 4 && wrong == 0 {
			t.Error("no wrong checksum, so nothing was tested")
		}
		t.Logf("S/N %v dB: %d of %d read, %d with a wrong checksum", snr, read, n, wrong)
		if snr > 4 {
			bars.Check(t, fmt.Sprintf("bellcore, S/N %v dB", snr), float64(read)/float64(n), -0.1, "of the messages")
		}
	}
}
