package media_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/faxtone"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
)

// told is what a Voice said about data.
type told struct {
	on   bool
	tone faxtone.Kind
	at   int // samples said when it was told
}

// newDataEnd is an end that notes what it is told about data.
func newDataEnd(t *testing.T, n *mediatest.Network, b bool, opts media.SessionOpts, mode media.DataMode) (*end, *[]told) {
	at := addrA
	if b {
		at = addrB
	}
	e := newEnd(t, n, at, opts)
	e.voice.Connect(nil)
	var heard []told
	e.voice = media.NewVoice(media.VoiceOpts{
		Processing: media.Processing{NoEchoCanceller: true, NoHighPass: true},
		Keys:       func(key byte, down bool) { e.keys = append(e.keys, keyPress{key, down}) },
		Data: func(s *media.Session, on bool, tone faxtone.Kind) {
			if s != e.Session {
				t.Error("told of another session")
			}
			heard = append(heard, told{on, tone, len(e.said)})
		},
	})
	e.voice.CarryData(mode)
	e.voice.Connect(e.Session)
	return e, &heard
}

// score is what a telephone says: parts one after the other, silence between.
type score []struct {
	at    time.Duration
	sound []int16
}

func (s score) say(block []int16, at int) {
	for _, part := range s {
		for i := range block {
			if k := at + i - int(part.at*8/time.Millisecond); k >= 0 && k < len(part.sound) {
				block[i] = part.sound[k]
			}
		}
	}
}

// TestFaxCall follows a fax call: the caller's tone switches both ends, the
// answer comes through bit by bit with a delay that does not move, and when both
// have been silent the path is one for speech again.
func TestFaxCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, toldA := newDataEnd(t, n, false, media.SessionOpts{}, media.DataOnTone)
		b, toldB := newDataEnd(t, n, true, media.SessionOpts{}, media.DataOnTone)
		sa, sb := streams(nil)
		a.Set(sa)
		b.Set(sb)
		cng := dsptest.AnswerTone{Hz: 1100, Level: -13}.Make(4000)
		ced := dsptest.AnswerTone{Hz: 2100, Level: -13}.Make(3 * 8000)
		flags := dsptest.V21.Make(dsptest.Flags(80))
		a.say = score{{1 * time.Second, cng}, {7 * time.Second, flags}}.say
		pad := keypad{keys: "5", on: 800, off: 800, start: 22 * 8000}
		b.say = func(block []int16, at int) {
			pad.say(block, at)
			score{{2 * time.Second, ced}, {5200 * time.Millisecond, flags}}.say(block, at)
		}
		both(a, b, 23*time.Second, 80, 3*time.Millisecond)

		checkTold(t, "calling fax", *toldA, faxtone.Calling, 1500)
		checkTold(t, "called fax", *toldB, faxtone.Calling, 1650)
		from, to := 25*800, 100*800 // well within the data
		if d := delayOf(b.said, b.heard[:0], g711.ALaw, 0); d != 0 {
			t.Fatal("delayOf finds a delay in nothing")
		}
		for _, way := range [][2]*end{{a, b}, {b, a}} {
			if d := delayOf(way[0].said, way[1].heard[:to], g711.ALaw, from); d < 0 {
				t.Error("the data do not come through bit by bit")
			} else if d < 840 || d > 1300 {
				t.Errorf("data are delayed by %d samples, want a packet and 100 ms", d)
			}
		}
		if got := b.pressedKeys(); got != "5" {
			t.Errorf("after the fax the line reports %q, want the key", got)
		}
		if st := b.Stats(); st.Data || st.SentEvents != 1 || st.Concealed != 0 {
			t.Errorf("after the fax: %+v", st)
		}
	})
}

// checkTold wants data to begin by a tone before some time, and to end once.
func checkTold(t *testing.T, name string, heard []told, tone faxtone.Kind, before int) {
	t.Helper()
	switch {
	case len(heard) != 2 || !heard[0].on || heard[0].tone != tone || heard[1].on:
		t.Errorf("%s: told %+v, want data by %v and their end", name, heard, tone)
	case heard[0].at > before*8:
		t.Errorf("%s: told after %d ms, want %d at most", name, heard[0].at/8, before)
	}
}

// Keys that data look like are neither taken out nor told.
func TestNoKeysInData(t *testing.T) {
	for _, tt := range []struct {
		mode media.DataMode
		keys string
	}{{media.DataAlways, ""}, {media.DataNever, "123"}} {
		synctest.Test(t, func(t *testing.T) {
			n := mediatest.New(1)
			a, _ := newDataEnd(t, n, false, media.SessionOpts{}, tt.mode)
			b, _ := newDataEnd(t, n, true, media.SessionOpts{}, tt.mode)
			sa, sb := streams(nil)
			a.Set(sa)
			b.Set(sb)
			pad := keypad{keys: "123", on: 800, off: 800, start: 4000}
			cng := dsptest.AnswerTone{Hz: 1100, Level: -13}.Make(4000)
			a.say = func(block []int16, at int) {
				pad.say(block, at)
				score{{1500 * time.Millisecond, cng}}.say(block, at)
			}
			both(a, b, 3*time.Second, 80, 3*time.Millisecond)
			if got := a.pressedKeys(); got != tt.keys {
				t.Errorf("line reported %q, want %q", got, tt.keys)
			}
			if got := decode(b.heard); got != "123" {
				t.Errorf("far end hears %q, want all keys", got)
			}
			if st := a.Stats(); st.Data != (tt.mode == media.DataAlways) {
				t.Errorf("data are carried: %v", st.Data)
			}
		})
	}
}

// TestSwitchTakesOneFrame counts the blocks from the tone's being known to its
// being acted on: the buffer stands still in the same block.
func TestSwitchTakesOneFrame(t *testing.T) {
	tone := dsptest.AnswerTone{Hz: 2100, Level: -13}.Make(8000)
	b := newBench(func(block []int16, at int) { copy(block, tone[at:]) })
	d := faxtone.New()
	for i := range 50 {
		d.Process(tone[i*160:][:160])
		_, known := d.Next()
		b.frame()
		if got := b.session.Stats().Data; got != known {
			t.Fatalf("block %d: data are carried: %v, tone known: %v", i, got, known)
		}
		if known {
			return
		}
	}
	t.Error("the tone was not heard")
}

// A tone of a call does not concern the next one.
func TestDataEndWithCall(t *testing.T) {
	tone := slices.Repeat(dsptest.AnswerTone{Hz: 2100, Level: -13}.Make(80), 100)
	b := newBench(func(block []int16, at int) { copy(block, tone[at:]) })
	for range 50 {
		b.frame()
	}
	if !b.session.Stats().Data {
		t.Fatal("the tone was not heard")
	}
	b.voice.Connect(nil)
	b.frame()
	b.say = make([]int16, dsp.SampleRate)
	b.voice.Connect(b.session)
	for range 10 {
		b.frame()
	}
	if b.session.Stats().Data {
		t.Error("data are carried in the next call")
	}
}
