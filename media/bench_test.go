package media_test

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/dsp/faxtone"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/dsp/progress"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/media"
)

// sink is a socket that swallows what is sent and hands out one packet for
// each token.
type sink struct {
	packet []byte
	from   netip.AddrPort
	tokens chan bool
	sent   int
	last   []byte // of what was sent; has room for it
}

func (s *sink) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	<-s.tokens
	return copy(b, s.packet), s.from, nil
}

func (s *sink) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	s.sent++
	s.last = append(s.last[:0], b...)
	return len(b), nil
}

func (s *sink) SetReadDeadline(time.Time) error { return nil }
func (s *sink) Close() error                    { return nil }

// bench is a line in a call whose packets come from next.
type bench struct {
	voice   *media.Voice
	session *media.Session
	sink    *sink
	h       rtp.Header
	packet  []byte
	payload [160]byte
	say     []int16
	at      int
	toPhone [160]int16

	// What the voice told last.
	key     byte
	farTone progress.Kind
	carried faxtone.Kind
}

func newBench(say func(block []int16, at int)) *bench {
	b := &bench{sink: &sink{last: make([]byte, 0, 2048)}, packet: make([]byte, 172), say: make([]int16, 8000)}
	b.session = media.NewSession(b.sink, b.sink, media.SessionOpts{})
	b.session.Set(media.Stream{
		Remote: addrB, RemoteRTCP: next(addrB), Codec: media.PCMA, PTime: 20 * time.Millisecond,
		EventSend: 101, EventReceive: 101, Send: true, Receive: true,
	})
	b.voice = media.NewVoice(media.VoiceOpts{
		Keys:    func(key byte, _ bool) { b.key = key },
		FarTone: func(_ *media.Session, k progress.Kind) { b.farTone = k },
		Data:    func(_ *media.Session, _ bool, k faxtone.Kind) { b.carried = k },
	})
	b.voice.Connect(b.session)
	b.h = rtp.Header{Version: 2, PayloadType: 8, SSRC: 1}
	for i := 0; i < len(b.say); i += 80 {
		say(b.say[i:i+80], i)
	}
	return b
}

// arrive has the next packet come.
func (b *bench) arrive() {
	n, err := b.h.MarshalTo(b.packet)
	if err != nil {
		panic(err)
	}
	n += copy(b.packet[n:], b.payload[:])
	media.Receive(b.session, b.packet[:n], addrB)
	b.h.SequenceNumber++
	b.h.Timestamp += 160
}

// frame is 20 ms of the line.
func (b *bench) frame() {
	b.voice.Frame(b.toPhone[:], b.say[b.at:b.at+160])
	b.at = (b.at + 160) % len(b.say)
}

// mode is what a line of a benchmark is doing.
type mode struct {
	name    string
	prepare func(b *bench)
	each    func(b *bench, i int)
	say     func(block []int16, at int)
}

// wholePort has all at work: the far end talks, its echo comes back 12 dB down
// with the noise of a room, and the canceller learns.
var wholePort = mode{"talk with echo", nil, func(b *bench, i int) {
	for k := range b.payload {
		b.payload[k] = babble[(i*160+k)%len(babble)]
	}
	b.arrive()
	for k, s := range b.toPhone {
		b.say[b.at+k] = s/4 + hiss[(i*160+k)%len(hiss)]
	}
}, speech}

// babble are codes of noise with the pauses of speech, hiss a quiet room.
var babble, hiss = func() (codes []byte, room []int16) {
	rng := rand.New(rand.NewPCG(3, 3))
	x := make([]int16, 5*dsp.SampleRate)
	room = make([]int16, len(x))
	for i := range x {
		room[i] = int16(math.Round(rng.NormFloat64() * dsp.DBm0(-55).RMS()))
		if i/2400%4 != 3 {
			x[i] = dsp.Saturate(int32(rng.NormFloat64() * dsp.DBm0(-16).RMS()))
		}
	}
	codes = make([]byte, len(x))
	g711.Encode(g711.ALaw, codes, x)
	return codes, room
}()

// voiced are codes of a voice.
var voiced = func() []byte {
	x := make([]int16, 5*dsp.SampleRate)
	speech(x, 0)
	codes := make([]byte, len(x))
	g711.Encode(g711.ALaw, codes, x)
	return codes
}()

var modes = []mode{
	wholePort,
	{"talk", nil, func(b *bench, _ int) { b.arrive() }, speech},
	{"talk with loss", nil, func(b *bench, i int) {
		if i%10 == 0 {
			b.h.SequenceNumber++
			b.h.Timestamp += 160
			return
		}
		b.arrive()
	}, speech},
	{"talk with stalls", nil, func(b *bench, i int) {
		if i%400 < 8 { // nothing comes for 160 ms, then all at once
			return
		}
		packets := 1
		if i%400 == 8 {
			packets = 9
		}
		for range packets {
			copy(b.payload[:], voiced[int(b.h.Timestamp)%(len(voiced)-160):])
			b.arrive()
		}
	}, speech},
	{"keys", nil, func(b *bench, _ int) { b.arrive() }, (&keypad{keys: "1234567890", on: 400, off: 400}).say},
	{"keys from afar", nil, func(b *bench, i int) {
		b.h.PayloadType = 101
		b.payload = [160]byte{byte(i / 20 % 16), 10, 0, byte(i % 20 * 8)}
		b.h.Timestamp = uint32(i / 20 * 3200)
		b.arrive()
	}, speech},
	{"keys by order", func(b *bench) {
		for b.voice.SendKey('5', 50*time.Millisecond) {
		}
	}, func(b *bench, _ int) { b.arrive() }, speech},
	{"tone over talk", func(b *bench) {
		spec := tone.MustParse("440:300 -:9700", -10)
		b.voice.PlayOver(&spec)
	}, func(b *bench, _ int) { b.arrive() }, speech},
	{"dial tone", func(b *bench) {
		spec := tone.MustParse("350+440:inf", -13)
		b.voice.Connect(nil)
		b.voice.Play(&spec)
	}, nil, speech},
	{"caller ID", func(b *bench) { b.voice.Connect(nil) }, func(b *bench, i int) {
		if i%40 == 0 {
			b.voice.Tell(callData)
		}
	}, func(block []int16, _ int) { clear(block) }},
	{"everything", func(b *bench) { // but for data, which end most of it
		us, _ := country.Lookup("US")
		b.voice.Watch(progress.NewPlan(map[progress.Kind]*tone.Spec{progress.Busy: &us.Tones.Busy, progress.Ringback: &us.Tones.Ringback}))
		b.stream(func(s *media.Stream) { s.Noise = true })
	}, func(b *bench, _ int) { b.arrive() }, speech},
	{"data", func(b *bench) { b.voice.CarryData(media.DataAlways) }, func(b *bench, _ int) { b.arrive() }, speech},
	{"text", nil, func(b *bench, _ int) { b.arrive() }, func(block []int16, at int) { copy(block, text[at:]) }},
	{"idle", func(b *bench) { b.voice.Connect(nil) }, nil, func(block []int16, _ int) { clear(block) }},
}

// text is typed on a text telephone, for a second.
var text = typed(6)[:dsp.SampleRate]

// callData is made before anything is counted.
var callData = func() *callerid.Plan {
	s, _ := callerid.Lookup("bellcore")
	return s.Message(callerid.Call{Number: "5551234"})
}()

func TestFrameAllocs(t *testing.T) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			b := newBench(m.say)
			if m.prepare != nil {
				m.prepare(b)
			}
			i := 0
			b.frame()
			if n := testing.AllocsPerRun(500, func() {
				if m.each != nil {
					m.each(b, i)
				}
				b.frame()
				i++
			}); n != 0 {
				t.Errorf("%v allocations per 20 ms, want 0", n)
			}
		})
	}
}

// BenchmarkFrame is one line for 20 ms, with its packet received and sent.
func BenchmarkFrame(b *testing.B) {
	for _, m := range modes {
		b.Run(m.name, func(b *testing.B) {
			line := newBench(m.say)
			if m.prepare != nil {
				m.prepare(line)
			}
			i := 0
			for b.Loop() {
				if m.each != nil {
					m.each(line, i)
				}
				line.frame()
				i++
			}
		})
	}
}

// BenchmarkPacket is the receipt of one packet up to the ring.
func BenchmarkPacket(b *testing.B) {
	line := newBench(speech)
	line.frame()
	i := 0
	for b.Loop() {
		line.arrive()
		if i++; i%32 == 0 {
			line.frame()
		}
	}
}

// BenchmarkStranger is a packet from somebody else.
func BenchmarkStranger(b *testing.B) {
	line := newBench(speech)
	line.frame()
	line.arrive()
	for b.Loop() {
		media.Receive(line.session, line.packet, addrA)
	}
}
