package sim

import (
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// playTo steps the telephone while a plan sounds, and half a second after.
func playTo(tel *Telephone, d twowire.Drive, p *callerid.Plan, gain float64) {
	var s callerid.Sender
	s.Start(p)
	block := make([]int16, 1)
	for range samples(p.Duration() + 500*time.Millisecond) {
		s.Read(block)
		d.Voice = gain * unitsToVolts(block[0])
		tel.Step(d)
	}
}

func planOf(t *testing.T, scheme string, c callerid.Call) *callerid.Plan {
	t.Helper()
	s, ok := callerid.Lookup(scheme)
	if !ok {
		t.Fatalf("no scheme %s", scheme)
	}
	return s.Message(c)
}

// Every scheme is read on hook: number, name and time, or why there is none.
func TestDisplayReadsSchemes(t *testing.T) {
	given := callerid.Call{Time: time.Date(2026, 4, 3, 2, 1, 0, 0, time.UTC), Number: "0441234567", Name: "Zoë"}
	private, unknown := given, callerid.Call{Time: given.Time}
	private.Absence = callerid.Withheld
	data := [3]CallerID{
		{Form: "data", Number: "0441234567", Name: "Zoe", Time: "04-03 02:01"},
		{Form: "data", Absent: "P", Time: "04-03 02:01"},
		{Form: "data", Absent: "O", Time: "04-03 02:01"},
	}
	single := data
	single[0].Name = ""
	keyed := [3]CallerID{{Form: "keys", Number: "0441234567"}, {Form: "keys", Absent: "P"}, {Form: "keys", Absent: "O"}}
	for _, s := range callerid.Schemes {
		want := data
		switch s.Name {
		case "bellcore-sdmf":
			want = single
		case "ntt":
			want = [3]CallerID{{Form: "data-japan", Number: "0441234567"}, {Form: "data-japan", Absent: "P"}, {Form: "data-japan", Absent: "S"}}
		case "dtmf-ac", "dtmf-ahash", "dtmf-reversal-ac":
			want = keyed
		case "dtmf-dc", "dtmf-hash":
			want = [3]CallerID{keyed[0], {}, {}}
		}
		for i, c := range []callerid.Call{given, private, unknown} {
			tel := newPlain(t, nil)
			run(tel, battery, 100*time.Millisecond)
			playTo(tel, battery, planOf(t, s.Name, c), 1)
			got := CallerID{}
			if shown := tel.State().CallerID; shown != nil {
				got = *shown
			}
			if got.Seconds = 0; got != want[i] {
				t.Errorf("%s: %+v is shown as %+v, want %+v", s.Name, c, got, want[i])
			}
		}
	}
}

// A long and noisy line is no hindrance; a wrong checksum is.
func TestDisplayOnBadLines(t *testing.T) {
	n := scale(3, 100)
	for name, tt := range map[string]struct {
		gain float64
		set  func(*Settings)
	}{
		"quiet":   {0.1, nil},
		"loud":    {1.8, nil},
		"noisy":   {0.5, func(s *Settings) { s.Noise = -36 }},
		"reflect": {1, func(s *Settings) { s.Loop = 1500; s.REN = 3 }},
	} {
		for _, scheme := range []string{"bellcore", "etsi-fsk", "ntt", "dtmf-ac"} {
			tel := newPlain(t, tt.set)
			run(tel, battery, 100*time.Millisecond)
			for range n {
				playTo(tel, battery, planOf(t, scheme, callerid.Call{Number: "0441234567"}), tt.gain)
			}
			if tel.display.count != n || tel.display.shown.Number != "0441234567" {
				t.Errorf("%s %s: told %d times, want %d", name, scheme, tel.display.count, n)
			}
		}
	}
}

func TestDisplayLamp(t *testing.T) {
	s, _ := callerid.Lookup("bellcore")
	tel := newPlain(t, nil)
	for _, on := range []bool{true, true, false} {
		playTo(tel, battery, s.MailMessage(on), 1)
		if got := tel.State().Lamp; got != on {
			t.Errorf("the lamp is %v, want %v", got, on)
		}
	}
}

// Off hook the telephone answers the alert tone by key D, and reads what comes.
func TestDisplayAcknowledges(t *testing.T) {
	s, _ := callerid.Lookup("bellcore")
	tel := newPlain(t, nil)
	tel.Hook(true)
	run(tel, battery, time.Second)
	var sender callerid.Sender
	sender.Start(s.KnockTone())
	d, block, begun, ended := battery, make([]int16, 1), -1, -1
	for i := range int(samples(300 * time.Millisecond)) {
		sender.Read(block)
		d.Voice = unitsToVolts(block[0])
		if said := tel.Step(d).Voice; said > 0.01 && i > 660 {
			if ended = i; begun < 0 {
				begun = i
			}
		}
	}
	tone := int(samples(80 * time.Millisecond))
	if at, length := begun-tone, ended-begun; at < 0 || at > 100*8 || length < 55*8 || length > 65*8 {
		t.Errorf("key D begins %d ms after the tone and lasts %d ms, want at most 100, and 55 to 65", at/8, length/8)
	}
	playTo(tel, battery, s.KnockMessage(callerid.Call{Number: "5551234"}), 1)
	if c := tel.State().CallerID; c == nil || c.Number != "5551234" {
		t.Errorf("shown is %v, want 5551234", c)
	}
}

// Speech and call-progress tones are no alert tone, and no data.
func TestDisplayIsNotFooled(t *testing.T) {
	tel := newPlain(t, func(s *Settings) { s.Noise = -20 })
	tel.Hook(true)
	s, _ := callerid.Lookup("bellcore")
	run(tel, battery, 5*time.Second)
	playTo(tel, battery, s.KnockMessage(callerid.Call{Number: "5551234"}), 1)
	if c := tel.State().CallerID; c != nil || tel.pad.busy(tel.now) {
		t.Errorf("shown is %v without an alert tone", c)
	}
	off := newPlain(t, func(s *Settings) { s.Display = false })
	playTo(off, battery, planOf(t, "bellcore", callerid.Call{Number: "5551234"}), 1)
	if c := off.State().CallerID; c != nil {
		t.Errorf("a telephone without display shows %v", c)
	}
}

func TestKeyedCall(t *testing.T) {
	for keys, want := range map[string]CallerID{
		"A123C": {Number: "123"}, "A123B00C": {Number: "123"}, "B10C": {Absent: "P"}, "B00C": {Absent: "O"},
		"A123#": {Number: "123"}, "D1#": {Absent: "P"}, "D3#": {Absent: "O"}, "D123C": {Number: "123"}, "123#": {Number: "123"},
	} {
		want.Form = "keys"
		if got, ok := keyedCall(keys); !ok || got != want {
			t.Errorf("%s is read as %+v, want %+v", keys, got, want)
		}
	}
}

// FuzzDisplay gives the display any octets and any keys.
func FuzzDisplay(f *testing.F) {
	f.Add([]byte("\x80\x05\x02\x03123\xdf"), "A123C")
	f.Add([]byte("\x90\x81\x87\x90\x82\x40\x90\x03"), "#")
	f.Fuzz(func(t *testing.T, data []byte, keys string) {
		var d display
		d.modem.taking = true
		for _, v := range data {
			d.modem.octet = v
			if d.modem.take(true) {
				d.read(1)
			}
		}
		for i := range len(keys) {
			d.typeKey(keys[i], int64(i))
		}
	})
}

func BenchmarkStepData(b *testing.B) {
	tel := NewTelephone(TelephoneOpts{Settings: plain()})
	s, _ := callerid.Lookup("bellcore")
	plan := s.Message(callerid.Call{Number: "5551234"})
	var sender callerid.Sender
	x := make([]int16, dsp.Frame)
	for b.Loop() {
		if !sender.Playing() {
			sender.Start(plan)
		}
		sender.Read(x)
		d := battery
		for _, v := range x {
			d.Voice = unitsToVolts(v)
			tel.Step(d)
		}
	}
}
