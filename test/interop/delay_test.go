//go:build interop

package interop

import (
	"context"
	"encoding/binary"
	"math"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/test/peer"
)

// TestRoundTrip sends clicks to the telephone, whose hybrid throws them back, and
// times them against a peer that sends and takes bare packets: the delay of both
// directions together on the kernel's sockets and clock, at most 80 ms. The
// bubble test of package agent has each direction by itself.
func TestRoundTrip(t *testing.T) {
	server := peer.FreePort(t)
	p := startPeer(t, server)
	line := alone("", server, 0)
	line["dsp"] = object{"lec": false} // or no click would come back
	a := startATA(t, line)
	a.Phone(t, 1, words("set loop=0 sidetone=100 echo=m1 erl=6 offhook wait tone:dial dial 2001 pause 500ms")...)
	trips := p.click(<-p.agent, 12)
	a.Phone(t, 1, "onhook")
	a.idle(t)
	if len(trips) < 3 {
		t.Fatalf("only %d clicks came back", len(trips))
	}
	slices.Sort(trips)
	median := trips[len(trips)/2]
	t.Logf("%d clicks came back after %v (median), %v to %v", len(trips), median, trips[0], trips[len(trips)-1])
	if median > 80*time.Millisecond {
		t.Errorf("round trip %v, want at most 80 ms", median)
	}
}

// rawPeer is a far end that answers at once and has RTP in its own hands.
type rawPeer struct {
	ua    *sip.UA
	rtp   *net.UDPConn
	agent chan netip.AddrPort // where the agent takes RTP
}

func startPeer(t *testing.T, port int) *rawPeer {
	t.Helper()
	loopback := netip.MustParseAddr("127.0.0.1")
	p := &rawPeer{agent: make(chan netip.AddrPort, 1)}
	var err error
	if p.rtp, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0))); err != nil {
		t.Fatal(err)
	}
	here := p.rtp.LocalAddr().(*net.UDPAddr).AddrPort()
	p.ua, err = sip.New(sip.Account{User: "2001", Domain: "ata.test", Registrar: "127.0.0.1"}, sip.Voice{}, sip.Opts{
		LocalAddr: loopback, LocalPort: port, Peers: []netip.AddrPort{netip.AddrPortFrom(loopback, 0)},
		Notify: func(e sip.Event) {
			switch e := e.(type) {
			case sip.Incoming:
				p.ua.Answer(e.Call, here)
			case sip.Answered:
				p.agent <- e.Media.Remote
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.ua.Run(ctx) }()
	t.Cleanup(func() {
		end()
		p.rtp.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

const (
	clickEvery = 15   // packets
	clickLoud  = 8000 // amplitude
	clickHeard = 200  // of what comes back
	frameTime  = 20 * time.Millisecond
	sampleTime = 125 * time.Microsecond
)

// click sends n clicks, one at the start of every fifteenth packet, and returns
// how long each took to come back. Clicks that the echo canceller kept are left
// out.
func (p *rawPeer) click(to netip.AddrPort, n int) []time.Duration {
	var mu sync.Mutex
	var sent, trips []time.Duration
	began := time.Now()
	var reader sync.WaitGroup
	reader.Go(func() {
		buf, samples := make([]byte, 2048), make([]int16, 160)
		for {
			size, _, err := p.rtp.ReadFromUDPAddrPort(buf)
			if err != nil {
				return // the deadline
			}
			if size != 12+160 {
				continue
			}
			now := time.Since(began)
			g711.Decode(g711.MuLaw, samples, buf[12:size])
			at := slices.IndexFunc(samples, func(s int16) bool { return s > clickHeard || s < -clickHeard })
			mu.Lock()
			if at >= 0 && len(sent) > 0 {
				trips = append(trips, now+time.Duration(at)*sampleTime-sent[len(sent)-1])
				sent = nil // the rest of this click does not count
			}
			mu.Unlock()
		}
	})
	packet, samples := make([]byte, 12+160), make([]int16, 160)
	packet[0] = 0x80
	for i := range (n + 1) * clickEvery {
		time.Sleep(time.Until(began.Add(time.Duration(i) * frameTime)))
		clear(samples)
		if i%clickEvery == clickEvery-1 {
			for k := range 40 { // 5 ms of 1 kHz
				samples[k] = int16(clickLoud * math.Cos(2*math.Pi*float64(k)/8))
			}
		}
		binary.BigEndian.PutUint16(packet[2:], uint16(i))
		binary.BigEndian.PutUint32(packet[4:], uint32(i*160))
		binary.BigEndian.PutUint32(packet[8:], 0xc11c)
		g711.Encode(g711.MuLaw, packet[12:], samples)
		if samples[0] != 0 {
			mu.Lock()
			sent = append(sent, time.Since(began))
			mu.Unlock()
		}
		_, _ = p.rtp.WriteToUDPAddrPort(packet, to) // a packet that is lost shows as a click that is
	}
	_ = p.rtp.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	reader.Wait()
	return trips
}
