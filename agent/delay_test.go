package agent_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp/compare"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/sip/siptest"
)

// maxDelay is what the agent may add to each direction (docs/performance.md).
const maxDelay = 40 * time.Millisecond

const (
	sampleTime  = 125 * time.Microsecond
	packetSize  = 160
	packetTime  = packetSize * sampleTime
	measureTime = 2 * time.Second
)

// TestDelay measures the agent's delay of each direction by itself, against a
// peer that takes and gives bare packets in a network without delay, for several
// phases between the peer's packets and the line's blocks. What a sample waits
// until its packet is full counts as the agent's.
func TestDelay(t *testing.T) {
	for _, phase := range []time.Duration{0, 3 * time.Millisecond, 6 * time.Millisecond, 9 * time.Millisecond, 9900 * time.Microsecond} {
		t.Run(phase.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := document(1, func(_ int, l object) {
					account := l["sip"].(object)
					account["outbound_proxy"], account["register"] = peerSIP, false
				})
				w := newWorld(t, cfg)
				defer w.stop()
				p := newPeer(t, w, g711.MuLaw)
				defer p.stop()
				w.phone(1, "PLAIN offhook wait tone:dial dial 102 pause 500ms")
				p.measure(phase)
				w.phone(1, "onhook")
				w.idle()
			})
		})
	}
}

const peerSIP = "10.0.9.9:5060"

// peer answers calls and has RTP in its own hands.
type peer struct {
	t     *testing.T
	w     *world
	law   g711.Law
	ua    *sip.UA
	conn  *siptest.Conn
	agent chan netip.AddrPort // where the agent takes RTP, once the call is up
	stop  func()

	mu       sync.Mutex
	received []arrival
}

// arrival is a packet from the agent.
type arrival struct {
	at      time.Time
	ts      uint32
	samples []int16
}

func newPeer(t *testing.T, w *world, law g711.Law) *peer {
	t.Helper()
	p := &peer{t: t, w: w, law: law, agent: make(chan netip.AddrPort, 1)}
	local := netip.MustParseAddrPort(peerSIP)
	rtp := netip.AddrPortFrom(local.Addr(), 40000)
	var err error
	if p.conn, err = w.net.Listen(rtp); err != nil {
		t.Fatal(err)
	}
	p.ua, err = sip.New(sip.Account{User: "102", Domain: "ata.test", Registrar: "10.0.1.1"}, sip.Voice{Codecs: []string{law.String()}}, sip.Opts{
		LocalAddr: local.Addr(), LocalPort: int(local.Port()), Listen: w.net.ListenPacket,
		Peers: []netip.AddrPort{netip.MustParseAddrPort("10.0.1.1:0")},
		Notify: func(e sip.Event) {
			switch e := e.(type) {
			case sip.Incoming:
				p.ua.Answer(e.Call, rtp)
			case sip.Answered:
				p.agent <- e.Media.Remote
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := p.ua.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	parts.Go(p.receive)
	p.stop = func() {
		end()
		p.conn.Close()
		parts.Wait()
	}
	return p
}

// receive notes what comes until the socket closes.
func (p *peer) receive() {
	buf := make([]byte, 2048)
	for {
		n, _, err := p.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if n != 12+packetSize {
			continue // an event
		}
		a := arrival{time.Now(), binary.BigEndian.Uint32(buf[4:]), make([]int16, packetSize)}
		g711.Decode(p.law, a.samples, buf[12:n])
		p.mu.Lock()
		p.received = append(p.received, a)
		p.mu.Unlock()
	}
}

// measure has both ends make noise at once and judges both directions.
func (p *peer) measure(phase time.Duration) {
	remote := <-p.agent
	phone := p.w.board.Phones[0]
	origin := originOf(phone)
	// Packets begin phase after the block in which the telephone's time is whole.
	time.Sleep(time.Until(origin.Add(time.Since(origin).Truncate(packetTime) + 2*packetTime + phase)))

	rng := rand.New(rand.NewPCG(5, 5))
	fromPhone, toPhone := noise(rng, measureTime), noise(rng, measureTime)
	tape := phone.Record(0)
	spoken := phone.Speak(fromPhone)
	began := p.send(remote, toPhone)
	time.Sleep(200 * time.Millisecond)

	heard, at := tape.Stop(), origin.Add(time.Duration(tape.Start())*sampleTime)
	skip := int(began.Sub(at) / sampleTime)
	p.judge("network to telephone", toPhone, heard[skip:], at.Add(time.Duration(skip)*sampleTime).Sub(began))
	p.judgeSent(fromPhone, origin.Add(time.Duration(spoken)*sampleTime))
}

// originOf is when the telephone's time began. The world turns by the
// millisecond, so a look at any moment is up to that much late.
func originOf(phone *sim.Telephone) time.Time {
	var origin time.Time
	for range 16 {
		tape := phone.Record(0)
		tape.Stop()
		if o := time.Now().Add(-time.Duration(tape.Start()) * sampleTime); origin.IsZero() || o.Before(origin) {
			origin = o
		}
		time.Sleep(sampleTime / 2)
	}
	return origin
}

// noise is white, at about -20 dBm0.
func noise(rng *rand.Rand, d time.Duration) []int16 {
	out := make([]int16, d/sampleTime)
	for i := range out {
		out[i] = int16(1600 * rng.NormFloat64())
	}
	return out
}

// send sends samples packet by packet and returns when the first one went.
func (p *peer) send(to netip.AddrPort, samples []int16) time.Time {
	began := time.Now()
	packet := make([]byte, 12+packetSize)
	packet[0] = 0x80
	if p.law == g711.ALaw {
		packet[1] = 8
	}
	binary.BigEndian.PutUint32(packet[8:], 0xfeed)
	for i := 0; i+packetSize <= len(samples); i += packetSize {
		time.Sleep(time.Until(began.Add(time.Duration(i) * sampleTime)))
		binary.BigEndian.PutUint16(packet[2:], uint16(i/packetSize))
		binary.BigEndian.PutUint32(packet[4:], uint32(i))
		g711.Encode(p.law, packet[12:], samples[i:i+packetSize])
		if _, err := p.conn.WriteToUDPAddrPort(packet, to); err != nil {
			p.t.Error(err)
		}
	}
	return began
}

// judge finds the noise in what was heard; the recording began offset after the
// noise.
func (p *peer) judge(name string, said, heard []int16, offset time.Duration) {
	p.t.Helper()
	heard = append(heard, make([]int16, len(said))...)
	r, err := compare.Speech(said, heard, 200*time.Millisecond)
	if err != nil {
		p.t.Errorf("%s: %v", name, err)
		return
	}
	delay := r.Delay + offset
	p.t.Logf("%s: %v, likeness %.3f", name, delay, r.Correlation)
	if delay > maxDelay || delay <= 0 || r.Correlation < 0.9 {
		p.t.Errorf("%s: %v with likeness %.3f, want at most %v", name, delay, r.Correlation, maxDelay)
	}
}

// judgeSent puts the agent's packets in a row and finds the noise that was
// spoken from a time on. The delay is that of the first sample of a packet, which
// waits longest and could be heard as soon as the packet is there.
func (p *peer) judgeSent(said []int16, spoken time.Time) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	first := 0
	for p.received[first].at.Before(spoken) {
		first++
	}
	var row []int16
	for i, a := range p.received[first:] {
		if want := p.received[first].ts + uint32(i*packetSize); a.ts != want {
			p.t.Fatalf("packet %d has timestamp %d, want %d", i, a.ts, want)
		}
		row = append(row, a.samples...)
	}
	p.judge("telephone to network", said, row, p.received[first].at.Sub(spoken))
}
