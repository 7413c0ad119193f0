package media

import (
	"math"
	"testing"

	"github.com/ata-agent/ata-agent/dsp/g711"
)

// dataBuffer is a buffer that carries data from the first packet on.
func dataBuffer() *jitterBuffer {
	j := testBuffer()
	j.carryData(defaultData)
	return j
}

// TestDataDrift carries data for half an hour while the clocks differ. No sample
// may be lost or doubled: the tones of the signal come out without a break,
// their phase moving as slowly as the clocks.
func TestDataDrift(t *testing.T) {
	NotUnderRace(t)
	minutes := 5
	if full() {
		minutes = 30
	}
	undisturbed := carried(t, 1, 0)
	for _, ppm := range []float64{-200, -100, 100, 200} {
		if r := carried(t, minutes, ppm); r > undisturbed*1.05 {
			t.Errorf("%+.0f ppm: %.0f beside the tones, %.0f without drift", ppm, r, undisturbed)
		}
	}
}

// carried returns the mean square of what is not the tones.
func carried(t *testing.T, minutes int, ppm float64) float64 {
	t.Helper()
	j := dataBuffer()
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
	t.Logf("%+4.0f ppm: delay %d..%d samples, beside the tones %.1f dB, speed %+.1f ppm", ppm, least, most,
		10*math.Log10(beside/float64(blocks)/toneSquare), j.data.ppm)
	if c := j.counters; c != (jitterCounters{}) {
		t.Errorf("%+.0f ppm: %+v, want nothing lost or changed", ppm, c)
	}
	if move := 12 * samplesPerMs; least < j.steady-move || most > j.steady+move {
		t.Errorf("%+.0f ppm: delay %d..%d samples, want within 12 ms of %d", ppm, least, most, j.steady)
	}
	if math.Abs(j.data.ppm-ppm) > 30 {
		t.Errorf("%+.0f ppm: speed is %.1f ppm", ppm, j.data.ppm)
	}
	return beside / float64(blocks)
}

// TestTextDrift has a call become one of text while the clocks differ: from then on no
// packet is late for five minutes, whatever the line's blocks, though the delay was that
// of voice.
func TestTextDrift(t *testing.T) {
	NotUnderRace(t)
	for _, frame := range []int{80, 160} {
		for _, ppm := range []float64{-200, -100, 0, 100, 200} {
			j := testBuffer()
			blocks, stops, most := 0, 0, 0
			play(j, packetize(5*60*8000, 160, 0, ppm, never), frame, func([]int16) {
				if blocks++; blocks*frame == 16000 {
					j.carryText()
				}
				if blocks*frame < 16000 {
					return
				}
				most = max(most, j.held())
				if j.state != playing {
					stops++
				}
			})
			if c := j.counters; c.late+c.concealed+c.discarded > 0 || stops > 0 {
				t.Errorf("%d-sample blocks, %+.0f ppm: %+v, began afresh %d times", frame, ppm, c, stops)
			}
			if most > 70*samplesPerMs {
				t.Errorf("%d-sample blocks, %+.0f ppm: a delay of %d samples", frame, ppm, most)
			}
		}
	}
}

// Clocks that agree leave data as they are, bit by bit.
func TestDataUntouched(t *testing.T) {
	j := dataBuffer()
	at := 0
	want := make([]int16, 160)
	play(j, packetize(60*8000, 160, 0, 0, never), 160, func(block []int16) {
		if j.state != playing {
			return
		}
		for i := range want {
			want[i] = lineTone(at + i)
		}
		for i, s := range companded(want) {
			if block[i] != s {
				t.Fatalf("sample %d is %d, want %d", at+i, block[i], s)
			}
		}
		at += len(block)
	})
	if at == 0 {
		t.Error("nothing was played")
	}
}

func companded(x []int16) []int16 {
	codes, out := make([]byte, len(x)), make([]int16, len(x))
	g711.Encode(g711.ALaw, codes, x)
	g711.Decode(g711.ALaw, out, codes)
	return out
}

// A packet that never comes is silence of its length, and what follows comes when
// it would have come: no bit slips.
func TestDataLoss(t *testing.T) {
	trace := packetize(10*8000, 160, 0, 0, never)
	trace = append(trace[:100:100], trace[101:]...)
	for i := 300; i < 320; i++ {
		trace[i].at += 300 * samplesPerMs // a break of the network longer than the delay
	}
	j := dataBuffer()
	var heard []int16
	play(j, trace, 80, func(block []int16) {
		if j.state == playing {
			heard = append(heard, block...)
		}
	})
	want := make([]int16, len(heard))
	for i := range want {
		want[i] = lineTone(i)
	}
	wrong := 0
	for i, s := range companded(want) {
		if heard[i] != s {
			wrong++
		}
	}
	// One packet, and those that were later than the delay.
	if limit := 160 + 20*160; wrong < 160 || wrong > limit {
		t.Errorf("%d samples differ, want the 160 that were lost and those that were late, %d at most", wrong, limit)
	}
	for i := len(heard) - 8000; i < len(heard); i++ {
		if heard[i] != companded(want[i : i+1])[0] {
			t.Fatalf("sample %d is not in its place", i)
		}
	}
}

// TestDataSwitch begins to carry data in the middle of a tone: the delay is there
// at once, and the tone goes on without a break of its phase.
func TestDataSwitch(t *testing.T) {
	for _, delay := range []int{60, 100, 200} {
		j := testBuffer()
		steady := 0
		blocks := 0
		var worst float64
		trace := packetize(6*8000, 160, 0, 0, never)
		for i := range trace { // one tone, as when an answer tone sounds
			samples := make([]int16, 160)
			for k := range samples {
				samples[k] = int16(8000 * math.Sin(2*math.Pi*2100/8000*float64(i*160+k)))
			}
			g711.Encode(g711.ALaw, trace[i].payload, samples)
		}
		play(j, trace, 80, func(block []int16) {
			if blocks++; blocks == 200 {
				j.carryData(delay * samplesPerMs)
				steady = j.steady
			}
			if j.state == playing && blocks > 10 {
				worst = max(worst, beside2100(block))
			}
			if blocks > 201 && j.held() != steady {
				t.Fatalf("delay is %d samples, want %d", j.held(), steady)
			}
		})
		if off := steady - delay*samplesPerMs; off < -rewindSearch || off > rewindSearch {
			t.Errorf("delay is %d samples, want %d ms", steady, delay)
		}
		if db := 10 * math.Log10(worst/(8000*8000/2)); db > -25 {
			t.Errorf("%d ms: %.1f dB beside the tone, want at most -25", delay, db)
		}
	}
}

// beside2100 is the mean square of what is not a tone of 2100 Hz.
func beside2100(block []int16) float64 {
	a := 2 * math.Cos(2*math.Pi*2100/8000)
	var sum float64
	for i := 2; i < len(block); i++ {
		e := float64(block[i]) - a*float64(block[i-1]) + float64(block[i-2])
		sum += e * e / (2 + a*a)
	}
	return sum / float64(len(block)-2)
}

// TestFixedDelay keeps a delay that was set, while the network varies and the
// clocks differ.
func TestFixedDelay(t *testing.T) {
	for _, ppm := range []float64{-200, 0, 200} {
		j := testBuffer()
		j.setFixed(60 * samplesPerMs)
		blocks := 0
		trace := packetize(120*8000, 160, 0, ppm, func(i int) float64 { return float64(i*7919%40) * samplesPerMs })
		play(j, trace, 80, func([]int16) {
			if blocks++; blocks < 100 || j.drought > 0 {
				return
			}
			if held := j.held(); held < 50*samplesPerMs || held > 75*samplesPerMs {
				t.Fatalf("%+.0f ppm: delay %d samples in block %d, want 60 ms", ppm, held, blocks)
			}
		})
		if c := j.counters; c.late != 0 || c.concealed != 0 {
			t.Errorf("%+.0f ppm: %+v, want nothing lost with 40 ms of jitter", ppm, c)
		}
	}
}

// What resampling adds to a tone is far below what companding adds (-38 dB), up
// to the highest frequency of a modem.
func TestInterpolation(t *testing.T) {
	for _, tt := range []struct{ hz, limit float64 }{{300, -70}, {1800, -70}, {3000, -65}, {3429, -40}} {
		j := dataBuffer()
		j.data.working, j.data.ppm = true, 150
		wave := func(at float64) float64 { return 20000 * math.Sin(2*math.Pi*tt.hz/8000*at) }
		for i := range j.pcm {
			j.pcm[i] = int16(math.Round(wave(float64(i))))
		}
		var noise float64
		at, n := 100.0, 0
		for j.pos = 100; j.pos < bufferSize-200; j.pos += unit {
			j.copyOut(j.unit[:], j.pos)
			for _, s := range j.pace() {
				e := float64(s) - wave(at)
				noise += e * e
				at += 1 + 150e-6
				n++
			}
		}
		db := 10 * math.Log10(noise/float64(n)/(20000*20000/2))
		t.Logf("%.0f Hz: %.1f dB", tt.hz, db)
		if db > tt.limit {
			t.Errorf("%.0f Hz: %.1f dB beside the tone, want at most %.0f", tt.hz, db, tt.limit)
		}
	}
}

func BenchmarkPacer(b *testing.B) {
	j := dataBuffer()
	j.data.working, j.data.ppm = true, 100
	for b.Loop() {
		_ = j.pace()
		_ = j.pace()
	}
}
