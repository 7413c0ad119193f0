package media_test

import (
	"math"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
)

// peer is a far end made by hand.
type peer struct {
	t    *testing.T
	conn *mediatest.Conn
	rtcp *mediatest.Conn
	h    rtp.Header
}

func newPeer(t *testing.T, n *mediatest.Network, at netip.AddrPort) *peer {
	p := &peer{t: t, conn: n.Listen(at), rtcp: n.Listen(next(at))}
	p.h = rtp.Header{Version: 2, PayloadType: 8, SSRC: 0xBEEF, SequenceNumber: 65530, Timestamp: math.MaxUint32 - 1000}
	return p
}

// send sends a packet of 20 ms of level, a constant that survives A-law, and
// moves on by one packet.
func (p *peer) send(to netip.AddrPort, level int16) {
	payload := make([]byte, 160)
	for i := range payload {
		payload[i] = g711.EncodeSample(g711.ALaw, level)
	}
	p.sendPayload(to, payload)
	p.h.Timestamp += 160
}

func (p *peer) sendPayload(to netip.AddrPort, payload []byte) {
	b, err := (&rtp.Packet{Header: p.h, Payload: payload}).Marshal()
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.conn.WriteToUDPAddrPort(b, to); err != nil {
		p.t.Fatal(err)
	}
	p.h.SequenceNumber++
}

// packets parses what has come so far.
func (p *peer) packets() (list []rtp.Packet) {
	for _, b := range p.conn.Drain() {
		var packet rtp.Packet
		if err := packet.Unmarshal(b); err != nil {
			p.t.Fatal(err)
		}
		list = append(list, packet)
	}
	return list
}

// run lets the line run for d in blocks of 10 ms, calling each 20 ms.
func run(e *end, d time.Duration, each func(i int)) {
	for i := range int(d / (20 * time.Millisecond)) {
		if each != nil {
			each(i)
		}
		e.talk(20*time.Millisecond, 80, 10*time.Millisecond)
	}
}

// answer is a Stream to at.
func answer(at netip.AddrPort) media.Stream {
	return media.Stream{
		Remote: at, RemoteRTCP: next(at), Codec: media.PCMA, PTime: 20 * time.Millisecond,
		Send: true, Receive: true,
	}
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func TestForeignVoice(t *testing.T) {
	stranger := netip.MustParseAddrPort("203.0.113.66:4000")
	for _, symmetric := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := mediatest.New(1)
			e := newEnd(t, n, addrA, media.SessionOpts{Symmetric: symmetric})
			e.Set(answer(addrB))
			b, x := newPeer(t, n, addrB), newPeer(t, n, stranger)
			x.h.SSRC = b.h.SSRC
			run(e, 2*time.Second, func(int) { b.send(addrA, 1008); x.send(addrA, -20992) })
			if i := slices.Index(e.heard, -20992); i >= 0 {
				t.Errorf("symmetric %t: stranger heard at sample %d", symmetric, i)
			}
			if !slices.Contains(e.heard, 1008) {
				t.Errorf("symmetric %t: far end not heard", symmetric)
			}
			if got := len(x.packets()); got != 0 {
				t.Errorf("symmetric %t: %d packets sent to the stranger", symmetric, got)
			}
			if st := e.Stats(); st.Foreign != 100 || st.Source != addrB && symmetric {
				t.Errorf("symmetric %t: %+v", symmetric, st)
			}
		})
	}
}

func TestFollowNAT(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		e := newEnd(t, n, addrA, media.SessionOpts{Symmetric: true})
		e.Set(answer(netip.MustParseAddrPort("10.0.0.9:4000")))
		public := netip.MustParseAddrPort("198.51.100.7:61000")
		b := newPeer(t, n, public)
		run(e, time.Second, func(int) { b.send(addrA, 1008) })
		if got := len(b.packets()); got < 44 || got > 46 {
			t.Errorf("%d packets came back, want 45: those after the fifth", got)
		}
		if st := e.Stats(); st.Remote != public || st.Source != public || st.Foreign != 4 {
			t.Errorf("%+v", st)
		}
		// A new answer with another address counts at once.
		e.Set(answer(addrB))
		c := newPeer(t, n, addrB)
		run(e, 100*time.Millisecond, nil)
		if got := len(c.packets()); got != 5 {
			t.Errorf("%d packets to the new address, want 5", got)
		}
	})
}

func TestHold(t *testing.T) {
	for _, tt := range []struct {
		name                string
		send, receive, zero bool
		sends, hears        bool
	}{
		{name: "sendrecv", send: true, receive: true, sends: true, hears: true},
		{name: "sendonly", send: true, sends: true},
		{name: "recvonly", receive: true, hears: true},
		{name: "inactive"},
		{name: "to nowhere", send: true, receive: true, zero: true},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			n := mediatest.New(1)
			e := newEnd(t, n, addrA, media.SessionOpts{})
			b := newPeer(t, n, addrB)
			e.Set(answer(addrB))
			run(e, 500*time.Millisecond, func(int) { b.send(addrA, 1008) })
			before := b.packets()
			stream := answer(addrB)
			stream.Send, stream.Receive = tt.send, tt.receive
			if tt.zero {
				stream.Remote = netip.AddrPort{}
			}
			e.Set(stream)
			run(e, 500*time.Millisecond, func(int) { b.send(addrA, 1008) })
			silent := len(e.heard) - 800
			if hears := slices.Contains(e.heard[silent:], 1008); hears != tt.hears {
				t.Errorf("hears %t, want %t", hears, tt.hears)
			}
			held := b.packets()
			if sends := len(held) > 1; sends != tt.sends {
				t.Errorf("%d packets while held", len(held))
			}
			// Resumed, the timestamp has counted the time on hold.
			e.Set(answer(addrB))
			run(e, 500*time.Millisecond, func(int) { b.send(addrA, 1008) })
			after := b.packets()
			first, last := before[0], after[len(after)-1]
			if got, want := last.Timestamp-first.Timestamp, uint32(74*160); got < want-160 || got > want+160 {
				t.Errorf("timestamp moved %d in 1.5 s, want %d", got, want)
			}
			if got := last.SequenceNumber - first.SequenceNumber; int(got) != len(before)+len(held)+len(after)-1 {
				t.Errorf("sequence number moved %d", got)
			}
			if !tt.sends && !after[0].Marker {
				t.Error("no marker after the pause")
			}
			if !slices.Contains(e.heard[len(e.heard)-800:], 1008) {
				t.Error("not heard after the hold")
			}
		})
	}
}

func TestCodecSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
		sa, sb := streams(nil)
		a.Set(sa)
		b.Set(sb)
		a.say = speech
		both(a, b, time.Second, 80, 0)
		// One end learns of the change 100 ms before the other.
		sa.Codec, sb.Codec = media.PCMU, media.PCMU
		sa.PTime = 30 * time.Millisecond
		b.Set(sb)
		both(a, b, 100*time.Millisecond, 80, 0)
		a.Set(sa)
		both(a, b, time.Second, 80, 0)
		st := b.Stats()
		if st.Garbage+st.Late+st.Discarded != 0 || st.Lost != 0 || st.Concealed > 10*time.Millisecond {
			t.Errorf("%+v", st)
		}
		if delay := delayOf(a.said, b.heard, g711.MuLaw, len(b.heard)-4000); delay < 0 || delay > 400 {
			t.Errorf("delay %d samples after the change, want 160..400", delay)
		}
	})
}

func TestNewSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		e := newEnd(t, n, addrA, media.SessionOpts{})
		e.Set(answer(addrB))
		b := newPeer(t, n, addrB)
		run(e, time.Second, func(int) { b.send(addrA, 1008) })
		b.h = rtp.Header{Version: 2, PayloadType: 8, SSRC: 0xCAFE, SequenceNumber: 17, Timestamp: 12345}
		begin := len(e.heard)
		run(e, time.Second, func(int) { b.send(addrA, -5504) })
		if at := slices.Index(e.heard[begin:], -5504); at < 0 || at > 80*8 {
			t.Errorf("new source heard after %d samples, want at most 640", at)
		}
		st := e.Stats()
		if st.RemoteSSRC != 0xCAFE || st.Received != 99 || st.Lost != 0 || st.Discarded != 1 {
			t.Errorf("%+v", st)
		}
	})
}

func TestReceiverTables(t *testing.T) {
	for _, tt := range []struct {
		name  string
		send  func(p *peer, i int)
		check func(t *testing.T, st media.Stats)
	}{
		{"CSRC, extension, padding", func(p *peer, i int) {
			p.h.CSRC = []uint32{1, 2, 3}
			p.h.Padding, p.h.PaddingSize = true, 12
			if err := p.h.SetExtension(1, []byte{1, 2, 3}); err != nil {
				p.t.Fatal(err)
			}
			p.send(addrA, 1008)
		}, func(t *testing.T, st media.Stats) {
			if st.Received != 100 || st.ReceivedOctets != 16000 || st.Garbage != 0 {
				t.Errorf("%+v", st)
			}
		}},
		{"garbage", func(p *peer, i int) {
			for n := range 20 {
				_, _ = p.conn.WriteToUDPAddrPort(make([]byte, n), addrA)
			}
			_, _ = p.conn.WriteToUDPAddrPort([]byte{0xBF, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xFF}, addrA)
			p.h.PayloadType = 3
			p.sendPayload(addrA, make([]byte, 33))
			p.h.PayloadType = 8
			p.h.SequenceNumber--
			p.send(addrA, 1008)
		}, func(t *testing.T, st media.Stats) {
			if st.Garbage != 2200 || st.Received != 100 || st.Lost != 0 || st.Concealed != 0 {
				t.Errorf("%+v", st)
			}
		}},
		{"every packet twice", func(p *peer, i int) {
			p.send(addrA, 1008)
			p.h.SequenceNumber--
			p.h.Timestamp -= 160
			p.send(addrA, 1008)
		}, func(t *testing.T, st media.Stats) {
			if st.Duplicates != 100 || st.Received != 200 || st.Lost != 0 || st.Concealed != 0 || st.Late != 0 {
				t.Errorf("%+v", st)
			}
		}},
		{"every fifth lost", func(p *peer, i int) {
			if i%5 == 4 {
				p.h.SequenceNumber++
				p.h.Timestamp += 160
				return
			}
			p.send(addrA, 1008)
		}, func(t *testing.T, st media.Stats) {
			if st.Lost != 19 || st.Received != 80 || st.Concealed < 380*time.Millisecond || st.Concealed > 420*time.Millisecond {
				t.Errorf("%+v", st)
			}
		}},
		{"only the second of two sources", func(p *peer, i int) {
			p.send(addrA, 1008)
			if i%10 == 5 { // an interloper that never says two in a row
				h := p.h
				p.h.SSRC, p.h.SequenceNumber = 0xABAD, uint16(i)
				p.sendPayload(addrA, make([]byte, 160))
				p.h = h
			}
		}, func(t *testing.T, st media.Stats) {
			if st.RemoteSSRC != 0xBEEF || st.Discarded != 10 || st.Concealed != 0 {
				t.Errorf("%+v", st)
			}
		}},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			n := mediatest.New(1)
			e := newEnd(t, n, addrA, media.SessionOpts{})
			e.Set(answer(addrB))
			b := newPeer(t, n, addrB)
			run(e, 2*time.Second, func(i int) { tt.send(b, i) })
			tt.check(t, e.Stats())
		})
	}
}

func TestVoiceFlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		e := newEnd(t, n, addrA, media.SessionOpts{})
		e.Set(answer(addrB))
		b := newPeer(t, n, addrB)
		ring := tone.MustParse("425:1000", -10)
		e.voice.Play(&ring)
		level := func() dsp.DBm0 { return dsp.LevelOf(e.heard[len(e.heard)-160:]) }
		want := func(when string, flows bool, tonePlays bool) {
			t.Helper()
			if e.Voice() != flows {
				t.Errorf("%s: voice flows: %t", when, !flows)
			}
			if plays := level() > -20; plays != tonePlays {
				t.Errorf("%s: tone plays: %t (%.1f dBm0)", when, plays, level())
			}
		}
		run(e, 100*time.Millisecond, nil)
		want("nothing sent", false, true)
		run(e, 40*time.Millisecond, func(int) { b.send(addrA, 8) })
		want("two packets", false, true)
		run(e, 40*time.Millisecond, func(int) { b.send(addrA, 8) })
		want("four packets", true, false)
		run(e, 260*time.Millisecond, nil)
		want("stopped for 280 ms", true, false)
		run(e, 60*time.Millisecond, nil)
		want("stopped for 340 ms", false, true)
		for range 5 { // rare packets are not voice
			b.send(addrA, 8)
			run(e, 200*time.Millisecond, nil)
		}
		want("five packets a second", false, true)
		waiting := tone.MustParse("425:1000", -10)
		e.voice.Play(nil)
		run(e, 100*time.Millisecond, func(int) { b.send(addrA, 8) })
		want("stopped", true, false)
		e.voice.PlayOver(&waiting)
		run(e, 100*time.Millisecond, func(int) { b.send(addrA, 8) })
		want("over the voice", true, true)
	})
}

func TestControl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{CNAME: "a"}), newPeer(t, n, addrB)
		const there = 35 * time.Millisecond
		a.rtp.SetLink(mediatest.Link{Delay: there})
		a.rtcp.SetLink(mediatest.Link{Delay: there})
		b.conn.SetLink(mediatest.Link{Delay: there})
		b.rtcp.SetLink(mediatest.Link{Delay: there})
		a.Set(answer(addrB))
		start := time.Now()
		var reports []rtcp.SenderReport
		var intervals []time.Duration
		var srs, lost int
		run(a, time.Minute, func(i int) {
			if i%10 == 3 { // one in ten is lost
				b.h.SequenceNumber++
				b.h.Timestamp += 160
				lost++
			} else {
				b.send(addrA, 1008)
			}
			for _, raw := range b.rtcp.Drain() {
				list, err := rtcp.Unmarshal(raw)
				if err != nil {
					t.Fatal(err)
				}
				sr, ok := list[0].(*rtcp.SenderReport)
				if !ok || len(list) != 3 || list[1].(*rtcp.SourceDescription).Chunks[0].Items[0].Text != "a" {
					t.Fatalf("report %v", list)
				}
				reports = append(reports, *sr)
				intervals = append(intervals, time.Since(start))
				start = time.Now()
				srs++
				// We answer after 100 ms, as a far end that lost one packet.
				back := &rtcp.SenderReport{SSRC: b.h.SSRC, NTPTime: 0x1234_5678_9ABC_DEF0, Reports: []rtcp.ReceptionReport{{
					SSRC: sr.SSRC, TotalLost: 1, Jitter: 80,
					LastSenderReport: uint32(sr.NTPTime >> 16), Delay: 65536 / 10,
				}}}
				time.AfterFunc(100*time.Millisecond, func() {
					raw, _ := back.Marshal()
					_, _ = b.rtcp.WriteToUDPAddrPort(raw, next(addrA))
				})
			}
		})
		if srs < 8 || srs > 25 {
			t.Errorf("%d reports in a minute", srs)
		}
		for i, d := range intervals {
			low, high := 2050*time.Millisecond, 6200*time.Millisecond
			if i == 0 {
				low, high = low/2, high/2+there
			}
			if d < low-50*time.Millisecond || d > high+50*time.Millisecond {
				t.Errorf("interval %d: %v", i, d)
			}
		}
		first, last := reports[0], reports[len(reports)-1]
		seconds := float64(last.NTPTime-first.NTPTime) / (1 << 32)
		if ticks := float64(last.RTPTime - first.RTPTime); math.Abs(ticks-8000*seconds) > 80 {
			t.Errorf("%.0f RTP units in %.2f s", ticks, seconds)
		}
		if r := last.Reports[0]; r.SSRC != 0xBEEF || r.LastSenderReport != 0x5678_9ABC || r.FractionLost < 20 || r.FractionLost > 31 ||
			int(r.TotalLost) < lost-30 || int(r.TotalLost) > lost || r.Delay == 0 {
			t.Errorf("reception report %+v", r)
		}
		if last.PacketCount < 2500 || last.OctetCount != last.PacketCount*160 {
			t.Errorf("sender info %d packets, %d octets", last.PacketCount, last.OctetCount)
		}
		st := a.Stats()
		if d := st.RoundTrip - 2*there; d < -21*time.Millisecond || d > 21*time.Millisecond {
			t.Errorf("round trip %v, want %v", st.RoundTrip, 2*there)
		}
		if st.RemoteLost != 1 || st.RemoteJitter != 10*time.Millisecond || int(st.Lost) != lost || st.OneWay == 0 {
			t.Errorf("%+v", st)
		}
		a.hangUp(t)
		time.Sleep(time.Second)
		left := b.rtcp.Drain()
		list, err := rtcp.Unmarshal(left[len(left)-1])
		if err != nil {
			t.Fatal(err)
		}
		if bye, ok := list[len(list)-1].(*rtcp.Goodbye); !ok || bye.Sources[0] != st.SSRC {
			t.Errorf("last words %v", list)
		}
	})
}

func TestControlFromStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, x := newEnd(t, n, addrA, media.SessionOpts{}), newPeer(t, n, netip.MustParseAddrPort("203.0.113.66:4000"))
		b := newPeer(t, n, addrB)
		a.Set(answer(addrB))
		raw, _ := (&rtcp.Goodbye{Sources: []uint32{1}}).Marshal()
		_, _ = x.rtcp.WriteToUDPAddrPort(raw, next(addrA))
		_, _ = b.rtcp.WriteToUDPAddrPort(raw[:5], next(addrA))
		run(a, 100*time.Millisecond, nil)
		if st := a.Stats(); st.RemoteBye || st.Foreign != 1 || st.Garbage != 1 {
			t.Errorf("%+v", st)
		}
		_, _ = b.rtcp.WriteToUDPAddrPort(raw, next(addrA))
		run(a, 100*time.Millisecond, nil)
		if !a.Stats().RemoteBye {
			t.Error("BYE not noticed")
		}
	})
}

func TestCollision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{}), newPeer(t, n, addrB)
		a.Set(answer(addrB))
		before := a.Stats().SSRC
		b.h.SSRC = before
		run(a, time.Second, func(int) { b.send(addrA, 1008) })
		after := a.Stats().SSRC
		if after == before {
			t.Error("SSRC not changed")
		}
		b.h.SSRC = after // a mirror follows us
		run(a, time.Second, func(int) { b.send(addrA, 1008) })
		if a.Stats().SSRC != after {
			t.Error("SSRC changed twice")
		}
		if !slices.Contains(a.heard[len(a.heard)-800:], 1008) {
			t.Error("mirror not heard")
		}
	})
}

// TestMove hands a session from one line to another.
func TestMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{}), newPeer(t, n, addrB)
		a.Set(answer(addrB))
		run(a, time.Second, func(int) { b.send(addrA, 1008) })
		second := &end{Session: a.Session, voice: media.NewVoice(media.VoiceOpts{})}
		second.voice.Connect(a.Session)
		b.send(addrA, 1008)
		both(a, second, 100*time.Millisecond, 80, 0)
		if slices.Contains(second.heard, 1008) {
			t.Error("two lines share a session")
		}
		a.voice.Connect(nil)
		run(a, 20*time.Millisecond, nil)
		run(second, time.Second, func(int) { b.send(addrA, 1008) })
		if !slices.Contains(second.heard, 1008) {
			t.Error("second line hears nothing")
		}
		list := b.packets()
		first, last := list[0], list[len(list)-1]
		if got, want := float64(last.Timestamp-first.Timestamp), 8000*2.1; math.Abs(got-want) > 480 {
			t.Errorf("timestamp moved %.0f, want %.0f", got, want)
		}
	})
}
