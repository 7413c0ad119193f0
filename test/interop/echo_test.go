//go:build interop

package interop

import (
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
	"github.com/ata-agent/ata-agent/test/peer"
)

// TestEcho has baresip talk to a telephone whose line gives back all of it 6 dB
// weaker, over up to 32 ms, and listens to what baresip records. Without the
// canceller it is an echo; with it, after a second of talk, nobody hears it.
func TestEcho(t *testing.T) {
	k := startKamailio(t, "MD5")
	without, with := echoAtBaresip(t, k, false), echoAtBaresip(t, k, true)
	t.Logf("baresip hears itself at %.1f dBm0 without, at %.1f dBm0 with canceller", without, with)
	limit := dsp.DBm0(-55)
	if busy(t) {
		limit += 5 // packets that come late change the echo path for a moment
	}
	if without < -40 || with > limit {
		t.Errorf("baresip hears itself at %.1f dBm0 without canceller, want -40 or more; with it at %.1f, want %.0f or less", without, with, limit)
	}
}

// echoAtBaresip is the level of what comes back to baresip after a second of talk.
func echoAtBaresip(t *testing.T, k *peer.Kamailio, cancel bool) dsp.DBm0 {
	t.Helper()
	said := voiceFile(t, "vm-intro.wav")
	b := startBaresip(t, k, baresipOpts{tx: slices.Concat(make([]int16, 12000), said, make([]int16, 5*8000))})
	line := account(k, 1, "udp", "PCMU")
	line["dsp"] = object{"lec": cancel}
	a := startATA(t, line)
	a.Phone(t, 1, words("set echo=m4 erl=6 echo-delay=16ms offhook wait tone:dial dial 2001 wait talk pause 7s onhook")...)
	a.idle(t)
	b.Stop() // so that its files are complete
	heard := b.heard(t)
	a.Stop()
	first := 12000 + 8000 + 4000 // silence, a second of talk, and what the call takes to settle
	if len(heard) < first+16000 {
		t.Fatalf("baresip recorded %d samples", len(heard))
	}
	return g168.Level(heard[first : first+16000])
}
