package media

import (
	"math"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

const (
	troubleFrom = 1000 // packet with which the network goes wrong, after 20 s
	packetTime  = 160  // samples
)

// troubles are what a network does for a while, by packets since it began: the
// delay in milliseconds.
var troubles = []struct {
	name  string
	delay func(i int) float64
	over  int     // packets after which all is well again
	back  float64 // seconds after that in which the delay is to be what it was, at most
}{
	{"stall of 80 ms", func(i int) float64 { return float64(80 - 20*i) }, 4, 3},
	{"stall of 160 ms", func(i int) float64 { return float64(160 - 20*i) }, 8, 8},
	{"80 ms more for 1 s", func(int) float64 { return 80 }, 50, 8},
	{"80 ms more for 6 s", func(int) float64 { return 80 }, 300, 8},
}

// A far end that talks without a pause is heard whole while the delay grows, and
// soon without delay when the network is well again, and what brings the delay
// back is not heard: the spectrum stays nearer to what was said than that is to
// itself 10 ms later.
func TestTroubleInTalk(t *testing.T) {
	NotUnderRace(t)
	var voices [][]int16
	for seed, hz := range []float64{90, 210} {
		voices = append(voices, dsptest.Talk(40*dsp.SampleRate, hz, -16, uint64(seed)))
	}
	inTrouble(t, "talk", voices)
}

// TestTroubleInSpeech is the same with speech, without its pauses.
func TestTroubleInSpeech(t *testing.T) {
	NotUnderRace(t)
	var voices [][]int16
	for i := range 2 {
		x := dsptest.Speech(t, dsptest.Voices[2*i], 60, -18, uint64(i))
		voices = append(voices, withoutPauses(x)[:40*dsp.SampleRate])
	}
	inTrouble(t, "speech", voices)
}

// withoutPauses leaves out what is silent for 20 ms.
func withoutPauses(x []int16) (voice []int16) {
	for i := 0; i+packetTime <= len(x); i += packetTime {
		if b := x[i : i+packetTime]; dsp.LevelOf(b) > -40 {
			voice = append(voice, b...)
		}
	}
	return voice
}

func inTrouble(t *testing.T, kind string, voices [][]int16) {
	bars := openBars(t)
	for _, tt := range troubles {
		t.Run(tt.name, func(t *testing.T) {
			var sum recovery
			for _, x := range voices {
				r := recovered(t, x, tt.over, tt.delay)
				if r.back > tt.back {
					t.Errorf("the delay is back after %.1f s, want %.0f", r.back, tt.back)
				}
				sum.add(r, 1/float64(len(voices)))
			}
			if sum.distance > sum.natural {
				t.Errorf("spectral distance %.2f dB, the voice's own in 10 ms is %.2f", sum.distance, sum.natural)
			}
			bars.Check(t, kind+", "+tt.name+", back after", sum.back, 0.3, "s")
			bars.Check(t, kind+", "+tt.name+", made up", sum.madeUp, 10, "ms")
			bars.Check(t, kind+", "+tt.name+", spectral distance on the way back", sum.distance, 0.15, "dB")
		})
	}
}

// recovery is what became of a voice.
type recovery struct {
	back              float64 // seconds until the delay was what it had been
	madeUp            float64 // milliseconds
	distance, natural float64 // dB
}

func (r *recovery) add(o recovery, weight float64) {
	r.back += o.back * weight
	r.madeUp += o.madeUp * weight
	r.distance += o.distance * weight
	r.natural += o.natural * weight
}

// recovered plays x, whose packets come late for a while, and looks at what is
// heard from then on until 1 s after the delay is within 10 ms of what it was.
func recovered(t *testing.T, x []int16, over int, delay func(i int) float64) (r recovery) {
	t.Helper()
	trace := cut(func(i int) int16 { return x[i] }, len(x), packetTime, 0, 0, func(i int) float64 {
		if i -= troubleFrom; i >= 0 && i < over {
			return delay(i) * samplesPerMs
		}
		return 0
	})
	j := testBuffer()
	var before, most, pieces int
	var heard []int16
	good := float64((troubleFrom + over) * packetTime)
	r.back = math.Inf(1)
	play(j, trace, 80, func(block []int16) {
		now := float64(j.clock)
		heard = append(heard, block...)
		if now < troubleFrom*packetTime {
			before = j.held()
		}
		most = max(most, j.held())
		grown := most >= before+40*samplesPerMs
		if since := (now - good) / dsp.SampleRate; grown && since > 0 && since < r.back+1 && len(heard)%packetTime == 0 {
			if j.held() <= before+10*samplesPerMs {
				r.back = min(r.back, since)
			}
			piece := heard[len(heard)-packetTime:]
			source := int(j.pos) - j.queued - packetTime // by changes on the way somewhat off
			near := dsptest.Likest(x, piece, source, 130)
			if dsp.LevelOf(piece) > -40 && j.drought == 0 {
				pieces++
				r.distance += dsptest.SpectralDistance(piece, x[near:])
				r.natural += dsptest.SpectralDistance(x[near+80:], x[near:])
			}
		}
	})
	c := j.counters
	t.Logf("delay %d ms, then %d, back after %.1f s; %+v", before/samplesPerMs, most/samplesPerMs, r.back, c)
	if pieces == 0 {
		t.Fatal("the delay did not grow, so nothing was tested")
	}
	if c.late > 0 || c.discarded > 0 {
		t.Errorf("lost packets: %+v", c)
	}
	r.madeUp = float64(c.concealed) / samplesPerMs
	r.distance /= float64(pieces)
	r.natural /= float64(pieces)
	return r
}

// With a fixed delay periods are neither left out nor repeated: the delay moves by
// a sample a time, also where a change of the path has made it wrong by far.
func TestFixedDelayKeepsPeriods(t *testing.T) {
	x := dsptest.Talk(20*dsp.SampleRate, 110, -16, 1)
	for name, delay := range map[string]func(i int) float64{
		"shorter": func(i int) float64 { return float64(max(0, 300-i)) }, // samples; the network catches up
		"longer":  func(i int) float64 { return float64(min(300, i)) },
	} {
		j := testBuffer()
		j.setFixed(60 * samplesPerMs)
		last, moved := -1, 0
		play(j, cut(func(i int) int16 { return x[i] }, len(x), packetTime, 0, 0, delay), 80, func([]int16) {
			if j.state != playing {
				return
			}
			// Without the track's base, which moves by itself.
			now := int(int32(j.clock + uint32(j.queued) - j.pos - uint32(j.drought)))
			if step := now - last; last >= 0 && (step > 1 || step < -1) {
				t.Errorf("%s: the delay moves by %d samples at once", name, step)
			} else if step != 0 {
				moved++
			}
			last = now
		})
		if c := j.counters; c.added+c.removed == 0 || moved < 10 {
			t.Errorf("%s: the delay did not change, so nothing was tested: %+v", name, c)
		}
	}
}

// FuzzJitter plays a voice whose packets are lost, late and long as the script has
// it. The delay stays within its bounds, and no more is made up than is heard.
func FuzzJitter(f *testing.F) {
	f.Add([]byte{0, 0, 0, 40, 40, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, true)
	f.Add([]byte{0, 9, 1, 0, 255, 255, 3, 7, 70, 60, 50, 40, 30, 20, 10, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0}, false)
	x := dsptest.Talk(2*dsp.SampleRate, 120, -16, 1)
	f.Fuzz(func(t *testing.T, script []byte, long bool) {
		frame := 80
		if long {
			frame = 160
		}
		j := testBuffer()
		trace := cut(func(i int) int16 { return x[i%len(x)] }, len(script)*packetTime, packetTime, 7, 0, func(i int) float64 {
			return float64(script[i]) * samplesPerMs
		})
		kept := trace[:0]
		for i, p := range trace {
			if script[i] != 255 {
				kept = append(kept, p)
			}
		}
		play(j, kept, frame, func([]int16) {
			// A path that becomes shorter makes the delay longer by as much.
			if most := j.most + 255*samplesPerMs + 2*unit; j.queued >= frame+2*unit || j.state == playing && j.held() > most {
				t.Fatalf("%d samples queued, a delay of %d", j.queued, j.held())
			}
		})
		if c := j.counters; c.concealed > uint64(j.clock) || c.removed > uint64(len(script)*packetTime) {
			t.Fatalf("%+v in %d samples", c, j.clock)
		}
	})
}
