//go:build telemetry

package telemetry

import (
	"bytes"
	"context"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/state"
	ataTelemetry "github.com/ata-agent/ata-agent/telemetry"
	"github.com/ata-agent/ata-agent/telemetry/modem"
)

// recorded is a call over a bad network as the device's tap saw it, and what the
// device's own session makes of it.
type recorded struct {
	file   []byte
	lost   int64
	jitter []time.Duration // once a second
}

var (
	hereAddr = netip.MustParseAddrPort("192.0.2.1:4000")
	farAddr  = netip.MustParseAddrPort("192.0.2.2:5000")
)

func beside(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), a.Port()+1) }

// newTap returns the telemetry of a device whose owner permits a capture.
func newTap(t *testing.T) *ataTelemetry.Telemetry {
	t.Helper()
	cfg, err := config.Parse("c.json", []byte(`{"lines":[{"sip":{"user":"1","registrar":"ata.test"}}],"privacy":{"level":4,"categories":["ip_address","trace"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	tel, err := ataTelemetry.New(cfg, ataTelemetry.Opts{
		Home: state.Dir(t.TempDir()), Root: os.DirFS(t.TempDir()),
		Status: func() agent.Status { return agent.Status{} }, Calls: func() []agent.PastCall { return nil }, Forget: func() {},
		Modem: func(context.Context) (modem.Modem, bool, error) { return modem.Modem{}, false, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	level := privacy.Tracing
	if err := tel.Choose(ataTelemetry.Choice{Level: &level}); err != nil {
		t.Fatal(err)
	}
	return tel
}

// party is one end of a call.
type party struct {
	*media.Session
	voice *media.Voice
}

func newParty(rtp, rtcp media.Conn, to netip.AddrPort) *party {
	p := &party{media.NewSession(rtp, rtcp, media.SessionOpts{}), media.NewVoice(media.VoiceOpts{})}
	p.voice.Connect(p.Session)
	p.Set(media.Stream{Remote: to, RemoteRTCP: beside(to), Codec: media.PCMA, PTime: 20 * time.Millisecond, Send: true, Receive: true})
	return p
}

// talk runs the line for a while; each is called once a second.
func (p *party) talk(d time.Duration, each func()) {
	toPhone, fromPhone := make([]int16, 80), make([]int16, 80)
	for i := range int(d / (10 * time.Millisecond)) {
		p.voice.Frame(toPhone, fromPhone)
		if i%100 == 99 {
			each()
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// record has the device talk over a network for a minute of virtual time.
func record(t *testing.T, link mediatest.Link) (r recorded) {
	tel := newTap(t)
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(7)
		listen := tel.Tap().Listen(func(netip.Addr, int, int, int) (media.Conn, media.Conn, error) {
			return n.Listen(hereAddr), n.Listen(beside(hereAddr)), nil
		})
		rtp, rtcp, err := listen(netip.Addr{}, 0, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		farRTP := n.Listen(farAddr)
		farRTP.SetLink(link)
		here, far := newParty(rtp, rtcp, farAddr), newParty(farRTP, n.Listen(beside(farAddr)), hereAddr)
		ctx, stop := context.WithCancel(t.Context())
		var file bytes.Buffer
		var running, talking sync.WaitGroup
		running.Go(func() {
			if err := tel.Capture(ctx, &file, 5*time.Minute, false, func() {}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for _, p := range []*party{here, far} {
			running.Go(func() {
				if err := p.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		talking.Go(func() { here.talk(time.Minute, func() { r.jitter = append(r.jitter, here.Stats().Jitter) }) })
		talking.Go(func() { far.talk(time.Minute, func() {}) })
		talking.Wait()
		time.Sleep(time.Second) // the last packets arrive
		r.lost = here.Stats().Lost
		stop()
		running.Wait()
		r.file = file.Bytes()
	})
	return r
}

// analysis is what tshark finds out about the voice that came.
func analysis(t *testing.T, file []byte) (lost int64, meanJitter float64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "call.pcapng")
	write(t, path, file)
	out, err := exec.Command("tshark", "-r", path, "-d", "udp.port==5000,rtp", "-q", "-z", "rtp,streams").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		// start, end, source, port, destination, port, SSRC, payload, packets, lost,
		// (share%), delta min mean max, jitter min mean max
		w := strings.Fields(line)
		if len(w) < 17 || w[2] != farAddr.Addr().String() {
			continue
		}
		lost, err1 := strconv.ParseInt(w[9], 10, 64)
		jitter, err2 := strconv.ParseFloat(w[15], 64)
		if err1 == nil && err2 == nil {
			return lost, jitter
		}
	}
	t.Fatalf("tshark found no voice from %v:\n%s", farAddr, out)
	return 0, 0
}

// TestTsharkAgreesOnLossAndJitter gives tshark the capture of a call over networks
// from good to bad: it counts the same losses, and the same mean jitter (RFC 3550
// §6.4.1).
func TestTsharkAgreesOnLossAndJitter(t *testing.T) {
	for name, link := range map[string]mediatest.Link{
		"good":  {Delay: 20 * time.Millisecond, Jitter: 2 * time.Millisecond},
		"lossy": {Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: .03},
		"bad":   {Delay: 40 * time.Millisecond, Jitter: 18 * time.Millisecond, Loss: .1},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, link)
			lost, jitter := analysis(t, r.file)
			var sum time.Duration
			for _, j := range r.jitter {
				sum += j
			}
			ours := (sum / time.Duration(len(r.jitter))).Seconds() * 1e3
			t.Logf("tshark: %d lost, jitter %.2f ms; we: %d, %.2f ms", lost, jitter, r.lost, ours)
			if r.lost != lost || link.Loss > 0 && lost < 30 {
				t.Errorf("tshark counts %d lost packets, we count %d", lost, r.lost)
			}
			if math.Abs(ours-jitter) > 0.1*jitter+0.1 {
				t.Errorf("tshark has a mean jitter of %.2f ms, we have %.2f ms", jitter, ours)
			}
		})
	}
}
