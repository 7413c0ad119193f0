package vad

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// colored is noise of a level whose neighbors are correlated by part.
func colored(n int, level dsp.DBm0, part float64, seed uint64) []int16 {
	rng := rand.New(rand.NewPCG(seed, 3))
	x := make([]int16, n)
	var v float64
	rms := level.RMS() * math.Sqrt(1-part*part)
	for i := range x {
		v = part*v + rms*rng.NormFloat64()
		x[i] = dsp.Saturate(int32(math.Round(v)))
	}
	return x
}

// correlation of neighbors.
func correlation(x []int16) float64 {
	var a, b float64
	for i := 1; i < len(x); i++ {
		a += float64(x[i]) * float64(x[i-1])
		b += float64(x[i]) * float64(x[i])
	}
	return a / b
}

// TestNoiseRoundTrip describes noise and makes it again: level within 2 dB and a
// like color.
func TestNoiseRoundTrip(t *testing.T) {
	for _, level := range []dsp.DBm0{-65, -58, -50, -46} {
		for _, part := range []float64{-0.6, 0, 0.8} {
			x := colored(40000, level, part, 1)
			var d Detector
			pauses := 0
			for at := 0; at < len(x); at += block {
				if !d.Process(x[at:]) {
					pauses++
				}
			}
			if pauses < 60 {
				t.Errorf("%v dBm0, color %v: %d of 500 blocks are pause", level, part, pauses)
			}
			var n Noise
			n.Describe(d.Describe(nil))
			out := make([]int16, 16000)
			n.Read(out)
			if off := float64(dsp.LevelOf(out) - dsp.LevelOf(x)); math.Abs(off) > 2 {
				t.Errorf("%v dBm0, color %v: level off by %.1f dB", level, part, off)
			}
			if got, want := correlation(out), correlation(x); math.Abs(got-want) > 0.1 {
				t.Errorf("%v dBm0, color %v: neighbors correlate by %.2f, want %.2f", level, part, got, want)
			}
		}
	}
}

// TestSpeechIsNotClipped has voices speak in noise 30 and 45 dB below: no block
// of speech that could be heard over the noise is taken for a pause, and the
// pauses between sentences are found.
func TestSpeechIsNotClipped(t *testing.T) {
	for i, voice := range dsptest.Voices {
		for _, below := range []float64{30, 45} {
			speech := dsptest.Speech(t, voice, 10, -15, uint64(i))
			x := append([]int16{}, speech...)
			noise := dsp.DBm0(-15 - below)
			dsptest.AddNoise(x, noise, rand.New(rand.NewPCG(uint64(i), 9)))
			var d Detector
			clipped, pauses, silent := 0, 0, 0
			for at := 0; at+block <= len(x); at += block {
				level := dsp.LevelOf(speech[at : at+block])
				if level < noise-10 {
					silent++
				}
				if d.Process(x[at:]) {
					continue
				}
				pauses++
				if level > noise+6 {
					clipped++
				}
			}
			if clipped > 0 {
				t.Errorf("%s, noise %v dB below: %d blocks of speech are lost", voice.Name, below, clipped)
			}
			if silent > 300 && pauses == 0 {
				t.Errorf("%s, noise %v dB below: no pause found, %d blocks are silent", voice.Name, below, silent)
			}
		}
	}
}

// conversation is one side of a conversation: recorded speech of 5 s, a pause of 7.5
// s, and so on (ITU-T P.59 has 39 % of talk).
func conversation(t *testing.T) (x []int16) {
	seconds := 40.0
	if os.Getenv("ATA_FULL") == "1" {
		seconds = 1200
	}
	const turn = 5 * dsp.SampleRate
	speech := dsptest.Recordings(t, seconds, -20)
	for ; len(speech) >= turn; speech = speech[turn:] {
		x = append(append(x, speech[:turn]...), make([]int16, turn*3/2)...)
	}
	return x
}

// TestConversation has people talk for two fifths of the time in noise of -60 to -35
// dBm0, white and like that of a room: no block of speech that is heard over the noise
// is lost, and what is sent is that speech, the ends of words, and the hang-over.
func TestConversation(t *testing.T) {
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	speech := conversation(t)
	for _, level := range []dsp.DBm0{-60, -45, -35} {
		for _, part := range []float64{0, 0.8} {
			x := colored(len(speech), level, part, 7)
			dsp.Mix(x, speech)
			var d Detector
			active, sent, clipped := 0, 0, 0
			for at := 0; at+block <= len(x); at += block {
				heard := dsp.LevelOf(speech[at:at+block]) > max(level+6, -50)
				speaks := d.Process(x[at:])
				active += count(heard)
				sent += count(speaks)
				clipped += count(heard && !speaks)
			}
			blocks := float64(len(x) / block)
			name := fmt.Sprintf("noise of %v dBm0, color %v: ", level, part)
			bars.Check(t, name+"speech lost", float64(clipped), 0, "blocks")
			bars.Check(t, name+"sent", float64(sent)/blocks, 0.03, "of the time")
			t.Logf("%.3f of the time is speech", float64(active)/blocks)
			if saved := 1 - float64(sent)/blocks; saved < 0.55 {
				t.Errorf("%s%.2f of the packets are saved, want 0.55 at least", name, saved)
			}
		}
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A tone is no pause, however long it stays and as weak as faxes send it.
func TestTonesAreSent(t *testing.T) {
	for _, text := range []string{"350+440:inf", "425:inf", "1100:inf", "2100:inf", "400*25:inf", "697+1633:inf", "1400:22 1800:44"} {
		for _, level := range []dsp.DBm0{-13, -33, -46} {
			spec := tone.MustParse(text, level)
			var g tone.Generator
			g.Start(&spec)
			x := make([]int16, 20*dsp.SampleRate)
			g.Read(x)
			dsp.Mix(x, colored(len(x), -65, 0, 3))
			var d Detector
			for at := 0; at < len(x); at += block {
				if !d.Process(x[at:]) {
					t.Errorf("%s at %v dBm0 is taken for a pause after %d ms", text, level, at/8)
					break
				}
			}
		}
	}
}

// Speech is known in its first block, whatever came before.
func TestOnset(t *testing.T) {
	for _, level := range []dsp.DBm0{-70, -50, -45} {
		x := colored(40000, level, 0.5, 2)
		var d Detector
		for at := 0; at < len(x); at += block {
			d.Process(x[at:])
		}
		voice := dsptest.AnswerTone{Hz: 200, Level: level + 8}.Make(block)
		dsp.Mix(voice, x[:block])
		if !d.Process(voice) {
			t.Errorf("noise of %v dBm0: speech 8 dB above is not known at once", level)
		}
	}
}

// Louder noise is speech at first and a pause once it stays.
func TestNoiseRises(t *testing.T) {
	x := append(colored(40000, -60, 0, 4), colored(80000, -45, 0, 5)...)
	var d Detector
	for at := 0; at < len(x); at += block {
		speech := d.Process(x[at:])
		if at == 40000 && !speech {
			t.Error("a rise of 15 dB is no speech")
		}
		if at == len(x)-block && speech {
			t.Error("after ten seconds the noise is still taken for speech")
		}
	}
}

func TestHostilePayloads(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 2000 {
		payload := make([]byte, rng.IntN(300))
		for k := range payload {
			payload[k] = byte(rng.Uint32())
			if i%3 == 0 {
				payload[k] |= 0xF0
			}
		}
		listenTo(t, payload)
	}
}

func listenTo(t *testing.T, payload []byte) {
	t.Helper()
	var n Noise
	if got, want := n.Describe(payload), len(payload) > 0; got != want {
		t.Errorf("%d octets: %v, want %v", len(payload), got, want)
	}
	out := make([]int16, 800)
	n.Read(out)
	n.Read(out)
	if level := dsp.LevelOf(out); level > -14 {
		t.Errorf("% x sounds at %.0f dBm0", payload, level)
	}
	for _, v := range n.state {
		if v != v {
			t.Fatalf("% x: not a number", payload)
		}
	}
}

func FuzzNoise(f *testing.F) {
	f.Add([]byte{70})
	f.Add([]byte{30, 0, 254, 127, 255})
	f.Fuzz(func(t *testing.T, payload []byte) { listenTo(t, payload) })
}

func TestAllocs(t *testing.T) {
	x := colored(block, -50, 0, 1)
	var d Detector
	var n Noise
	payload := make([]byte, 0, 1+order)
	if got := testing.AllocsPerRun(100, func() {
		d.Process(x)
		n.Describe(d.Describe(payload[:0]))
		n.Read(x)
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkProcess(b *testing.B) {
	x := colored(160, -50, 0, 1)
	var d Detector
	for b.Loop() {
		d.Process(x)
		d.Process(x[block:])
	}
}

func BenchmarkNoise(b *testing.B) {
	var n Noise
	n.Describe([]byte{60, 100, 140, 120, 130, 127, 127, 127, 127, 127, 127})
	out := make([]int16, 160)
	for b.Loop() {
		n.Read(out)
	}
}
