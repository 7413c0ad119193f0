package media

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
)

// sent is a packet of a trace: when it arrives by the line's clock, in samples.
type sentPacket struct {
	at      float64
	ts      uint32
	payload []byte
}

// lineTone is a signal of two tones without a pause.
func lineTone(i int) int16 {
	t := float64(i) / 8000
	return int16(6000*math.Sin(2*math.Pi*440*t) + 5000*math.Sin(2*math.Pi*1033*t))
}

// packetize cuts lineTone, total samples of it, into packets (see cut).
func packetize(total, n int, ts uint32, ppm float64, delay func(i int) float64) []sentPacket {
	return cut(lineTone, total, n, ts, ppm, delay)
}

// cut cuts a sound of total samples into packets of n samples from timestamp ts
// on. Each is sent when its last sample was spoken by a clock that is ppm faster
// than the line's, and arrives delay(i) samples later.
func cut(sound func(i int) int16, total, n int, ts uint32, ppm float64, delay func(i int) float64) []sentPacket {
	var list []sentPacket
	for i := 0; (i+1)*n <= total; i++ {
		samples := make([]int16, n)
		for k := range samples {
			samples[k] = sound(i*n + k)
		}
		payload := make([]byte, n)
		g711.Encode(g711.ALaw, payload, samples)
		spoken := float64((i+1)*n) / (1 + ppm*1e-6)
		list = append(list, sentPacket{spoken + delay(i), ts + uint32(i*n), payload})
	}
	return list
}

// play feeds a trace to j, in order of arrival, and hears it in blocks of frame
// samples.
func play(j *jitterBuffer, trace []sentPacket, frame int, each func(block []int16)) {
	slices.SortStableFunc(trace, func(a, b sentPacket) int { return int(math.Floor(a.at) - math.Floor(b.at)) })
	block := make([]int16, frame)
	now := float64(frame) / 3 // the line is out of phase with the packets
	for len(trace) > 0 {
		for len(trace) > 0 && trace[0].at <= now {
			p := trace[0]
			trace = trace[1:]
			j.put(p.ts, g711.ALaw, p.payload, int(now-p.at))
		}
		j.get(block)
		if each != nil {
			each(block)
		}
		now += float64(frame)
	}
}

func testBuffer() *jitterBuffer {
	j := &jitterBuffer{}
	j.init(defaultLeast, defaultMost)
	return j
}

func never(int) float64 { return 0 }

// full says whether the tests run at full length.
func full() bool { return os.Getenv("ATA_FULL") == "1" }

func TestJitterTables(t *testing.T) {
	const seconds = 20
	for _, tt := range []struct {
		name   string
		n      int
		frame  int
		change func(rng *rand.Rand, trace []sentPacket) []sentPacket

		late, discarded uint64  // at most
		concealed       float64 // share of the voice, at most
		delay           int     // at the end, ms, at most
	}{
		{name: "clean", n: 160, frame: 80, delay: 20},
		{name: "clean, 20 ms blocks", n: 160, frame: 160, delay: 20},
		{name: "10 ms packets", n: 80, frame: 80, delay: 20},
		{name: "8 ms packets", n: 64, frame: 80, delay: 20},
		{name: "30 ms packets, 20 ms blocks", n: 240, frame: 160, delay: 30},
		{name: "200 ms packets", n: 1600, frame: 80, delay: 20},
		{
			name: "every copy twice", n: 160, frame: 80, delay: 20,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				return append(trace, trace...)
			},
			late: seconds * 50, // the second ones that come after the first have played
		},
		{
			name: "neighbours swapped", n: 160, frame: 80, delay: 40,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				for i := 100; i+1 < len(trace); i += 10 {
					trace[i].at = trace[i+1].at + 1
				}
				return trace
			},
			late: 2, concealed: 0.008,
		},
		{
			name: "5 % lost", n: 160, frame: 80, delay: 20,
			change: func(rng *rand.Rand, trace []sentPacket) []sentPacket {
				return slices.DeleteFunc(trace, func(sentPacket) bool { return rng.Float64() < 0.05 })
			},
			concealed: 0.06,
		},
		{
			name: "40 ms of jitter", n: 160, frame: 80, delay: 60,
			change: func(rng *rand.Rand, trace []sentPacket) []sentPacket {
				for i := range trace {
					trace[i].at += rng.Float64() * 40 * samplesPerMs
				}
				return trace
			},
			late: 5, concealed: 0.02,
		},
		{
			name: "path becomes 100 ms longer", n: 160, frame: 80, delay: 30,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				for i := 100; i < len(trace); i++ {
					trace[i].at += 100 * samplesPerMs
				}
				return trace
			},
			concealed: 0.01,
		},
		{
			name: "path becomes 100 ms shorter", n: 160, frame: 80, delay: 130,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				for i := range trace[:100] {
					trace[i].at += 100 * samplesPerMs
				}
				return trace
			},
		},
		{
			name: "timestamps jump ahead an hour", n: 160, frame: 80, delay: 20,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				for i := 500; i < len(trace); i++ {
					trace[i].ts += 3600 * 8000
				}
				return trace
			},
			discarded: 1, concealed: 0.005,
		},
		{
			name: "timestamps jump back", n: 160, frame: 80, delay: 20,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				for i := 500; i < len(trace); i++ {
					trace[i].ts -= 100_000_000
				}
				return trace
			},
			discarded: 1, concealed: 0.005,
		},
		{
			name: "timestamps step back half a second", n: 160, frame: 80, delay: 20,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				for i := 500; i < len(trace); i++ {
					trace[i].ts -= 4000
				}
				return trace
			},
			late: 5, concealed: 0.01,
		},
		{
			name: "timestamps step ahead half a second", n: 160, frame: 80, delay: 100,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				for i := 500; i < len(trace); i++ {
					trace[i].ts += 4000
				}
				return trace
			},
			concealed: 0.01,
		},
		{
			name: "timestamps of 200 ms packets step ahead half a second", n: 1600, frame: 80, delay: 300,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				for i := 50; i < len(trace); i++ {
					trace[i].ts += 4000
				}
				return trace
			},
			concealed: 0.03,
		},
		{
			name: "timestamps stand still for 300 ms", n: 160, frame: 80, delay: 20,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				for i := 500; i < len(trace); i++ {
					trace[i].at += 2400
				}
				return trace
			},
			late: 5, concealed: 0.03,
		},
		{
			name: "one stray timestamp", n: 160, frame: 80, delay: 20,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				trace[500].ts ^= 1 << 30
				return trace
			},
			discarded: 1, concealed: 0.002,
		},
		{
			name: "pause of 5 s", n: 160, frame: 80, delay: 20,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				return slices.Delete(trace, 400, 650)
			},
			concealed: 0.06,
		},
		{
			name: "network stalls 400 ms", n: 160, frame: 80, delay: 200,
			change: func(_ *rand.Rand, trace []sentPacket) []sentPacket {
				for i := 500; i < 520; i++ {
					trace[i].at = trace[520].at
				}
				return trace
			},
			late: 12, concealed: 0.025,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			// The timestamps wrap on the way.
			trace := packetize(seconds*8000, tt.n, math.MaxUint32-50_000, 0, never)
			if tt.change != nil {
				trace = tt.change(rng, trace)
			}
			j := testBuffer()
			play(j, trace, tt.frame, nil)
			c := j.counters
			if c.late > tt.late || c.discarded > tt.discarded {
				t.Errorf("late %d, discarded %d, want at most %d and %d", c.late, c.discarded, tt.late, tt.discarded)
			}
			if share := float64(c.concealed) / (seconds * 8000); share > tt.concealed {
				t.Errorf("concealed %.4f, want at most %.4f", share, tt.concealed)
			}
			if delay := j.held() / samplesPerMs; delay > tt.delay || delay < 0 || j.state != playing {
				t.Errorf("delay %d ms while %v, want at most %d ms", delay, j.state, tt.delay)
			}
			t.Logf("delay %d ms, %+v", j.held()/samplesPerMs, c)
		})
	}
}

// TestGrowsInSilence has a far end be silent for 1.2 s before it speaks, and
// send its packets by twos: the delay that this needs must be reached before
// there is voice that the corrections would stretch.
func TestGrowsInSilence(t *testing.T) {
	trace := packetize(5*8000, 160, 0, 0, func(i int) float64 { return float64(i%2) * 9 * samplesPerMs })
	for i := range trace[:60] {
		g711.Encode(g711.ALaw, trace[i].payload, make([]int16, 160))
	}
	j := testBuffer()
	var before uint64
	blocks := 0
	play(j, trace, 80, func([]int16) {
		if blocks++; blocks == 125 { // the last silence has been played
			before = j.counters.added
		}
	})
	if before == 0 {
		t.Error("the delay did not grow, so nothing was tested")
	}
	if added := j.counters.added - before; added > 0 {
		t.Errorf("%d samples added in the voice, %d in the silence before", added, before)
	}
}

// TestDrift hears a far end whose clock is wrong for an hour, saying a tone
// without a pause. What the corrections do to it must not be heard.
func TestDrift(t *testing.T) {
	NotUnderRace(t)
	minutes := 3
	if full() {
		minutes = 60
	}
	undisturbed := drift(t, 1, 0)
	bars := openBars(t)
	for _, ppm := range []float64{-200, -100, 100, 200} {
		more := drift(t, minutes, ppm) - undisturbed // what companding leaves is there without drift
		spurious := max(10*math.Log10(max(more, 1)/toneSquare), -70)
		if spurious > -50 {
			t.Errorf("%+.0f ppm: corrections are %.1f dB beside the tones, want at most -50", ppm, spurious)
		}
		bars.Check(t, fmt.Sprintf("drift of %+.0f ppm, beside a tone", ppm), spurious, 10, "dB")
	}
}

func openBars(t *testing.T) *dsptest.Bars {
	t.Helper()
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	return bars
}

// drift returns the mean square of what is not the tones.
func drift(t *testing.T, minutes int, ppm float64) float64 {
	t.Helper()
	j := testBuffer()
	least, most := math.MaxInt, 0
	trace := packetize(minutes*60*8000, 160, 0, ppm, never)
	var beside float64
	blocks := 0
	play(j, trace, 80, func(block []int16) {
		if j.state == playing {
			least, most = min(least, j.held()), max(most, j.held())
			blocks++
			beside += residue(block)
		}
	})
	c := j.counters
	t.Logf("%+4.0f ppm: delay %d..%d samples, added %d, removed %d, beside the tones %.1f dB", ppm, least, most,
		c.added, c.removed, 10*math.Log10(beside/float64(blocks)/toneSquare))
	if c.concealed != 0 || c.late != 0 || c.discarded != 0 {
		t.Errorf("%+.0f ppm: %+v, want nothing lost", ppm, c)
	}
	if least < 0 || most > 20*samplesPerMs {
		t.Errorf("%+.0f ppm: delay %d..%d samples, want within 0..160", ppm, least, most)
	}
	want := float64(minutes*60*8000) * ppm * 1e-6
	if got := float64(c.removed) - float64(c.added); math.Abs(got-want) > 200 {
		t.Errorf("%+.0f ppm: %.0f samples too many, want %.0f", ppm, got, want)
	}
	return beside / float64(blocks)
}

// TestStretch shortens and lengthens a tone that was not companded.
func TestStretch(t *testing.T) {
	for name, table := range map[string]stretchTable{"shorten": shorten, "lengthen": lengthen} {
		var span [stretchSpan]int16
		out := make([]int16, len(table))
		var beside float64
		const units = 1000
		for u := range units {
			for i := range span {
				span[i] = lineTone(u*unit + i - stretchBack)
			}
			resample(out, table, &span)
			beside += residue(out)
		}
		db := 10 * math.Log10(beside/units/toneSquare)
		if db > -50 {
			t.Errorf("%s: %.1f dB beside the tones, want at most -50", name, db)
		}
		openBars(t).Check(t, name+" by a sample, beside a tone", db, 1, "dB")
	}
}

// toneSquare is the mean square of lineTone.
const toneSquare = (6000*6000 + 5000*5000) / 2

// residue is the mean square of what is left of a block when the two tones of
// lineTone are filtered out: a sample that jumps stands out.
func residue(block []int16) float64 {
	a := 2 * math.Cos(2*math.Pi*440/8000)
	b := 2 * math.Cos(2*math.Pi*1033/8000)
	// (z² - a z + 1)(z² - b z + 1) has zeros at both tones.
	p, q := -(a + b), 2+a*b
	gain := 2 + 2*p*p + q*q // of white noise
	var sum float64
	for i := 4; i < len(block); i++ {
		e := float64(block[i]) + p*float64(block[i-1]) + q*float64(block[i-2]) + p*float64(block[i-3]) + float64(block[i-4])
		sum += e * e / gain
	}
	return sum / float64(len(block)-4)
}

// delayTraces are networks as they are met: how much later than the fastest each
// packet comes, in ms.
var delayTraces = []struct {
	name   string
	change int // packet from which on the path is another one, 0 = none
	delay  func(rng *rand.Rand) func(i int) float64
}{
	{"Pareto", 0, func(rng *rand.Rand) func(int) float64 {
		return func(int) float64 { return min(4*math.Pow(1-rng.Float64(), -1/2.0)-4, 180) }
	}},
	{"normal", 0, func(rng *rand.Rand) func(int) float64 {
		return func(int) float64 { return math.Abs(rng.NormFloat64()) * 12 }
	}},
	{"bursts of wireless", 0, func(rng *rand.Rand) func(int) float64 {
		left := 0.0
		return func(int) float64 {
			left = max(left-20, 0)
			if rng.Float64() < 0.02 {
				left = 30 + 60*rng.Float64()
			}
			return left + 3*rng.Float64()
		}
	}},
	{"step of 100 ms", 3000, func(rng *rand.Rand) func(int) float64 {
		return func(i int) float64 {
			if i >= 3000 {
				return 100 + 8*rng.Float64()
			}
			return 8 * rng.Float64()
		}
	}},
}

// TestJitterTraces compares the delay with the least fixed delay that would have had
// one packet in a hundred late, chosen by who knows the whole trace; after a step of
// the path it is chosen anew.
func TestJitterTraces(t *testing.T) {
	NotUnderRace(t)
	seeds := 3
	if full() {
		seeds = 20
	}
	for _, tt := range delayTraces {
		t.Run(tt.name, func(t *testing.T) {
			var mean, best, concealed, late float64
			for seed := range seeds {
				delays := make([]float64, 6000)
				draw := tt.delay(rand.New(rand.NewPCG(7, uint64(seed))))
				for i := range delays {
					delays[i] = draw(i)
				}
				d, c := meanDelay(delays)
				mean += d / float64(seeds)
				best += optimum(delays, tt.change) / float64(seeds)
				concealed += float64(c.concealed) / float64(seeds*len(delays)*160)
				late += float64(c.late) / float64(seeds*len(delays))
			}
			t.Logf("mean delay %.1f ms, best fixed one %.1f ms, late %.2f %%, made up %.2f %%", mean, best, 100*late, 100*concealed)
			if mean > 1.25*best {
				t.Errorf("mean delay %.1f ms, want at most %.1f", mean, 1.25*best)
			}
			if concealed > 0.01 || late > 0.01 {
				t.Errorf("%.4f of the voice made up, %.4f of the packets late, want at most 0.01", concealed, late)
			}
			bars := openBars(t)
			bars.Check(t, tt.name+", mean delay against the best", mean/best, 0.05, "")
			bars.Check(t, tt.name+", made up", 100*concealed, 0.1, "%")
		})
	}
}

// optimum is the mean of the least fixed delays, in ms above that of the fastest
// packet, that have one packet in a hundred late before and after the path changes.
func optimum(delays []float64, change int) float64 {
	fastest, sum := slices.Min(delays), 0.0
	for _, part := range [][]float64{delays[:change], delays[change:]} {
		part = slices.Sorted(slices.Values(part))
		if n := len(part); n > 0 {
			sum += (part[n*99/100] - fastest) * float64(n)
		}
	}
	return sum / float64(len(delays))
}

// meanDelay plays packets of 20 ms that come so many ms late and returns by how much
// longer than the fastest takes their samples were held back, in ms.
func meanDelay(delays []float64) (mean float64, c jitterCounters) {
	trace := packetize(len(delays)*160, 160, 99, 0, func(i int) float64 { return delays[i] * samplesPerMs })
	j := testBuffer()
	var sum float64
	blocks := 0
	play(j, trace, 80, func([]int16) {
		if j.state == playing {
			sum += float64(int32(j.clock + uint32(j.queued) - j.pos - uint32(j.drought)))
			blocks++
		}
	})
	const packet = 20 // ms from its first sample to when it is sent
	return sum/float64(blocks)/samplesPerMs - packet - slices.Min(delays), j.counters
}
