package media_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
	"github.com/ata-agent/ata-agent/sdes"
)

// newKeys are the keys of both ends of a call.
func newKeys(s sdes.Suite) (a, b sdes.Keys) {
	there, back := sdes.NewKey(s), sdes.NewKey(s)
	return sdes.Keys{Suite: s, Send: there, Receive: back}, sdes.Keys{Suite: s, Send: back, Receive: there}
}

// secretEnds are two ends in a call with keys.
func secretEnds(t *testing.T, s sdes.Suite) (a, b *end, set func(ka, kb sdes.Keys)) {
	n := mediatest.New(1)
	a, b = newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
	set = func(ka, kb sdes.Keys) {
		sa, sb := streams(nil)
		sa.Keys, sb.Keys = ka, kb
		a.Set(sa)
		b.Set(sb)
	}
	set(newKeys(s))
	a.say, b.say = speech, speech
	return a, b, set
}

// tags are what each suite adds to a packet.
var tags = map[sdes.Suite]int{sdes.AESCM80: 10, sdes.AESCM32: 4, sdes.AESGCM: 16}

// Every suite carries voice and reports in both directions, bit by bit, and what is
// on the wire is neither.
func TestEncryptedCall(t *testing.T) {
	for _, suite := range sdes.Suites {
		t.Run(string(suite), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, _ := secretEnds(t, suite)
				packets, odd := 0, 0
				var wire [][]byte // the beginnings of payloads
				a.rtp.SetLink(mediatest.Link{Drop: func(p []byte) bool {
					packets++
					if len(p) != 12+160+tags[suite] {
						odd++
					}
					wire = append(wire, bytes.Clone(p[12:28]))
					return false
				}})
				both(a, b, 12*time.Second, 80, 3*time.Millisecond)
				if ab, ba := delayOf(a.said, b.heard, g711.ALaw, 8000), delayOf(b.said, a.heard, g711.ALaw, 8000); ab < 0 || ba < 0 {
					t.Errorf("voice is not bit-exact: %d, %d; %+v", ab, ba, b.Stats())
				}
				for _, e := range []*end{a, b} {
					st := e.Stats()
					if st.Unauthentic != 0 || st.Lost != 0 || st.Garbage != 0 || st.RemoteReportsUs == 0 || st.RoundTrip == 0 && st.RemoteReports == 0 {
						t.Errorf("%+v", st)
					}
				}
				said, plain := make([]byte, len(a.said)), 0
				g711.Encode(g711.ALaw, said, a.said)
				for _, w := range wire {
					if bytes.Contains(said, w) {
						plain++
					}
				}
				if packets < 500 || odd != 0 || plain != 0 {
					t.Errorf("of %d packets %d are of odd length, %d show what was said", packets, odd, plain)
				}
			})
		})
	}
}

// Hold and resume with the same keys go on counting; other keys begin anew, with
// another SSRC. No packet is lost in either case.
func TestKeysChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, set := secretEnds(t, sdes.AESCM80)
		ka, kb := newKeys(sdes.AESCM80)
		set(ka, kb)
		both(a, b, 2*time.Second, 80, 0)
		ssrc := a.Stats().SSRC
		set(ka, kb)
		both(a, b, 2*time.Second, 80, 0)
		if a.Stats().SSRC != ssrc {
			t.Error("the same keys have another SSRC")
		}
		set(newKeys(sdes.AESGCM))
		both(a, b, 3*time.Second, 80, 0)
		if a.Stats().SSRC == ssrc {
			t.Error("other keys have the same SSRC")
		}
		for _, e := range []*end{a, b} {
			if st := e.Stats(); st.Unauthentic != 0 || st.Lost != 0 || st.Received < 330 {
				t.Errorf("%+v", st)
			}
		}
	})
}

// farSecret is a far end whose packets are made by hand.
type farSecret struct {
	t   *testing.T
	ctx *srtp.Context
	h   rtp.Header
}

func newFar(t *testing.T, suite sdes.Suite, key sdes.Key, opts ...srtp.ContextOption) *farSecret {
	t.Helper()
	profile := srtp.ProtectionProfileAes128CmHmacSha1_80
	if suite == sdes.AESGCM {
		profile = srtp.ProtectionProfileAeadAes128Gcm
	}
	master, salt := key.Split(suite)
	ctx, err := srtp.CreateContext(master, salt, profile, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return &farSecret{t, ctx, rtp.Header{Version: 2, PayloadType: 8, SSRC: 77, SequenceNumber: 7}}
}

// packet is the next one.
func (f *farSecret) packet() []byte {
	plain, err := (&rtp.Packet{Header: f.h, Payload: make([]byte, 160)}).Marshal()
	if err != nil {
		f.t.Fatal(err)
	}
	b, err := f.ctx.EncryptRTP(nil, plain, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	f.h.SequenceNumber++
	f.h.Timestamp += 160
	return b
}

// secretBench is a line in a call with keys, and its far end.
func secretBench(t *testing.T, suite sdes.Suite, opts ...srtp.ContextOption) (*bench, *farSecret, sdes.Keys) {
	line := newBench(silence)
	keys, _ := newKeys(suite)
	line.protect(keys)
	return line, newFar(t, suite, keys.Receive, opts...), keys
}

// protect gives the call keys.
func (b *bench) protect(keys sdes.Keys) {
	stream := media.Stream{Remote: addrB, RemoteRTCP: next(addrB), Codec: media.PCMA, PTime: 20 * time.Millisecond, EventSend: 101, EventReceive: 101, Send: true, Receive: true}
	stream.Keys = keys
	b.session.Set(stream)
}

// Sequence numbers begin again many times in a long call, ours and the far end's,
// also across a re-INVITE.
func TestSequenceNumbersBeginAgain(t *testing.T) {
	line, far, keys := secretBench(t, sdes.AESGCM)
	ours := newReader(t, sdes.AESGCM, keys.Send)
	line.frame()
	ours.read(line.sink.last) // tells with which number we begin
	const packets = 3 * 65536
	for i := range packets {
		if i%40000 == 39999 {
			line.protect(keys) // as of a hold
		}
		media.Receive(line.session, far.packet(), addrB)
		if i%64 == 0 {
			line.frame()
		}
	}
	if st := line.session.Stats(); st.Unauthentic != 0 || st.Received != packets {
		t.Errorf("received %d of %d, %d not authentic", st.Received, packets, st.Unauthentic)
	}
	ours.read(line.sink.last)
	for range 3 * 65536 / 30000 {
		media.SetSequence(line.session, ours.seq+30000) // as if so many had been sent and lost
		line.frame()
		ours.read(line.sink.last)
	}
	if ours.roc() == 0 {
		t.Error("our sequence numbers did not begin again")
	}
}

// reader is a far end that opens what we send.
type reader struct {
	t    *testing.T
	ctx  *srtp.Context
	seq  uint16
	ssrc uint32
}

func newReader(t *testing.T, suite sdes.Suite, key sdes.Key) *reader {
	return &reader{t: t, ctx: newFar(t, suite, key).ctx}
}

func (r *reader) read(packet []byte) {
	r.t.Helper()
	var h rtp.Header
	if _, err := r.ctx.DecryptRTP(nil, packet, &h); err != nil {
		r.t.Fatalf("packet %d: %v", h.SequenceNumber, err)
	}
	if r.ssrc == 0 && h.SequenceNumber >= 1<<15 {
		r.t.Errorf("begins with sequence number %d", h.SequenceNumber)
	}
	r.seq, r.ssrc = h.SequenceNumber, h.SSRC
}

func (r *reader) roc() uint32 {
	n, _ := r.ctx.ROC(r.ssrc)
	return n
}

// What does not prove whose it is is dropped and counted: it is not heard and
// changes nothing.
func TestForgedPackets(t *testing.T) {
	for _, suite := range []sdes.Suite{sdes.AESCM80, sdes.AESGCM} {
		t.Run(string(suite), func(t *testing.T) {
			line, far, _ := secretBench(t, suite)
			line.frame()
			good := far.packet()
			media.Receive(line.session, good, addrB)
			before := line.session.Stats()
			stranger := newFar(t, suite, sdes.NewKey(suite))
			plain, _ := (&rtp.Packet{Header: far.h, Payload: make([]byte, 160)}).Marshal()
			flipped := far.packet()
			flipped[40] ^= 1
			header := far.packet()
			header[4] ^= 1 // its timestamp
			short := far.packet()
			forged := [][]byte{plain, good, flipped, header, short[:20], short[:len(short)-1]}
			for range 10 { // in a row, as the source lock wants them
				forged = append(forged, stranger.packet())
			}
			for i, b := range forged {
				media.Receive(line.session, b, addrA)
				if st := line.session.Stats(); st.Unauthentic != uint64(i+1) || st.Received != before.Received || st.Source != before.Source {
					t.Fatalf("packet %d: %+v", i, st)
				}
			}
			if last := line.session.Stats().RemoteSSRC; last != before.RemoteSSRC {
				t.Errorf("SSRC %d", last)
			}
			media.Receive(line.session, far.packet(), addrB)
			if st := line.session.Stats(); st.Received != before.Received+1 {
				t.Errorf("the far end is not heard: %+v", st)
			}
		})
	}
}

// Reports are protected too.
func TestForgedReports(t *testing.T) {
	line, far, _ := secretBench(t, sdes.AESCM80)
	line.frame()
	media.Receive(line.session, far.packet(), addrB)
	bye := []byte{0x80, 201, 0, 1, 0, 0, 0, 77, 0x81, 203, 0, 1, 0, 0, 0, 77}
	media.ReceiveControl(line.session, bye, next(addrB))
	sealed, err := far.ctx.EncryptRTCP(nil, bye, nil)
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(sealed)
	broken[9] ^= 1
	media.ReceiveControl(line.session, broken, next(addrB))
	if st := line.session.Stats(); st.RemoteBye || st.Unauthentic != 2 {
		t.Errorf("%+v", st)
	}
	media.ReceiveControl(line.session, sealed, next(addrB))
	media.ReceiveControl(line.session, sealed, next(addrB))
	if st := line.session.Stats(); !st.RemoteBye || st.Unauthentic != 3 {
		t.Errorf("%+v", st)
	}
}

// A far end that names its key in its packets is understood.
func TestMasterKeyIdentifier(t *testing.T) {
	mki := "\x00\x07"
	line, far, keys := secretBench(t, sdes.AESCM80, srtp.MasterKeyIndicator([]byte(mki)))
	line.frame()
	media.Receive(line.session, far.packet(), addrB)
	keys.MKI = mki
	line.protect(keys)
	media.Receive(line.session, far.packet(), addrB)
	if st := line.session.Stats(); st.Received != 1 || st.Unauthentic != 1 {
		t.Errorf("%+v", st)
	}
}

// Keys that are none are not as if there were none.
func TestUnusableKeys(t *testing.T) {
	line := newBench(speech)
	line.protect(sdes.Keys{Suite: sdes.AESGCM, Send: sdes.NewKey(sdes.AESCM80), Receive: sdes.NewKey(sdes.AESCM80)})
	for range 10 {
		line.arrive()
		line.frame()
	}
	if st := line.session.Stats(); line.sink.sent != 0 || st.Received != 0 || st.SendErrors == 0 || st.Unauthentic != 10 {
		t.Errorf("%d sent, %+v", line.sink.sent, st)
	}
}

// sealedPackets are what a far end sends, made before anything is counted.
func sealedPackets(t testing.TB, key sdes.Key, suite sdes.Suite, n int) [][]byte {
	master, salt := key.Split(suite)
	profile := map[sdes.Suite]srtp.ProtectionProfile{
		sdes.AESCM80: srtp.ProtectionProfileAes128CmHmacSha1_80, sdes.AESCM32: srtp.ProtectionProfileAes128CmHmacSha1_32, sdes.AESGCM: srtp.ProtectionProfileAeadAes128Gcm,
	}[suite]
	ctx, err := srtp.CreateContext(master, salt, profile)
	if err != nil {
		t.Fatal(err)
	}
	all := make([][]byte, n)
	for i := range all {
		p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SSRC: 7, SequenceNumber: uint16(i), Timestamp: uint32(160 * i)}, Payload: make([]byte, 160)}
		plain, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if all[i], err = ctx.EncryptRTP(nil, plain, nil); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestEncryptedCallAllocs(t *testing.T) {
	for _, suite := range sdes.Suites {
		t.Run(string(suite), func(t *testing.T) {
			line := newBench(speech)
			keys, _ := newKeys(suite)
			line.protect(keys)
			packets := sealedPackets(t, keys.Receive, suite, 600)
			i := 0
			step := func() {
				media.Receive(line.session, packets[i], addrB)
				line.frame()
				i++
			}
			step() // the first packet of a source makes its state, in the goroutine that reads
			if n := testing.AllocsPerRun(500, step); n != 0 {
				t.Errorf("%v allocations per 20 ms, want 0", n)
			}
			if st := line.session.Stats(); st.Unauthentic != 0 || st.Received < 500 || line.sink.sent < 500 {
				t.Errorf("%d sent, %+v", line.sink.sent, st)
			}
		})
	}
}

// The first packet that is sent allocates nothing either: it is the audio
// goroutine's.
func TestFirstPacketAllocs(t *testing.T) {
	line := newBench(speech)
	line.frame()
	keys, other := newKeys(sdes.AESGCM)
	i := 0
	set, all := 0.0, 0.0
	set = testing.AllocsPerRun(20, func() { line.protect([]sdes.Keys{keys, other}[i%2]); i++ })
	all = testing.AllocsPerRun(20, func() { line.protect([]sdes.Keys{keys, other}[i%2]); i++; line.frame() })
	if all > set {
		t.Errorf("%v allocations with a packet, %v by Set alone", all, set)
	}
}

// BenchmarkEncryptedPacket is 20 ms of a line with a packet sent and one received;
// what it takes more than BenchmarkPlainPacket is the price of protection.
func BenchmarkEncryptedPacket(b *testing.B) {
	for _, suite := range sdes.Suites {
		b.Run(string(suite), func(b *testing.B) {
			line := newBench(speech)
			keys, _ := newKeys(suite)
			line.protect(keys)
			packets := sealedPackets(b, keys.Receive, suite, 60000)
			i := 0
			for b.Loop() {
				if i == len(packets) {
					b.StopTimer()
					keys, _ = newKeys(suite)
					line.protect(keys)
					packets, i = sealedPackets(b, keys.Receive, suite, 60000), 0
					b.StartTimer()
				}
				media.Receive(line.session, packets[i], addrB)
				line.frame()
				i++
			}
		})
	}
}

// BenchmarkPlainPacket is the same without keys.
func BenchmarkPlainPacket(b *testing.B) {
	line := newBench(speech)
	for b.Loop() {
		line.arrive()
		line.frame()
	}
}

// FuzzSRTP feeds packets, each after its length, to a line in an encrypted call:
// none is taken, and an authentic one is heard afterwards.
func FuzzSRTP(f *testing.F) {
	far := sealedPackets(f, sdes.NewKey(sdes.AESGCM), sdes.AESGCM, 1)[0]
	f.Add(append([]byte{byte(len(far))}, far...))
	f.Add([]byte{20, 0x90, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xBE, 0xDE, 0, 1, 0x50, 1, 2, 3})
	f.Add([]byte{12, 0x8F, 200, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, suite := range []sdes.Suite{sdes.AESCM80, sdes.AESGCM} {
			line, far, _ := secretBench(t, suite)
			for rest := data; len(rest) > 0; {
				n := min(int(rest[0]), len(rest)-1)
				media.Receive(line.session, rest[1:1+n], addrB)
				media.ReceiveControl(line.session, rest[1:1+n], next(addrB))
				rest = rest[1+n:]
			}
			if st := line.session.Stats(); st.Received != 0 || st.RemoteReports != 0 {
				t.Fatalf("took what is forged: %+v", st)
			}
			media.Receive(line.session, far.packet(), addrB)
			if st := line.session.Stats(); st.Received != 1 {
				t.Fatalf("far end not heard: %+v", st)
			}
		}
	})
}
