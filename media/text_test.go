package media_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/faxtone"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
)

// typed is so many characters of Baudot with 150 ms of mark around them.
func typed(n int) []int16 {
	return dsptest.Baudot45.Make(dsptest.Typed(n, 5, 2, 7, rand.New(rand.NewPCG(1, 18))))
}

// TestTextCall has two people type in turns, talk, and press a key while both ends
// still wait for text. Both are told of it once and of its end 7 s after the last
// character, although one of them talks. What was typed comes through without a
// sample too many or too few, from its first one on.
func TestTextCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, toldA := newDataEnd(t, n, false, media.SessionOpts{}, media.DataOnTone)
		b, toldB := newDataEnd(t, n, true, media.SessionOpts{}, media.DataOnTone)
		sa, sb := streams(func(s *media.Stream) { s.Noise = true })
		a.Set(sa)
		b.Set(sb)
		text := typed(12) // 2 s
		a.say = score{{2 * time.Second, text}}.say
		pad := keypad{keys: "5", on: 800, off: 800, start: 9 * 8000}
		b.say = func(block []int16, at int) {
			if at > 12*8000 {
				speech(block, at)
			}
			pad.say(block, at)
			score{{5 * time.Second, text}}.say(block, at)
		}
		both(a, b, 20*time.Second, 80, 3*time.Millisecond)

		for name, heard := range map[string][]told{"who types first": *toldA, "who answers": *toldB} {
			if len(heard) != 2 || !heard[0].on || heard[0].tone != faxtone.Baudot || heard[1].on {
				t.Fatalf("%s: told %+v, want text and its end", name, heard)
			}
			if at := heard[0].at; at < 2*8000 || at > 2700*8 {
				t.Errorf("%s: told after %d ms, want 2000 and the first characters", name, at/8)
			}
			if at := heard[1].at; at < 13500*8 || at > 14500*8 {
				t.Errorf("%s: text ends after %d ms, want 7 s after the last character", name, at/8)
			}
		}
		// From the mark before the first character to when it is known as text, nothing
		// is changed; then the delay grows.
		known := (*toldB)[0].at
		if d := delayOf(a.said, b.heard[:known], g711.ALaw, 2*8000+800); d < 0 || d > 400 {
			t.Errorf("text is delayed by %d samples, want what speech is", d)
		}
		if d := b.Stats().Concealed; d != 0 {
			t.Errorf("%v of text are made up", d)
		}
		if got := b.pressedKeys(); got != "5" {
			t.Errorf("among text the line reports %q, want the key", got)
		}
	})
}

// A modem that begins after text gets the path of a modem.
func TestModemAfterText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, toldA := newDataEnd(t, n, false, media.SessionOpts{}, media.DataOnTone)
		b, toldB := newDataEnd(t, n, true, media.SessionOpts{}, media.DataOnTone)
		sa, sb := streams(nil)
		a.Set(sa)
		b.Set(sb)
		a.say = score{{time.Second, typed(6)}, {4 * time.Second, dsptest.AnswerTone{Hz: 2100, Level: -13}.Make(16000)}}.say
		pad := keypad{keys: "5", on: 800, off: 800, start: 7 * 8000} // the modem's, which is no key
		b.say = pad.say
		both(a, b, 16*time.Second, 80, 3*time.Millisecond)
		for name, heard := range map[string][]told{"near": *toldA, "far": *toldB} {
			var tones []faxtone.Kind
			for _, h := range heard {
				tones = append(tones, h.tone)
			}
			if want := []faxtone.Kind{faxtone.Baudot, faxtone.Answer, 0}; !slices.Equal(tones, want) {
				t.Errorf("%s: told of %v, want %v", name, tones, want)
			}
		}
		if got := b.pressedKeys(); got != "" {
			t.Errorf("among data the line reports %q", got)
		}
	})
}
