package media

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// clockFaults are senders whose timestamps are wrong for a while and right again for the
// last three seconds of six.
var clockFaults = map[string]func(rng *rand.Rand, trace []sentPacket) []sentPacket{
	"±250 ms at random": func(rng *rand.Rand, trace []sentPacket) []sentPacket {
		for i := 50; i < 150; i++ {
			trace[i].ts += uint32(rng.IntN(4000) - 2000)
		}
		return trace
	},
	"±1 s at random": func(rng *rand.Rand, trace []sentPacket) []sentPacket {
		for i := 50; i < 150; i++ {
			trace[i].ts += uint32(rng.IntN(16000) - 8000)
		}
		return trace
	},
	"a step ahead": func(rng *rand.Rand, trace []sentPacket) []sentPacket {
		step := uint32(2500 + rng.IntN(4500))
		for i := 150; i < len(trace); i++ {
			trace[i].ts += step
		}
		return trace
	},
	"a step back": func(rng *rand.Rand, trace []sentPacket) []sentPacket {
		step := uint32(2500 + rng.IntN(4500))
		for i := 150; i < len(trace); i++ {
			trace[i].ts -= step
		}
		return trace
	},
	"ever faster": func(_ *rand.Rand, trace []sentPacket) []sentPacket {
		for i := 50; i < len(trace); i++ {
			trace[i].ts += uint32(min(i, 150)-50) * 160
		}
		return trace
	},
	"80 times too many": func(_ *rand.Rand, trace []sentPacket) []sentPacket {
		var flood []sentPacket
		at, ts := trace[149].at, trace[50].ts
		for i := 50; i < 150; i++ {
			for range 80 {
				flood = append(flood, sentPacket{trace[i].at, ts, trace[i].payload})
				ts += 160
			}
		}
		for i := 150; i < len(trace); i++ {
			trace[i].ts = ts + uint32(trace[i].at-at) - 160
		}
		return slices.Replace(trace, 50, 150, flood...)
	},
}

// TestClockFaults has timestamps be wrong: a second after they are right again no packet
// is late or thrown away any more, nothing is made up, and no packet is delayed longer
// than it may be.
func TestClockFaults(t *testing.T) {
	seeds := 3
	if full() {
		seeds = 200
	}
	buffers := map[string]func() *jitterBuffer{
		"voice": testBuffer, "data": dataBuffer, "text": textBuffer, "fixed": fixedBuffer,
	}
	for fault, spoil := range clockFaults {
		for kind, buffer := range buffers {
			t.Run(fault+", "+kind, func(t *testing.T) {
				for seed := range seeds {
					rng := rand.New(rand.NewPCG(uint64(seed), 5))
					trace := spoil(rng, packetize(6*8000, 160, 77, 0, never))
					for _, frame := range []int{80, 160} {
						j := buffer()
						recoversFrom(t, j, slices.Clone(trace), frame)
					}
				}
			})
		}
	}
}

func textBuffer() *jitterBuffer {
	j := testBuffer()
	j.carryText()
	return j
}

func fixedBuffer() *jitterBuffer {
	j := testBuffer()
	j.setFixed(60 * samplesPerMs)
	return j
}

// recoversFrom plays a trace that is right from its third second on.
func recoversFrom(t *testing.T, j *jitterBuffer, trace []sentPacket, frame int) {
	t.Helper()
	blocks := 0
	var before jitterCounters
	play(j, trace, frame, func([]int16) {
		if blocks++; blocks*frame == 4*8000 {
			before = j.counters
		}
	})
	c := j.counters
	if c.late != before.late || c.concealed != before.concealed || c.discarded != before.discarded {
		t.Errorf("%d-sample blocks: %+v after a second, %+v after three", frame, before, c)
	}
	last := trace[len(trace)-1]
	// The last packet came less than a frame ago, but not all of it may be due.
	if lead := j.lead(last.ts); j.state != playing || lead < -frame || lead > j.most+mostEarlier {
		t.Errorf("the newest packet plays in %d samples while %v", lead, j.state)
	}
}
