package media

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// TestConversation loses a tenth of the packets of speech in bursts, on a network
// with 60 ms of jitter. Words that came are heard; what fills the gaps is no
// further from what was said than what ITU-T G.711 Appendix I makes of gaps in
// the same speech without any jitter.
func TestConversation(t *testing.T) {
	NotUnderRace(t)
	bars := openBars(t)
	seconds := 12.0
	if full() {
		seconds = 120
	}
	for _, tt := range []struct {
		burst     int
		reference float64 // dB, of Appendix I
	}{{2, 13.2}, {3, 14.7}} {
		name := fmt.Sprintf("10 %% in bursts of %d ms, 60 ms of jitter", tt.burst*20)
		t.Run(name, func(t *testing.T) {
			var filled, kept float64
			for i := range 4 {
				x := dsptest.Speech(t, dsptest.Voices[2*i], seconds, -18, uint64(i))[:int(seconds)*dsp.SampleRate]
				r := converse(x, tt.burst, uint64(i))
				t.Logf("%s: %+v", dsptest.Voices[2*i].Name, r)
				filled += r.Filled / 4
				kept += r.Kept / 4
			}
			if filled > tt.reference || kept < 0.97 {
				t.Errorf("filled with %.2f dB, %.1f %% kept; want at most %.1f dB and 97 %%", filled, 100*kept, tt.reference)
			}
			if !full() {
				bars.Check(t, name+", spectral distance", filled, 0.2, "dB")
				bars.Check(t, name+", frames that came and are heard", 100*kept, -0.5, "%")
			}
		})
	}
}

// converse plays x over such a network.
func converse(x []int16, burst int, seed uint64) dsptest.Journey {
	rng := rand.New(rand.NewPCG(seed, 4))
	lost := dsptest.Losses(len(x)/packetTime, 0.10, burst, seed)
	trace := cut(func(i int) int16 { return x[i] }, len(x), packetTime, 0, 0, func(int) float64 {
		return 60 * samplesPerMs * rng.Float64()
	})
	trace = slices.DeleteFunc(trace, func(p sentPacket) bool { return lost[p.ts/packetTime] })
	j := testBuffer()
	var heard []int16
	play(j, trace, 80, func(block []int16) { heard = append(heard, block...) })
	return dsptest.Follow(x, heard, lost, packetTime+60*samplesPerMs/2)
}
