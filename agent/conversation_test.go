package agent_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/sip/siptest"
)

// TestWordsThroughABadNetwork has a telephone hear speech of which a tenth is lost
// in bursts, over a network with 60 ms of jitter and through driver and chip. The
// words that came are heard, and gaps are filled no worse than ITU-T G.711
// Appendix I does on the same speech in bursts of 40 and 60 ms without jitter,
// 13.2 and 14.7 dB.
func TestWordsThroughABadNetwork(t *testing.T) {
	notUnderRace(t)
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	seconds, voices := 12, 2
	if os.Getenv("ATA_FULL") == "1" {
		seconds, voices = 60, 4
	}
	for _, tt := range []struct {
		burst     int
		reference float64 // dB
	}{{2, 13.2}, {3, 14.7}} {
		name := fmt.Sprintf("10 %% in bursts of %d ms, 60 ms of jitter", tt.burst*20)
		t.Run(name, func(t *testing.T) {
			var sum dsptest.Journey
			for i := range voices {
				x := dsptest.Speech(t, dsptest.Voices[2*i], float64(seconds), -18, uint64(i))[:seconds*8000]
				var r dsptest.Journey
				talkToPeer(t, g711.ALaw, func(p *peer, remote netip.AddrPort) { r = p.badTalk(remote, x, tt.burst) })
				t.Logf("%s: %+v", dsptest.Voices[2*i].Name, r)
				sum.Filled += r.Filled / float64(voices)
				sum.Kept += r.Kept / float64(voices)
			}
			if sum.Filled > tt.reference || sum.Kept < 0.97 {
				t.Errorf("filled with %.2f dB, %.1f %% kept; want at most %.1f dB and 97 %%", sum.Filled, 100*sum.Kept, tt.reference)
			}
			if os.Getenv("ATA_FULL") == "" {
				bars.Check(t, name+", spectral distance", sum.Filled, 0.5, "dB")
				bars.Check(t, name+", frames that came and are heard", 100*sum.Kept, -1, "%")
			}
		})
	}
}

// badTalk says x over such a network and returns how the telephone hears it.
func (p *peer) badTalk(to netip.AddrPort, x []int16, burst int) dsptest.Journey {
	lost := dsptest.Losses(len(x)/packetSize, 0.10, burst, 1)
	rng := rand.New(rand.NewPCG(1, 6))
	count := 0
	p.w.net.Route(func(packet siptest.Packet) (time.Duration, bool) {
		if packet.To != to || count == len(lost) {
			return 0, true
		}
		count++
		return time.Duration(rng.Int64N(int64(60 * time.Millisecond))), !lost[count-1]
	})
	defer p.w.net.Route(nil)
	phone := p.w.board.Phones[0]
	origin := originOf(phone)
	tape := phone.Record(0)
	began := p.send(to, x)
	time.Sleep(300 * time.Millisecond)
	heard := tape.Stop()
	skip := int(began.Sub(origin)/sampleTime) - int(tape.Start())
	return dsptest.Follow(x, heard[skip:], lost, int(60*time.Millisecond/sampleTime))
}
