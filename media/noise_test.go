package media_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
)

// TestComfortNoise has a telephone speak one second in five, over noise of -55
// dBm0. The pauses cost few packets and sound like the noise; the voice is
// heard from its first sample on.
func TestComfortNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
		sa, sb := streams(func(s *media.Stream) { s.Noise = true })
		a.Set(sa)
		b.Set(sb)
		rng := rand.New(rand.NewPCG(1, 1))
		const period = 5 * 8000
		a.say = func(block []int16, at int) {
			if at%period < 8000 {
				copy(block, dsptest.AnswerTone{Hz: 300, Level: -20}.Make(len(block)))
			}
			dsptest.AddNoise(block, -55, rng)
		}
		both(a, b, 25*time.Second, 80, 3*time.Millisecond)
		st, far := a.Stats(), b.Stats()
		if st.Sent > 25*50*35/100 {
			t.Errorf("%d packets sent in 25 s, want a third of 1250 at most", st.Sent)
		}
		if far.Lost != 0 || far.Late != 0 || far.Concealed > 20*time.Millisecond || far.Discarded != 0 || far.Garbage != 0 {
			t.Errorf("far end: %+v", far)
		}
		for i := 2; i < 5; i++ {
			pause := b.heard[i*period+16000 : i*period+36000]
			if off := float64(dsp.LevelOf(pause) + 55); math.Abs(off) > 2 {
				t.Errorf("pause %d is off by %.1f dB", i, off)
			}
			voice := b.heard[i*period+1000 : i*period+8000]
			if off := float64(dsp.LevelOf(voice) + 20); math.Abs(off) > 0.5 {
				t.Errorf("voice %d is off by %.1f dB", i, off)
			}
			if clipped := onset(b.heard[i*period:]) - onset(b.heard[2*period:]); clipped < -80 || clipped > 80 {
				t.Errorf("voice %d begins %d samples off", i, clipped)
			}
		}
		if d := onset(b.heard[2*period:]); d > 480 {
			t.Errorf("voice begins after %d samples, want its delay", d)
		}
	})
}

// onset is the sample at which a voice begins.
func onset(x []int16) int {
	for i := 0; i+20 < len(x); i++ {
		if dsp.LevelOf(x[i:i+20]) > -26 {
			return i
		}
	}
	return len(x)
}

// Noise that nobody agreed on is understood; a packet of it that is late or empty
// changes nothing.
func TestComfortNoiseUnasked(t *testing.T) {
	b := newBench(speech)
	say := func(i int) {
		for k := range b.payload {
			b.payload[k] = 0xD5 ^ byte(k%2*0x20+(i&1))
		}
		b.arrive()
	}
	for i := range 50 {
		say(i)
		b.frame()
	}
	b.h.PayloadType = 13
	packet := b.packet
	b.packet = make([]byte, 14)
	b.payload[0], b.payload[1] = 50, 127 // -50 dBov
	b.arrive()
	b.packet = packet
	b.h.PayloadType = 8
	var heard []int16
	for range 200 { // 4 s: longer than the buffer remembers the voice
		b.frame()
		heard = append(heard, b.toPhone[:]...)
	}
	for i := 4000; i+8000 <= len(heard); i += 8000 {
		if level := dsp.LevelOf(heard[i : i+8000]); level < -46 || level > -42 {
			t.Errorf("after %d samples noise of %.1f dBm0, want -44", i, level)
		}
	}
	st := b.session.Stats()
	if st.Concealed != 0 || st.Garbage != 0 {
		t.Errorf("%+v", st)
	}
}
