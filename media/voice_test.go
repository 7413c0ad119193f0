package media_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/dtmf"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
)

// keypad says keys, on and off for so many samples each, over and over.
type keypad struct {
	keys    string
	on, off int
	start   int // sample of the first key
	tone    dtmf.Generator
	pressed int // keys pressed so far
}

func (k *keypad) say(block []int16, at int) {
	if i := (at - k.start) / (k.on + k.off); at >= k.start && i == k.pressed && i < len(k.keys) {
		k.tone.StartFor(k.keys[i], -8, 2, k.on, k.off)
		k.pressed++
	}
	k.tone.Read(block)
}

// decode returns the keys in what somebody heard.
func decode(heard []int16) string {
	d := dtmf.NewDetector(dtmf.Opts{})
	var keys strings.Builder
	for ; len(heard) >= 80; heard = heard[80:] {
		d.Process(heard[:80])
		for e, ok := d.Next(); ok; e, ok = d.Next() {
			if e.Down {
				keys.WriteByte(e.Key)
			}
		}
	}
	return keys.String()
}

// pressedKeys returns the keys that a line reported.
func (e *end) pressedKeys() string {
	var b strings.Builder
	for _, k := range e.keys {
		if k.down {
			b.WriteByte(k.key)
		}
	}
	return b.String()
}

const everyKey = "0123456789*#ABCD1122"

func TestKeysEndToEnd(t *testing.T) {
	for _, tt := range []struct {
		name   string
		events bool
		ptime  time.Duration
	}{
		{"events, 20 ms", true, 20 * time.Millisecond},
		{"events, 10 ms", true, 10 * time.Millisecond},
		{"events, 60 ms", true, 60 * time.Millisecond},
		{"in band", false, 20 * time.Millisecond},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			n := mediatest.New(1)
			a, b := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
			sa, sb := streams(func(s *media.Stream) {
				s.PTime = tt.ptime
				if !tt.events {
					s.EventSend, s.EventReceive = 0, 0
				}
			})
			a.Set(sa)
			b.Set(sb)
			pad := keypad{keys: everyKey, on: 800, off: 800, start: 4000}
			a.say = pad.say
			both(a, b, 5*time.Second, 80, 3*time.Millisecond)
			if got := a.pressedKeys(); got != everyKey {
				t.Errorf("line reported %q, want %q", got, everyKey)
			}
			if got := decode(b.heard); got != everyKey {
				t.Errorf("far end hears %q, want %q", got, everyKey)
			}
			if b.pressedKeys() != "" {
				t.Errorf("far end's line pressed %q", b.pressedKeys())
			}
			st, far := a.Stats(), b.Stats()
			want := uint64(0)
			if tt.events {
				want = uint64(len(everyKey))
			}
			if st.SentEvents != want || far.ReceivedEvents != want {
				t.Errorf("%d events sent, %d received, want %d", st.SentEvents, far.ReceivedEvents, want)
			}
			if far.Lost != 0 || far.Late != 0 || far.Concealed > 60*time.Millisecond {
				t.Errorf("%+v", far)
			}
		})
	}
}

// TestKeyLeak measures what is left of a key in the voice that is sent beside
// the events.
func TestKeyLeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{}), newPeer(t, n, addrB)
		stream := answer(addrB)
		stream.EventSend = 101
		a.Set(stream)
		var worst, events int
		var longest, shortest uint16 = 0, math.MaxUint16
		for i := range 100 {
			pad := keypad{keys: everyKey[i%16 : i%16+1], on: 800, off: 800, start: len(a.said) + 13*i%160}
			a.say = pad.say
			run(a, 240*time.Millisecond, nil)
			loud := 0
			for _, p := range b.packets() {
				if p.PayloadType == 101 {
					events++
					if p.Payload[1]&0x80 != 0 {
						d := uint16(p.Payload[2])<<8 | uint16(p.Payload[3])
						longest, shortest = max(longest, d), min(shortest, d)
					}
					continue
				}
				loud += loudSamples(p.Payload)
			}
			worst = max(worst, loud)
		}
		t.Logf("worst leak %.1f ms; durations %d..%d samples of 800", float64(worst)/8, shortest, longest)
		bars, err := dsptest.OpenBars("testdata/bars.json")
		if err != nil {
			t.Fatal(err)
		}
		bars.Check(t, "leak of a key, worst", float64(worst)/8, 1, "ms")
		if worst > 160 {
			t.Errorf("key leaks %.1f ms, want at most 20", float64(worst)/8)
		}
		if events < 100*6 || longest > 880 || shortest < 720 {
			t.Errorf("%d packets of events, durations %d..%d, want 800 ± 80", events, shortest, longest)
		}
	})
}

// loudSamples counts from the first to the last sample within 30 dB of a key.
func loudSamples(codes []byte) int {
	first, last := -1, -1
	for i, c := range codes {
		if level := dsp.LevelOf([]int16{alaw(c)}); level > -38 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return 0
	}
	return last - first + 1
}

func alaw(c byte) int16 { return companded8[c] }

func TestSendKey(t *testing.T) {
	for _, events := range []uint8{101, 0} {
		synctest.Test(t, func(t *testing.T) {
			n := mediatest.New(1)
			a, b := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
			sa, sb := streams(func(s *media.Stream) { s.EventSend, s.EventReceive = events, events })
			a.Set(sa)
			b.Set(sb)
			both(a, b, time.Second, 80, 0)
			for _, key := range []byte("18#") {
				if !a.voice.SendKey(key, 100*time.Millisecond) {
					t.Errorf("SendKey(%c) refused", key)
				}
			}
			if a.voice.SendKey('x', time.Second) {
				t.Error("SendKey(x) accepted")
			}
			a.voice.SendFlash()
			both(a, b, 2*time.Second, 80, 0)
			if got := decode(b.heard); got != "18#" {
				t.Errorf("events %d: far end hears %q, want 18#", events, got)
			}
			want := uint64(0)
			if events != 0 {
				want = 4 // with the flash
			}
			if got := a.Stats().SentEvents; got != want {
				t.Errorf("%d events sent, want %d", got, want)
			}
			if len(a.keys) != 0 {
				t.Errorf("sent keys reported as pressed: %v", a.keys)
			}
			full := 0
			for a.voice.SendKey('1', time.Second) {
				full++
			}
			if full != 32 {
				t.Errorf("%d keys wait, want 32", full)
			}
		})
	}
}

func TestMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{}), newPeer(t, n, addrB)
		a.Set(answer(addrB))
		a.say = speech
		run(a, time.Second, nil)
		b.packets()
		a.voice.Mute(true)
		run(a, time.Second, nil)
		for i, p := range b.packets() {
			if i > 0 && !bytes.Equal(p.Payload, bytes.Repeat([]byte{0xD5}, 160)) {
				t.Fatalf("packet %d while muted is not silence", i)
			}
		}
		a.voice.Mute(false)
		run(a, time.Second, nil)
		list := b.packets()
		if bytes.Count(list[len(list)-1].Payload, []byte{0xD5}) > 100 {
			t.Error("still silent after the mute")
		}
	})
}

// TestEcho has the line return half of what the telephone hears: the far end's
// keys must not come back as the telephone's.
func TestEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
		sa, sb := streams(nil)
		a.Set(sa)
		b.Set(sb)
		pad := keypad{keys: "123", on: 800, off: 800, start: 800}
		a.say = pad.say
		b.say = func(block []int16, at int) {
			if at >= 240 {
				for i := range block {
					block[i] = b.heard[at-240+i] / 2
				}
			}
		}
		both(a, b, 2*time.Second, 80, 0)
		if len(b.keys) != 0 || b.Stats().SentEvents != 0 {
			t.Errorf("echo pressed %v", b.keys)
		}
	})
}

// TestToneAlone plays tones to a line that is connected to nobody.
func TestToneAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &end{voice: media.NewVoice(media.VoiceOpts{})}
		dial := tone.MustParse("440:inf", -10)
		level := func() float64 {
			run(e, 100*time.Millisecond, nil)
			return float64(dsp.LevelOf(e.heard[len(e.heard)-400:]))
		}
		if got := level(); !math.IsInf(got, -1) {
			t.Errorf("idle line hears %.1f dBm0", got)
		}
		e.voice.Play(&dial)
		if got := level(); math.Abs(got+10) > 0.2 {
			t.Errorf("dial tone %.1f dBm0, want -10", got)
		}
		e.voice.Play(nil)
		if got := level(); !math.IsInf(got, -1) {
			t.Errorf("stopped tone %.1f dBm0", got)
		}
	})
}

// TestKeysThroughLoss presses a thousand keys, of which three packets in ten
// are lost.
func TestKeysThroughLoss(t *testing.T) {
	count := 200
	if full {
		count = 1000
	}
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(4733)
		a, b := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
		sa, sb := streams(nil)
		a.Set(sa)
		b.Set(sb)
		a.rtp.SetLink(mediatest.Link{Loss: 0.3, Jitter: 15 * time.Millisecond, Double: 0.02, Reorder: true})
		keys := strings.Repeat(everyKey[:16], count/16+1)[:count]
		pad := keypad{keys: keys, on: 800, off: 800, start: 4000}
		a.say = pad.say
		both(a, b, time.Duration(count)*200*time.Millisecond+2*time.Second, 80, 0)
		if got := a.pressedKeys(); got != keys {
			t.Errorf("line reported %d keys of %d", len(got), len(keys))
		}
		got := decode(b.heard)
		if got != keys {
			i := 0
			for i < min(len(got), len(keys)) && got[i] == keys[i] {
				i++
			}
			t.Errorf("far end hears %d keys of %d, different from key %d on", len(got), len(keys), i)
		}
	})
}

// TestLongCall talks with both lines' clocks off by 100 ppm.
func TestLongCall(t *testing.T) {
	length := 2 * time.Minute
	if full {
		length = time.Hour
	}
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
		sa, sb := streams(nil)
		a.Set(sa)
		b.Set(sb)
		a.say, b.say = speech, speech
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.talkLong(length, 10*time.Millisecond+time.Microsecond)
		}()
		b.talkLong(length, 10*time.Millisecond)
		<-done
		for name, e := range map[string]*end{"slow": a, "fast": b} {
			st := e.Stats()
			t.Logf("%s line: added %v, removed %v, delay %v", name, st.Added, st.Removed, st.BufferDelay)
			if st.Lost != 0 || st.Late != 0 || st.Discarded != 0 || st.Concealed != 0 {
				t.Errorf("%s line: %+v", name, st)
			}
			if st.BufferDelay > 20*time.Millisecond {
				t.Errorf("%s line: delay %v", name, st.BufferDelay)
			}
			if st.Added+st.Removed < length/10000*9/10-10*time.Millisecond {
				t.Errorf("%s line: %v corrected, drift was %v", name, st.Added+st.Removed, length/10000)
			}
		}
	})
}

// talkLong is talk that keeps nothing.
func (e *end) talkLong(d, period time.Duration) {
	toPhone, fromPhone := make([]int16, 80), make([]int16, 80)
	voice := make([]int16, 8000)
	speech(voice, 0)
	at := 0
	for start := time.Now(); time.Since(start) < d; time.Sleep(period) {
		copy(fromPhone, voice[at:])
		at = (at + 80) % len(voice)
		e.voice.Frame(toPhone, fromPhone)
	}
}

// TestPlayKey plays keys that came with signalling, to a line that hears
// nothing else.
func TestPlayKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &end{voice: media.NewVoice(media.VoiceOpts{})}
		for _, key := range []byte("5x#") {
			e.voice.PlayKey(key, 10*time.Millisecond)
			run(e, 200*time.Millisecond, nil)
		}
		if got := decode(e.heard); got != "5#" {
			t.Errorf("telephone hears %q, want 5#", got)
		}
	})
}

// TestNetwork talks over networks that are not clean.
func TestNetwork(t *testing.T) {
	const length = 60 * time.Second
	for _, tt := range []struct {
		name      string
		link      mediatest.Link
		concealed float64 // share of the voice, at most
		late      uint64
		delay     time.Duration // of the jitter buffer at the end, at most
	}{
		{"far away", mediatest.Link{Delay: 250 * time.Millisecond}, 0, 0, 20 * time.Millisecond},
		{"30 ms of jitter", mediatest.Link{Delay: 40 * time.Millisecond, Jitter: 30 * time.Millisecond}, 0.01, 10, 60 * time.Millisecond},
		{"jitter that reorders", mediatest.Link{Jitter: 50 * time.Millisecond, Reorder: true}, 0.015, 30, 80 * time.Millisecond},
		{"5 % lost, 5 % doubled", mediatest.Link{Loss: 0.05, Double: 0.05}, 0.06, 0, 20 * time.Millisecond},
		{"rare spikes", mediatest.Link{Spike: 0.002, SpikeBy: 120 * time.Millisecond, Reorder: true}, 0.01, 12, 150 * time.Millisecond},
		{"slow uplink", mediatest.Link{Rate: 9000, Jitter: 5 * time.Millisecond}, 0.01, 5, 40 * time.Millisecond},
	} {
		bubble(t, tt.name, func(t *testing.T) {
			n := mediatest.New(11)
			a, b := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
			sa, sb := streams(nil)
			a.Set(sa)
			b.Set(sb)
			a.rtp.SetLink(tt.link)
			done := make(chan struct{})
			go func() {
				defer close(done)
				a.talkLong(length, 10*time.Millisecond)
			}()
			b.talkLong(length, 10*time.Millisecond)
			<-done
			st := b.Stats()
			t.Logf("concealed %v, late %d, lost %d, delay %v, jitter %v", st.Concealed, st.Late, st.Lost, st.BufferDelay, st.Jitter)
			if share := st.Concealed.Seconds() / length.Seconds(); share > tt.concealed || st.Late > tt.late {
				t.Errorf("concealed %.4f, late %d, want at most %.4f, %d", share, st.Late, tt.concealed, tt.late)
			}
			if st.BufferDelay > tt.delay || st.BufferDelay == 0 {
				t.Errorf("delay %v, want at most %v", st.BufferDelay, tt.delay)
			}
		})
	}
}
