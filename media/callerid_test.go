package media_test

import (
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/media"
)

func message(t testing.TB, scheme, number string) *callerid.Plan {
	t.Helper()
	s, ok := callerid.Lookup(scheme)
	if !ok {
		t.Fatalf("no scheme %s", scheme)
	}
	return s.Message(callerid.Call{Number: number, Name: "Ann"})
}

// TestTell plays caller ID under everything else that can sound: the telephone
// hears nothing but it.
func TestTell(t *testing.T) {
	v := media.NewVoice(media.VoiceOpts{})
	dial, knock := tone.MustParse("350+440:inf", -13), tone.MustParse("440:300 -:9700", -10)
	v.Play(&dial)
	v.PlayOver(&knock)
	plan := message(t, "bellcore", "5551234")
	v.Tell(plan)
	var got []string
	r := callerid.NewReceiver(func(b []byte) {
		m, err := callerid.Parse(b)
		if err != nil {
			t.Error(err)
		}
		got = append(got, m.Call.Number+" "+m.Call.Name)
	})
	toPhone, fromPhone := make([]int16, 160), make([]int16, 160)
	for range int(plan.Duration()*dsp.SampleRate/1e9)/160 + 1 {
		v.Frame(toPhone, fromPhone)
		r.Process(toPhone)
	}
	if len(got) != 1 || got[0] != "5551234 Ann" {
		t.Errorf("heard %q, want 5551234 Ann once", got)
	}
	v.Frame(toPhone, fromPhone)
	if l := dsp.LevelOf(toPhone); l < -14 || l > -8 {
		t.Errorf("afterwards %.1f dBm0, want the dial tone again", l)
	}
	v.Play(nil)
	v.PlayOver(nil)
	v.Tell(plan)
	v.Frame(toPhone, fromPhone)
	v.Tell(nil)
	v.Frame(toPhone, fromPhone)
	v.Frame(toPhone, fromPhone)
	if l := dsp.LevelOf(toPhone); l > -90 {
		t.Errorf("%.1f dBm0 after it was stopped", l)
	}
}

// TestTellEcho returns all of the keys that are played: a telephone on hook
// reflects them. None is a key of the telephone.
func TestTellEcho(t *testing.T) {
	var keys []byte
	v := media.NewVoice(media.VoiceOpts{Keys: func(key byte, _ bool) { keys = append(keys, key) }})
	plan := message(t, "dtmf-ac", "5551234")
	v.Tell(plan)
	toPhone, fromPhone := make([]int16, 80), make([]int16, 80)
	heard := []int16{}
	for range int(plan.Duration()*dsp.SampleRate/1e9)/80 + 20 {
		v.Frame(toPhone, fromPhone)
		copy(fromPhone, toPhone)
		heard = append(heard, toPhone...)
	}
	if got := decode(heard); got != "A5551234C" {
		t.Errorf("the telephone hears %q, want A5551234C", got)
	}
	if len(keys) > 0 {
		t.Errorf("the telephone seems to press %q", keys)
	}
}
