package media_test

import (
	"testing"
	"time"

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

// TestAcknowledgement has a telephone off hook answer the alert tone by key D:
// one of 50 to 75 ms is heard, one of 30 ms is not.
func TestAcknowledgement(t *testing.T) {
	s, _ := callerid.Lookup("bellcore")
	for _, tt := range []struct {
		ms   int
		want string
	}{{30, ""}, {50, "D"}, {55, "D"}, {60, "D"}, {65, "D"}, {75, "D"}} {
		for offset := range 8 { // of the key within a block
			keys := ""
			v := media.NewVoice(media.VoiceOpts{Released: func(key byte, held time.Duration) {
				if held >= 40*time.Millisecond {
					keys += string(key)
				}
			}})
			k := keypad{keys: "D", on: tt.ms * 8, off: 800}
			toPhone, mouth := make([]int16, 80), make([]int16, 80*40)
			k.say(mouth[1600+10*offset:], 0) // 100 ms or less behind the tone
			v.Tell(s.KnockTone())
			for at := 0; at < len(mouth); at += 80 {
				fromPhone := mouth[at : at+80]
				if at < 640 { // the tone comes back as an echo
					dsp.Mix(fromPhone, toPhone)
				}
				v.Frame(toPhone, fromPhone)
			}
			if keys != tt.want {
				t.Errorf("key D of %d ms, offset %d, is heard as %q, want %q", tt.ms, offset, keys, tt.want)
			}
		}
	}
}
