package media_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/compare"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/faxtone"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/dsp/progress"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/media"
)

// badSounds is what no telephone should say, and some do.
var badSounds = map[string]func(rng *rand.Rand, block []int16, at int){
	"full-scale noise": func(rng *rand.Rand, block []int16, _ int) {
		for i := range block {
			block[i] = int16(rng.Uint32())
		}
	},
	"silence": func(_ *rand.Rand, block []int16, _ int) { clear(block) },
	"DC": func(_ *rand.Rand, block []int16, _ int) {
		for i := range block {
			block[i] = math.MinInt16
		}
	},
	"clipped speech": func(_ *rand.Rand, block []int16, at int) {
		speech(block, at)
		for i, s := range block {
			block[i] = dsp.Saturate(int32(s) * 100)
		}
	},
	"8-bit garbage": func(rng *rand.Rand, block []int16, _ int) {
		for i := range block {
			block[i] = int16(int8(rng.Uint32()))
		}
	},
	"clicks": func(rng *rand.Rand, block []int16, _ int) {
		clear(block)
		block[rng.IntN(len(block))] = math.MaxInt16
	},
}

// badPackets is what no far end should send.
var badPackets = map[string]func(rng *rand.Rand, b *bench){
	"nothing":         func(*rand.Rand, *bench) {},
	"garbage payload": func(rng *rand.Rand, b *bench) { fill(rng, b.payload[:]); b.arrive() },
	"wrong SSRC":      func(rng *rand.Rand, b *bench) { b.sendAs(rng, 8, rng.Uint32(), 160) },
	"any length":      func(rng *rand.Rand, b *bench) { b.sendAs(rng, 8, 1, max(anyLength(rng)-12, 0)) },
	"flood": func(rng *rand.Rand, b *bench) {
		for range 80 {
			b.sendAs(rng, 8, 1, 160)
		}
	},
	"timestamps at random": func(rng *rand.Rand, b *bench) {
		ts := b.h.Timestamp
		b.h.Timestamp += uint32(rng.IntN(4000) - 2000)
		b.sendAs(rng, 8, 1, 160)
		b.h.Timestamp = ts + 160
	},
	"noise garbage": func(rng *rand.Rand, b *bench) { b.sendAs(rng, 13, 1, rng.IntN(300)) },
	"event garbage": func(rng *rand.Rand, b *bench) { b.sendAs(rng, 101, 1, rng.IntN(20)) },
	"no RTP": func(rng *rand.Rand, b *bench) {
		p := make([]byte, anyLength(rng))
		fill(rng, p)
		media.Receive(b.session, p, addrB)
	},
	"headers of all kinds": func(rng *rand.Rand, b *bench) {
		p := make([]byte, 12+rng.IntN(400))
		fill(rng, p)
		p[0] = 0x80 | p[0]&0x3F
		p[1] = 8 | p[1]&0x80
		binary.BigEndian.PutUint32(p[8:], 1)
		media.Receive(b.session, p, addrB)
	},
}

// anyLength is one of 0 to 4096 octets, often at the ends or about a header.
func anyLength(rng *rand.Rand) int {
	if ends := [...]int{0, 1, 11, 12, 13, 172, 4095, 4096}; rng.IntN(4) == 0 {
		return ends[rng.IntN(len(ends))]
	}
	return rng.IntN(4097)
}

func fill(rng *rand.Rand, p []byte) {
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
}

// sendAs has a packet of random bytes come.
func (b *bench) sendAs(rng *rand.Rand, pt uint8, ssrc uint32, n int) {
	p := make([]byte, 12+n)
	fill(rng, p)
	p[0], p[1] = 0x80, pt
	binary.BigEndian.PutUint16(p[2:], b.h.SequenceNumber)
	binary.BigEndian.PutUint32(p[4:], b.h.Timestamp)
	binary.BigEndian.PutUint32(p[8:], ssrc)
	b.h.SequenceNumber++
	b.h.Timestamp += 160
	media.Receive(b.session, p, addrB)
}

// TestBadInput feeds each of the above to a line on which everything runs, and
// then what is ordinary: within a second both directions are as if nothing had
// been, and every detector hears what it is there for.
func TestBadInput(t *testing.T) {
	media.NotUnderRace(t)
	us, _ := country.Lookup("US")
	busy := rendered(&us.Tones.Busy, 2*time.Second)
	plan := progress.NewPlan(map[progress.Kind]*tone.Spec{progress.Busy: &us.Tones.Busy})
	for packets, send := range badPackets {
		for sounds, say := range badSounds {
			for _, mode := range []media.DataMode{media.DataOnTone, media.DataAlways} {
				bubble(t, packets+", "+sounds, func(t *testing.T) {
					rng := rand.New(rand.NewPCG(1, uint64(len(packets)+len(sounds))))
					b := newBench(silence)
					b.voice.Watch(plan)
					b.voice.CarryData(mode)
					b.stream(func(s *media.Stream) { s.Noise = true })
					for i := range 100 {
						send(rng, b)
						say(rng, b.say[b.at:b.at+160], i*160)
						b.frame()
						time.Sleep(20 * time.Millisecond)
					}
					noNaN(t, reflect.ValueOf(b.session.Stats()))
					noNaN(t, reflect.ValueOf(b.voice.Levels()))
					noNaN(t, reflect.ValueOf(b.voice.Echo()))
					recovers(t, b)
					if mode == media.DataOnTone {
						detects(t, b, busy)
					}
				})
			}
		}
	}
}

// detects has each detector of a line tried.
func detects(t *testing.T, b *bench, busy []int16) {
	t.Helper()
	b.key, b.farTone, b.carried = 0, 0, 0
	key := keypad{keys: "7", on: 800, off: 800}
	b.exchange(len(busy), func(far, near []int16, at int) {
		copy(far, busy[at:])
		key.say(near[:80], at)
		key.say(near[80:], at+80)
	})
	cng := dsptest.AnswerTone{Hz: 1100, Level: -13}.Make(4000)
	b.exchange(len(cng), func(_, near []int16, at int) { copy(near, cng[at:]) })
	if b.key != '7' || b.farTone != progress.Busy || b.carried != faxtone.Calling {
		t.Errorf("heard key %q, far end's %v and tone %v; want 7, busy and CNG", b.key, b.farTone, b.carried)
	}
}

// exchange has n samples be said by both ends.
func (b *bench) exchange(n int, say func(far, near []int16, at int)) {
	far := make([]int16, 160)
	for at := 0; at < n; at += len(far) {
		near := b.say[b.at : b.at+len(far)]
		clear(far)
		clear(near)
		say(far, near, at)
		g711.Encode(g711.ALaw, b.payload[:], far)
		b.arrive()
		b.frame()
		time.Sleep(20 * time.Millisecond)
	}
}

// rendered is a tone as it sounds.
func rendered(spec *tone.Spec, length time.Duration) []int16 {
	var g tone.Generator
	g.Start(spec)
	x := make([]int16, int(length*dsp.SampleRate/time.Second))
	g.Read(x)
	return x
}

// noNaN looks for what is not a number in figures.
func noNaN(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Float64, reflect.Float32:
		if math.IsNaN(v.Float()) {
			t.Error("a figure is not a number")
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			noNaN(t, field)
		}
	}
}

// stream changes what was agreed on.
func (b *bench) stream(change func(*media.Stream)) {
	s := answer(addrB)
	s.EventSend, s.EventReceive = 101, 101
	change(&s)
	b.session.Set(s)
}

// recovers speaks both ways for two seconds and looks at the second one.
func recovers(t *testing.T, b *bench) {
	t.Helper()
	b.stream(func(*media.Stream) {}) // as a re-INVITE does; no comfort noise
	if b.h.SSRC = 1; b.session.Stats().RemoteSSRC != 1 {
		b.h.SSRC = 0xD0D0
	}
	b.h.PayloadType = 8
	var said, heard, told, sent []int16 // by the far end and here
	b.exchange(2*dsp.SampleRate, func(far, near []int16, at int) {
		if at > 0 {
			heard = append(heard, b.toPhone[:]...)
			sent = append(sent, voiceOf(t, b.sink.last)...)
		}
		speech(far, at)
		said = append(said, far...)
		if at >= dsp.SampleRate {
			speech(near, 90000+at)
		}
		told = append(told, near...)
	})
	r, err := compare.Speech(smooth(said[8000:12000]), smooth(heard[8000:]), 400*time.Millisecond)
	if err != nil || r.Correlation < 0.97 || r.Gaps > 0 || math.Abs(r.Gain) > 0.5 {
		t.Errorf("the far end is heard with %+v (%v) after a second: %+v", r, err, b.session.Stats())
	}
	// The far end talks all the while, much alike: that costs the telephone 0.3 dB.
	r, err = compare.Speech(told[8000:15000], sent[8000:], 100*time.Millisecond)
	if err != nil || r.Correlation < 0.94 || r.Gaps > 0 || math.Abs(r.Gain) > 0.7 {
		t.Errorf("the telephone is heard with %+v (%v) after a second", r, err)
	}
}

// smooth leaves what is below 1 kHz: a delay that may be any part of a sample moves the
// rest against itself.
func smooth(x []int16) []int16 {
	y := make([]int16, len(x))
	for i := range y {
		for _, s := range x[max(i-3, 0) : i+1] {
			y[i] += s / 4
		}
	}
	return y
}

// voiceOf is a packet of voice.
func voiceOf(t *testing.T, p []byte) []int16 {
	t.Helper()
	if len(p) != 172 || p[1]&0x7F != 8 {
		t.Fatalf("a packet of %d octets is sent", len(p))
	}
	x := make([]int16, 160)
	g711.Decode(g711.ALaw, x, p[12:])
	return x
}
