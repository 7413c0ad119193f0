package media_test

import (
	"context"
	"math"
	"net/netip"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
)

var (
	addrA = netip.MustParseAddrPort("192.0.2.1:4000")
	addrB = netip.MustParseAddrPort("192.0.2.2:5000")
)

// next is the RTCP address beside an RTP address.
func next(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), a.Port()+1) }

// end is one end of a call: a telephone, its Voice and its Session.
type end struct {
	*media.Session
	voice     *media.Voice
	rtp, rtcp *mediatest.Conn
	said      []int16 // everything the telephone said
	heard     []int16 // and heard
	say       func(block []int16, at int)
	keys      []keyPress
	stop      context.CancelFunc
	ended     chan error
}

type keyPress struct {
	key  byte
	down bool
}

// newEnd starts a session at address at.
func newEnd(t *testing.T, n *mediatest.Network, at netip.AddrPort, opts media.SessionOpts) *end {
	e := &end{rtp: n.Listen(at), rtcp: n.Listen(next(at)), ended: make(chan error, 1)}
	e.Session = media.NewSession(e.rtp, e.rtcp, opts)
	// Tests of the path compare samples, which canceller and high pass change.
	e.voice = media.NewVoice(media.VoiceOpts{Processing: media.Processing{NoEchoCanceller: true, NoHighPass: true}, Keys: func(key byte, down bool) {
		e.keys = append(e.keys, keyPress{key, down})
	}})
	e.voice.Connect(e.Session)
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	ended := e.ended
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() { e.hangUp(t) })
	return e
}

// hangUp ends the session and waits for it, once.
func (e *end) hangUp(t *testing.T) {
	t.Helper()
	e.stop()
	if e.ended == nil {
		return
	}
	if err := <-e.ended; err != nil {
		t.Errorf("Run = %v", err)
	}
	e.ended = nil
}

// talk runs the line for d in blocks of n samples, of which the line's own
// clock takes period each.
func (e *end) talk(d time.Duration, n int, period time.Duration) {
	toPhone, fromPhone := make([]int16, n), make([]int16, n)
	for start := time.Now(); time.Since(start) < d; time.Sleep(period) {
		clear(fromPhone)
		if e.say != nil {
			e.say(fromPhone, len(e.said))
		}
		e.voice.Frame(toPhone, fromPhone)
		e.said = append(e.said, fromPhone...)
		e.heard = append(e.heard, toPhone...)
	}
}

// both runs two ends for d, b's line skew later than a's.
func both(a, b *end, d time.Duration, n int, skew time.Duration) {
	period := time.Duration(n) * time.Second / 8000
	var lines sync.WaitGroup
	lines.Go(func() { a.talk(d, n, period) })
	lines.Go(func() { time.Sleep(skew); b.talk(d, n, period) })
	lines.Wait()
}

// streams are the two sides of one answer.
func streams(change func(*media.Stream)) (a, b media.Stream) {
	s := media.Stream{
		Codec: media.PCMA, PTime: 20 * time.Millisecond,
		EventSend: 101, EventReceive: 101, Send: true, Receive: true,
	}
	if change != nil {
		change(&s)
	}
	a, b = s, s
	a.Remote, a.RemoteRTCP = addrB, next(addrB)
	b.Remote, b.RemoteRTCP = addrA, next(addrA)
	return a, b
}

// speech is a signal with the rhythm of speech that no two stretches of 20 ms
// are alike in: a gliding voice with pauses.
func speech(block []int16, at int) {
	for i := range block {
		t := float64(at+i) / 8000
		envelope := 0.5 + 0.5*math.Sin(2*math.Pi*0.7*t)
		pitch := 120*t + 8*math.Sin(2*math.Pi*0.5*t)
		var x float64
		for k := 1; k <= 25; k++ {
			x += math.Sin(2*math.Pi*float64(k)*pitch+float64(k*k)) / math.Sqrt(float64(k))
		}
		block[i] = int16(4000 * envelope * x)
	}
}

// companded is what the codec leaves of samples.
func companded(law g711.Law, samples []int16) []int16 {
	codes := make([]byte, len(samples))
	out := make([]int16, len(samples))
	g711.Encode(law, codes, samples)
	g711.Decode(law, out, codes)
	return out
}

// delayOf finds the delay after which heard is said, bit by bit, over the last
// part of it; -1 if there is none up to a second.
func delayOf(said, heard []int16, law g711.Law, from int) int {
	want := companded(law, said)
search:
	for delay := range 8000 {
		for i := from; i < len(heard); i++ {
			if i-delay < 0 || heard[i] != want[i-delay] {
				continue search
			}
		}
		return delay
	}
	return -1
}

func TestDelay(t *testing.T) {
	for _, tt := range []struct {
		name  string
		frame int
		ptime time.Duration
		skew  time.Duration
		codec media.Codec
		most  time.Duration // allowed for one way
	}{
		{"10 ms blocks in phase", 80, 20 * time.Millisecond, 0, media.PCMA, 40 * time.Millisecond},
		{"10 ms blocks, 1 ms off", 80, 20 * time.Millisecond, time.Millisecond, media.PCMU, 40 * time.Millisecond},
		{"10 ms blocks, 5 ms off", 80, 20 * time.Millisecond, 5 * time.Millisecond, media.PCMA, 40 * time.Millisecond},
		{"10 ms blocks, 9 ms off", 80, 20 * time.Millisecond, 9 * time.Millisecond, media.PCMU, 40 * time.Millisecond},
		{"20 ms blocks, 7 ms off", 160, 20 * time.Millisecond, 7 * time.Millisecond, media.PCMA, 40 * time.Millisecond},
		{"20 ms blocks, 19 ms off", 160, 20 * time.Millisecond, 19 * time.Millisecond, media.PCMU, 40 * time.Millisecond},
		{"10 ms packets", 80, 10 * time.Millisecond, 3 * time.Millisecond, media.PCMA, 30 * time.Millisecond},
		{"30 ms packets", 80, 30 * time.Millisecond, 3 * time.Millisecond, media.PCMU, 50 * time.Millisecond},
		{"40 ms packets, 20 ms blocks", 160, 40 * time.Millisecond, 3 * time.Millisecond, media.PCMA, 60 * time.Millisecond},
		{"50 ms packets", 80, 50 * time.Millisecond, 3 * time.Millisecond, media.PCMU, 70 * time.Millisecond},
		{"60 ms packets, 20 ms blocks", 160, 60 * time.Millisecond, 3 * time.Millisecond, media.PCMA, 80 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := mediatest.New(1)
				a, b := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
				sa, sb := streams(func(s *media.Stream) { s.Codec, s.PTime = tt.codec, tt.ptime })
				a.Set(sa)
				b.Set(sb)
				a.say, b.say = speech, speech
				both(a, b, 4*time.Second, tt.frame, tt.skew)
				law := g711.ALaw
				if tt.codec == media.PCMU {
					law = g711.MuLaw
				}
				// Sample k of either line is spoken in the block that ends the
				// line's k/8000, so the one-way delay is that of the streams
				// plus how much later the hearing line started.
				ab := delayOf(a.said, b.heard, law, 8000)
				ba := delayOf(b.said, a.heard, law, 8000)
				if ab < 0 || ba < 0 {
					t.Fatalf("voice is not bit-exact after a constant delay: %d, %d; %+v", ab, ba, b.Stats())
				}
				there := time.Duration(ab+tt.frame)*time.Second/8000 + tt.skew
				back := time.Duration(ba+tt.frame)*time.Second/8000 - tt.skew
				t.Logf("one way %v there, %v back", there, back)
				if there > tt.most || back > tt.most {
					t.Errorf("one way %v there, %v back, want at most %v", there, back, tt.most)
				}
				if st := b.Stats(); st.Lost != 0 || st.Late != 0 || st.Concealed != 0 || st.Added+st.Removed != 0 {
					t.Errorf("clean network: %+v", st)
				}
			})
		})
	}
}

// full says whether the tests run at full length.
var full = os.Getenv("ATA_FULL") == "1"

// companded8 are the values of the codes of A-law.
var companded8 = func() (table [256]int16) {
	codes := make([]byte, 256)
	for i := range codes {
		codes[i] = byte(i)
	}
	g711.Decode(g711.ALaw, table[:], codes)
	return table
}()
