package agent_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/compare"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/sim"
)

// mostEcho is what the far end may hear of itself after a second of talk, in the
// telephone band.
const mostEcho = dsp.DBm0(-55)

// farLevel is how loud the far end talks.
const farLevel = dsp.DBm0(-16)

// TestFarEndHearsNoEcho has the far end talk alone to telephones with the hybrids
// of G.168, through the chip and its driver, and measures what comes back to it
// after a second. Each hybrid follows on the one before within the call.
func TestFarEndHearsNoEcho(t *testing.T) {
	notUnderRace(t)
	hybrids, losses := []string{"m1", "m7"}, []int{6, 24}
	if os.Getenv("ATA_FULL") == "1" {
		hybrids, losses = g168.Names(), []int{6, 12, 18, 24}
	}
	for _, law := range []g711.Law{g711.MuLaw, g711.ALaw} {
		t.Run(law.String(), func(t *testing.T) {
			talkToPeer(t, law, func(p *peer, remote netip.AddrPort) {
				for _, hybrid := range hybrids {
					for _, loss := range losses {
						p.w.phone(1, fmt.Sprintf("set echo=%s erl=%d", hybrid, loss))
						heard := p.talk(remote, 4*time.Second)
						got := g168.Level(heard[12000:])
						t.Logf("%s, ERL %d dB: %.1f dBm0 comes back", hybrid, loss, got)
						if got > mostEcho {
							t.Errorf("%s, ERL %d dB: %.1f dBm0 comes back, want %v at most", hybrid, loss, got, mostEcho)
						}
					}
				}
				if e := p.w.agent.Status().Lines[0].Audio.Echo; !e.Known || e.Enhancement < 15 || e.Loss < 15 {
					t.Errorf("status of the echo is %+v", e)
				}
			})
		})
	}
}

// TestBothTalkAtOnce has both ends talk in the first second of the first call: the
// far end hears the near one, whole.
func TestBothTalkAtOnce(t *testing.T) {
	notUnderRace(t)
	for _, onset := range []time.Duration{0, 300 * time.Millisecond} {
		t.Run(onset.String(), func(t *testing.T) {
			talkToPeer(t, g711.MuLaw, func(p *peer, remote netip.AddrPort) {
				p.w.phone(1, "set echo=m4 erl=12 sidetone=100")
				said := g168.Near(8000, -18, rand.New(rand.NewPCG(9, 1)))
				near := append(make([]int16, onset/sampleTime), said...)
				p.w.board.Phones[0].Speak(near)
				heard := p.talk(remote, time.Duration(len(near))*sampleTime+300*time.Millisecond)
				r, err := compare.Speech(near, heard, 200*time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("likeness %.3f, %d of %d pieces lost", r.Correlation, r.Gaps, r.Pieces)
				if r.Gaps > 0 || r.Correlation < 0.9 {
					t.Errorf("likeness %.3f, %d of %d pieces lost", r.Correlation, r.Gaps, r.Pieces)
				}
			})
		})
	}
}

// talkToPeer brings up a call to a peer with bare packets.
func talkToPeer(t *testing.T, law g711.Law, f func(p *peer, remote netip.AddrPort)) {
	t.Helper()
	talkToPeerFrom(t, law, func(*sim.Board) {}, f)
}

// talkToPeerFrom does it on a board that prepare may change.
func talkToPeerFrom(t *testing.T, law g711.Law, prepare func(*sim.Board), f func(p *peer, remote netip.AddrPort)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := startWorld(t, sim.Si321x, document(1, func(_ int, l object) {
			account := l["sip"].(object)
			account["outbound_proxy"], account["register"] = peerSIP, false
			l["codecs"] = object{"order": []string{law.String()}}
		}), prepare)
		defer w.stop()
		w.inService(0)
		p := newPeer(t, w, law)
		defer p.stop()
		w.phone(1, "set loop=0 offhook wait tone:dial dial 102 pause 500ms")
		f(p, <-p.agent)
		w.phone(1, "onhook")
		w.idle()
	})
}

// talk talks for d and returns what was heard meanwhile.
func (p *peer) talk(to netip.AddrPort, d time.Duration) (heard []int16) {
	p.mu.Lock()
	p.received = nil
	p.mu.Unlock()
	p.send(to, g168.Far(int(d/sampleTime), farLevel, rand.New(rand.NewPCG(8, 1))))
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.received {
		heard = append(heard, a.samples...)
	}
	return heard
}
