package media_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"

	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
	"github.com/ata-agent/ata-agent/quality"
)

// connected is a call between two silent ends.
func connected(t *testing.T, seed uint64) (a, b *end) {
	n := mediatest.New(seed)
	a, b = newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
	sa, sb := streams(nil)
	a.Set(sa)
	b.Set(sb)
	return a, b
}

// near says whether got is want but for a share of it.
func near(got, want, share float64) bool { return math.Abs(got-want) <= share*math.Abs(want)+1e-9 }

func TestQualityClean(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := connected(t, 1)
		a.say, b.say = speech, speech
		for _, e := range []*end{a, b} {
			e.rtp.SetLink(mediatest.Link{Delay: 30 * time.Millisecond})
			e.rtcp.SetLink(mediatest.Link{Delay: 30 * time.Millisecond})
		}
		if r := a.Quality(); r.MOSLQ != 0 || r.Expected() != 0 {
			t.Errorf("before anything came: %+v", r)
		}
		both(a, b, 10*time.Second, 80, 3*time.Millisecond)
		r := a.Quality()
		if r.Lost+r.Discarded+r.Bursts != 0 || !near(float64(r.Played), 500, 0.01) || r.GapDensity != 0 ||
			!near(r.GapDuration.Seconds(), 10, 0.02) {
			t.Errorf("%+v", r)
		}
		// 60 ms there and back, some 30 ms in each end.
		if r.OneWay < 50*time.Millisecond || r.OneWay > 70*time.Millisecond || r.R < 91 || r.R > 92.5 || !near(r.MOSLQ, 4.41, 0.001) || r.MOSCQ > 4.4 {
			t.Errorf("one way %v, R %.2f, MOS-LQ %.3f, MOS-CQ %.3f", r.OneWay, r.R, r.MOSLQ, r.MOSCQ)
		}
		if r.SpeechDBm0 < -20 || r.SpeechDBm0 > -3 || r.NoiseDBm0 > r.SpeechDBm0-6 {
			t.Errorf("speech %.1f, noise %.1f dBm0", r.SpeechDBm0, r.NoiseDBm0)
		}
		there, ok := a.RemoteQuality()
		if !ok || there.R < 91 || there.R > 93 || there.MOSLQ != 4.4 || there.EndSystem < 25*time.Millisecond || there.BufferMost != 200*time.Millisecond {
			t.Errorf("far end says %t %+v", ok, there)
		}
		a.voice.Connect(nil)
		run(a, 100*time.Millisecond, nil)
		if after := a.Quality(); after.EndSystem != r.EndSystem || a.Stats().BufferDelay != 0 {
			t.Errorf("delay %v once the line has left, %v before", after.EndSystem, r.EndSystem)
		}
		there, _ = a.RemoteQuality() // another report may have come
		if st := a.Stats(); st.Quality.MOSLQ != r.MOSLQ || st.RemoteQuality != there || st.Garbage != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestQualityUnderLoss(t *testing.T) {
	for _, tt := range []struct {
		name    string
		drop    func(i int) bool // packet i of the stream, from the second second on
		density float64
		burst   time.Duration
		gap     float64 // gap density
		ratio   float64 // BurstR
	}{
		{"one in fifty", func(i int) bool { return i%50 == 0 }, 0, 0, 0.02, 1},
		{"five in a hundred", func(i int) bool { return i%100 < 5 }, 1, 100 * time.Millisecond, 0, 4.75},
		{"every second of ten in two hundred", func(i int) bool { return i%200 < 10 && i%2 == 0 }, 5. / 9, 180 * time.Millisecond, 0, 1},
		{"both", func(i int) bool { return i%200 < 4 || i%200 == 100 }, 1, 80 * time.Millisecond, 1. / 196, 2.44},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			a, b := connected(t, 1)
			sent, lost := 0, 0
			a.rtp.SetLink(mediatest.Link{Drop: func([]byte) bool {
				if sent++; sent > 50 && sent < 1950 && tt.drop(sent) {
					lost++
					return true
				}
				return false
			}})
			both(a, b, 40*time.Second, 80, 3*time.Millisecond)
			r := b.Quality()
			if int(r.Lost) != lost || r.Discarded != 0 || int(r.Expected()) < sent-2 || int(r.Expected()) > sent {
				t.Fatalf("lost %d of %d: %+v", lost, sent, r)
			}
			if !near(r.BurstDensity, tt.density, 1e-6) || r.BurstDuration != tt.burst || !near(r.GapDensity, tt.gap, 0.08) || !near(r.BurstRatio, tt.ratio, 0.04) {
				t.Errorf("burst density %.3f, %v, gap density %.4f, ratio %.2f; want %.3f, %v, %.4f, %.2f",
					r.BurstDensity, r.BurstDuration, r.GapDensity, r.BurstRatio, tt.density, tt.burst, tt.gap, tt.ratio)
			}
			p := quality.DefaultPath()
			p.Codec, p.Ppl, p.BurstR = quality.G711PLC, 100*float64(lost)/float64(sent), tt.ratio
			if want := quality.MOS(p.Rate().R); !near(r.MOSLQ, want, 0.01) || r.MOSCQ > r.MOSLQ {
				t.Errorf("MOS-LQ %.3f, want %.3f; MOS-CQ %.3f", r.MOSLQ, want, r.MOSCQ)
			}
			if back := a.Quality(); back.Lost != 0 || back.MOSLQ < 4.4 {
				t.Errorf("the other way is not clean: %+v", back)
			}
			// What b last said to a is at most 10 s old.
			there, ok := a.RemoteQuality()
			if !ok || math.Abs(there.LossRate-r.LossRate) > 0.15*r.LossRate+1./256 || !near(there.BurstDensity, tt.density, 0.01) ||
				!near(there.BurstDuration.Seconds(), tt.burst.Seconds(), 0.01) || !near(there.MOSLQ, r.MOSLQ, 0.04) {
				t.Errorf("far end says %t %+v", ok, there)
			}
		})
	}
}

func TestQualityLateAndRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := connected(t, 7)
		a.rtp.SetLink(mediatest.Link{Reorder: true, Jitter: 20 * time.Millisecond, Loss: 0.05, Spike: 0.005, SpikeBy: 500 * time.Millisecond})
		both(a, b, time.Minute, 80, 0)
		r, st := b.Quality(), b.Stats()
		// What is on its way at the end counts for one and not yet for the other.
		if d := int64(r.Lost) - st.Lost; d < -2 || d > 2 {
			t.Errorf("lost %d, by sequence numbers %d", r.Lost, st.Lost)
		}
		if r.Discarded != st.Late || r.Discarded < 5 {
			t.Errorf("discarded %d, late %d", r.Discarded, st.Late)
		}
		if !near(r.LossRate, 0.05, 0.2) || !near(r.DiscardRate, 0.005, 0.8) || !near(r.BurstRatio, 1, 0.1) {
			t.Errorf("loss rate %.4f, discard rate %.4f, burst ratio %.2f", r.LossRate, r.DiscardRate, r.BurstRatio)
		}
		if r.Jitter < 3*time.Millisecond || r.R > 82 || r.R < 60 {
			t.Errorf("jitter %v, R %.1f", r.Jitter, r.R)
		}
	})
}

// TestQualityOnHold checks that nobody blames the network for what nobody was
// to hear, whoever held whom.
func TestQualityOnHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		e, b := newEnd(t, n, addrA, media.SessionOpts{}), newPeer(t, n, addrB)
		second := func() { run(e, time.Second, func(int) { b.send(addrA, 1008) }) }
		held := answer(addrB)
		held.Receive = false
		e.Set(answer(addrB))
		second()
		e.Set(held)
		second()
		second()
		e.Set(answer(addrB))
		second()
		e.voice.Connect(nil)
		second()
		second()
		e.voice.Connect(e.Session)
		second()
		if r := e.Quality(); r.Lost+r.Discarded != 0 || r.Played < 148 || r.Played > 151 {
			t.Errorf("%+v", r)
		}
	})
}

// TestQualityStalled has the line stand still for two seconds.
func TestQualityStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		e, b := newEnd(t, n, addrA, media.SessionOpts{}), newPeer(t, n, addrB)
		e.Set(answer(addrB))
		run(e, time.Second, func(int) { b.send(addrA, 1008) })
		for range 100 {
			b.send(addrA, 1008)
			time.Sleep(20 * time.Millisecond)
		}
		run(e, time.Second, func(int) { b.send(addrA, 1008) })
		if r := e.Quality(); r.Lost != 0 || r.Discarded < 30 || r.Expected() != 199 && r.Expected() != 200 {
			t.Errorf("%+v", r)
		}
	})
}

func TestExtendedReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{CNAME: "a"}), newPeer(t, n, addrB)
		a.Set(answer(addrB))
		run(a, 20*time.Second, func(i int) {
			if i%20 > 1 || i > 950 {
				b.send(addrA, 1008)
				return
			}
			b.h.SequenceNumber++
			b.h.Timestamp += 160
		})
		raw := b.rtcp.Drain()
		list, err := rtcp.Unmarshal(raw[len(raw)-1])
		if err != nil {
			t.Fatal(err)
		}
		x, ok := list[len(list)-1].(*rtcp.ExtendedReport)
		if !ok || x.SenderSSRC != a.Stats().SSRC || len(x.Reports) != 1 {
			t.Fatalf("last words %v", list)
		}
		m, ok := x.Reports[0].(*rtcp.VoIPMetricsReportBlock)
		if !ok || m.BlockLength != 8 || m.SSRC != 0xBEEF || m.Gmin != 16 {
			t.Fatalf("%v", x)
		}
		// Two in twenty are lost, in a row: bursts of two, gaps of 18.
		if m.LossRate < 24 || m.LossRate > 26 || m.DiscardRate != 0 || m.BurstDensity != 255 || m.GapDensity != 0 || m.BurstDuration != 40 || m.GapDuration < 340 || m.GapDuration > 380 {
			t.Errorf("loss %v", m)
		}
		if m.RFactor < 55 || m.RFactor > 68 || m.ExtRFactor != 127 || m.MOSLQ < 30 || m.MOSLQ > 36 || m.MOSCQ > m.MOSLQ {
			t.Errorf("opinion %v", m)
		}
		if m.RXConfig != 0xF1 || m.JBNominal == 0 || m.JBNominal > 60 || m.JBMaximum != 200 || m.JBAbsMax != 200 || m.EndSystemDelay != 20+m.JBNominal {
			t.Errorf("buffer %v", m)
		}
		if m.RERL != 127 || m.RoundTripDelay != 0 || m.SignalLevel != 127 && int8(m.SignalLevel) > 0 {
			t.Errorf("signal %v", m)
		}
	})
}

// metrics is a far end that hears us badly.
func metrics(about uint32) *rtcp.VoIPMetricsReportBlock {
	return &rtcp.VoIPMetricsReportBlock{
		SSRC: about, LossRate: 128, DiscardRate: 64, BurstDensity: 255, GapDensity: 1, BurstDuration: 500, GapDuration: 9000,
		RoundTripDelay: 80, EndSystemDelay: 70, SignalLevel: 0xEC, NoiseLevel: 127, RERL: 20, Gmin: 16,
		RFactor: 33, ExtRFactor: 127, MOSLQ: 21, MOSCQ: 127, JBNominal: 50, JBAbsMax: 300,
	}
}

func TestExtendedReportReceived(t *testing.T) {
	other := func(m *rtcp.VoIPMetricsReportBlock) { m.SSRC++ }
	for _, tt := range []struct {
		name    string
		change  func(m *rtcp.VoIPMetricsReportBlock)
		spoil   func(raw []byte) []byte
		taken   bool
		garbage uint64
	}{
		{name: "plain", taken: true},
		{name: "about somebody else", change: other},
		{name: "too short a block", spoil: func(raw []byte) []byte { raw[11] = 7; return raw }, garbage: 1},
		{name: "too long a block", spoil: func(raw []byte) []byte { raw[11] = 200; return raw }, garbage: 1},
		{name: "an unknown block", spoil: func(raw []byte) []byte { raw[8] = 99; return raw }},
		{name: "cut", spoil: func(raw []byte) []byte { raw[3] = 5; return raw[:24] }, garbage: 1},
		{name: "longer than its datagram", spoil: func(raw []byte) []byte { return raw[:24] }, garbage: 1},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			n := mediatest.New(1)
			a, b := newEnd(t, n, addrA, media.SessionOpts{}), newPeer(t, n, addrB)
			a.Set(answer(addrB))
			m := metrics(a.Stats().SSRC)
			if tt.change != nil {
				tt.change(m)
			}
			raw, err := (&rtcp.ExtendedReport{SenderSSRC: 1, Reports: []rtcp.ReportBlock{m}}).Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if tt.spoil != nil {
				raw = tt.spoil(raw)
			}
			bye, _ := (&rtcp.Goodbye{Sources: []uint32{1}}).Marshal()
			_, _ = b.rtcp.WriteToUDPAddrPort(append(bye, raw...), next(addrA))
			run(a, 100*time.Millisecond, func(int) { b.send(addrA, 1008) })
			st := a.Stats()
			got, ok := a.RemoteQuality()
			if ok != tt.taken || st.Garbage != tt.garbage || len(raw) > 24 && !st.RemoteBye {
				t.Fatalf("taken %t, garbage %d, bye %t", ok, st.Garbage, st.RemoteBye)
			}
			want := quality.Report{
				LossRate: 0.5, DiscardRate: 0.25, BurstDensity: 255. / 256, GapDensity: 1. / 256,
				BurstDuration: 500 * time.Millisecond, GapDuration: 9 * time.Second,
				RoundTrip: 80 * time.Millisecond, EndSystem: 70 * time.Millisecond,
				SpeechDBm0: -20, EchoLoss: 20, R: 33, MOSLQ: 2.1,
				Buffer: 50 * time.Millisecond, BufferMost: 300 * time.Millisecond,
			}
			if ok && got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			// An echo of 20 dB at the far end is ours to suffer.
			if here := a.Quality(); tt.taken != (here.R < 85) || here.MOSLQ < 4.4 {
				t.Errorf("R %.1f, MOS-LQ %.2f", here.R, here.MOSLQ)
			}
		})
	}
}

func BenchmarkQuality(b *testing.B) {
	line := newBench(speech)
	line.frame()
	for range 500 {
		line.arrive()
		line.frame()
	}
	for b.Loop() {
		line.session.Quality()
	}
}
