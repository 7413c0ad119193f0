package country

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/dialplan"
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/slic"
)

func TestLookup(t *testing.T) {
	for _, code := range []string{"DE", "de", "Us", "HK"} {
		c, ok := Lookup(code)
		if !ok || c.Code != strings.ToUpper(code) {
			t.Errorf("Lookup(%q) = %v, %v", code, c, ok)
		}
	}
	for _, code := range []string{"", "D", "XX", "DEU", "E ", "  ", "\nc"} {
		if c, ok := Lookup(code); ok {
			t.Errorf("Lookup(%q) = %v", code, c)
		}
	}
}

// A country belongs to its caller.
func TestLookupIsACopy(t *testing.T) {
	a, _ := Lookup("GB")
	a.Ring[0], a.Emergency[0], a.Tones.Busy.Loop[0].Duration = 1, "1", 1
	b, _ := Lookup("GB")
	if b.Ring[0] == 1 || b.Emergency[0] == "1" || b.Tones.Busy.Loop[0].Duration == 1 {
		t.Error("a change of one country shows in the next")
	}
}

func TestAll(t *testing.T) {
	all := All()
	if len(all) != 182 {
		t.Errorf("%d countries, want 182", len(all))
	}
	for i, c := range all {
		if i > 0 && c.Code <= all[i-1].Code {
			t.Errorf("%s follows %s", c.Code, all[i-1].Code)
		}
		if got, ok := Lookup(c.Code); !ok || got.Name != c.Name {
			t.Errorf("Lookup(%q) is not %s", c.Code, c.Name)
		}
	}
}

func TestEveryCountry(t *testing.T) {
	for _, c := range All() {
		t.Run(c.Code, func(t *testing.T) {
			checkTones(t, c)
			checkRing(t, c)
			checkHook(t, c.Hook)
			checkPlan(t, c)
			if _, ok := callerid.Lookup(c.CallerID); !ok {
				t.Errorf("caller ID scheme %q does not exist", c.CallerID)
			}
			if c.Name == "" || c.Impedance == "" || c.CallerID == "" {
				t.Errorf("incomplete: %+v", c)
			}
		})
	}
}

// tones returns the tones of a country by name.
func tones(c *Country) map[string]tone.Spec {
	return map[string]tone.Spec{
		"dial": c.Tones.Dial, "message": c.Tones.MessageDial, "recall": c.Tones.RecallDial,
		"ringback": c.Tones.Ringback, "busy": c.Tones.Busy, "reorder": c.Tones.Reorder,
		"vacant": c.Tones.VacantCode, "no circuit": c.Tones.NoCircuit, "confirm": c.Tones.Confirm,
		"call waiting": c.Tones.CallWaiting, "howler": c.Tones.Howler,
	}
}

func checkTones(t *testing.T, c *Country) {
	all := tones(c)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		spec := all[name]
		if len(spec.Loop) == 0 && name != "confirm" {
			t.Errorf("%s ends: %v", name, spec)
		}
		checkSounds(t, c, name, slices.Concat(spec.Intro, spec.Loop))
		if name != "confirm" && !goesOn(spec) {
			t.Errorf("%s has a gap of more than 20 s: %v", name, spec)
		}
	}
	for _, name := range []string{"dial", "ringback", "busy", "reorder"} {
		render(t, name, all[name])
	}
	checkCadence(t, "ringback", c.Tones.Ringback, 2*time.Second, 12*time.Second)
	checkCadence(t, "busy", c.Tones.Busy, 300*time.Millisecond, 6*time.Second)
	checkCadence(t, "reorder", c.Tones.Reorder, 200*time.Millisecond, 6*time.Second)
	for _, s := range c.Tones.Dial.Loop {
		if s.Sound.Silent() && s.Duration > 2*time.Second {
			t.Errorf("dial tone pauses for %v", s.Duration)
		}
	}
	if len(c.Tones.Confirm.Loop) > 0 {
		t.Errorf("confirm repeats: %v", c.Tones.Confirm)
	}
	for _, spec := range []tone.Spec{c.Tones.VacantCode, c.Tones.NoCircuit} {
		if !slices.Equal(spec.Loop, c.Tones.Reorder.Loop) || len(spec.Intro) < 3 {
			t.Errorf("no special information tone in front of reorder: %v", spec)
		}
	}
}

func goesOn(spec tone.Spec) bool {
	return !slices.ContainsFunc(spec.Loop, func(s tone.Segment) bool { return s.Duration > 20*time.Second })
}

// checkCadence tells whether a tone that repeats does so as often as it should.
func checkCadence(t *testing.T, name string, spec tone.Spec, shortest, longest time.Duration) {
	var period time.Duration
	for _, s := range spec.Loop {
		period += s.Duration
	}
	if period < shortest || period > longest {
		t.Errorf("%s repeats every %v: %v", name, period, spec)
	}
}

// checkSounds tells whether a telephone reproduces the sounds of a tone, at a
// level that can be heard and hurts nobody.
func checkSounds(t *testing.T, c *Country, name string, segments []tone.Segment) {
	heard := false
	for _, s := range segments {
		for i, hz := range s.Sound.Hz {
			if hz == 0 {
				continue
			}
			heard = true
			if hz < 300 || hz > 3400 {
				t.Errorf("%s: %v Hz", name, hz)
			}
			if l := s.Sound.Level[i]; l < -24 || l > -6 {
				t.Errorf("%s: %v dBm0", name, l)
			}
		}
	}
	if !heard {
		t.Errorf("%s is silent", name)
	}
}

// render plays a tone and measures the loudest 20 ms of its first 6 s.
func render(t *testing.T, name string, spec tone.Spec) {
	var g tone.Generator
	g.Start(&spec)
	block, loudest := make([]int16, 160), dsp.DBm0(-99)
	for range 300 {
		g.Read(block)
		loudest = max(loudest, dsp.LevelOf(block))
	}
	if loudest < -25 || loudest > -2 {
		t.Errorf("%s is %.1f dBm0 loud", name, loudest)
	}
	if !g.Playing() {
		t.Errorf("%s ended", name)
	}
}

func checkRing(t *testing.T, c *Country) {
	var period, on time.Duration
	for i, d := range c.Ring {
		period += d
		if i%2 == 0 {
			on += d
		}
		if d < 200*time.Millisecond || d > 10*time.Second {
			t.Errorf("ring %v", c.Ring)
		}
	}
	if len(c.Ring) == 0 || len(c.Ring)%2 != 0 || period < 2*time.Second || period > 12*time.Second || 3*on > 2*period {
		t.Errorf("ring %v", c.Ring)
	}
	if c.RingHz < 16*physic.Hertz || c.RingHz > 50*physic.Hertz {
		t.Errorf("ring at %v", c.RingHz)
	}
}

func checkHook(t *testing.T, h Hook) {
	overlap := h == regions["au"].hook // see regions
	switch {
	case h.PulseBreakMin <= 0 || h.PulseBreakMax <= 2*h.PulseBreakMin:
		t.Errorf("pulses: %+v", h)
	case h.PulseBreakMax >= h.FlashMin && !overlap:
		t.Errorf("pulses and flashes overlap: %+v", h)
	case h.FlashMax <= h.FlashMin || h.FlashMax > 2*time.Second:
		t.Errorf("flash: %+v", h)
	case h.InterdigitMin <= h.PulseBreakMax:
		t.Errorf("digits end within a pulse: %+v", h)
	}
}

// checkPlan dials every emergency number of the country: at once, by the
// number itself, and also where a dial key is set.
func checkPlan(t *testing.T, c *Country) {
	plan, err := dialplan.Parse(c.DialPlan, dialplan.Sipura)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Emergency) == 0 {
		t.Error("no emergency number")
	}
	m := plan.WithEmergency(c.Emergency...).WithDialKey('#').NewMatch()
	for _, number := range c.Emergency {
		r := m.Start()
		for _, key := range []byte(number) {
			r = m.Key(key)
		}
		if r.Status != dialplan.Done || m.Number() != number || !m.Emergency() {
			t.Errorf("%s = %v, %q", number, r, m.Number())
		}
	}
	for _, number := range []string{"*72", "*21*5551234#"} {
		if got := dial(m, number); got != number {
			t.Errorf("service code %s dials %q", number, got)
		}
	}
}

// dial keys a number, waits, and returns what is dialed.
func dial(m *dialplan.Match, number string) string {
	m.Start()
	for _, key := range []byte(number) {
		m.Key(key)
	}
	for m.Result().Wait > 0 {
		m.Timeout()
	}
	if m.Result().Status != dialplan.Done {
		return ""
	}
	return m.Number()
}

// Numbers that are complete with their last key, and ones that wait.
func TestPlans(t *testing.T) {
	tests := []struct {
		code, number string
		wait         time.Duration
	}{
		{"US", "12125551234", 0},
		{"US", "2125551234", 0},
		{"US", "5552345", 3 * time.Second},
		{"US", "5551234", 0}, // no ten-digit number begins so
		{"US", "411", 0},
		{"US", "988", 3 * time.Second},
		{"US", "9115551", 0}, // 911 has been dialed
		{"US", "0114930123456", 3 * time.Second},
		{"CA", "18005551212", 0},
		{"TT", "8685551234", 0},
		{"DE", "03012345678", 3 * time.Second},
		{"DE", "116117", 0},
		{"FR", "0142345678", 0},
		{"GB", "02079460123", 0},
		{"GB", "01632960123", 3 * time.Second},
		{"NL", "0201234567", 0},
		{"BE", "021234567", 0},
		{"BE", "0470123456", 0},
		{"ES", "912345678", 0},
		{"PL", "221234567", 0},
		{"NO", "22123456", 0},
		{"JP", "0312345678", 0},
		{"JP", "09012345678", 0},
		{"JP", "0120123456", 0},
		{"CN", "13912345678", 0},
		{"IN", "01123456789", 0},
		{"AU", "0212345678", 0},
		{"AU", "131234", 0},
		{"NZ", "041234567", 0},
		{"BR", "30123456", 0},
		{"BR", "912345678", 0},
		{"MX", "5512345678", 0},
		{"RU", "84951234567", 0},
		{"ZA", "0111234567", 0},
		{"KR", "01012345678", 0},
		{"TR", "02121234567", 0},
		{"SE", "0701234567", 0},
		{"IL", "021234567", 0},
		{"SG", "61234567", 0},
	}
	for _, tt := range tests {
		t.Run(tt.code+" "+tt.number, func(t *testing.T) {
			c, _ := Lookup(tt.code)
			m := dialplan.MustParse(c.DialPlan, dialplan.Sipura).WithEmergency(c.Emergency...).NewMatch()
			var r dialplan.Result
			for i, key := range []byte(tt.number) {
				if m.Result().Status == dialplan.Done && !m.Emergency() {
					t.Fatalf("dials %q after %d keys", m.Number(), i)
				}
				r = m.Key(key)
			}
			if r.Wait != tt.wait || tt.wait == 0 && r.Status != dialplan.Done {
				t.Errorf("after the last key %v, want wait %v", r, tt.wait)
			}
		})
	}
}

// What the sources agree on for countries the tests of other packages use.
func TestFacts(t *testing.T) {
	us, _ := Lookup("US")
	gb, _ := Lookup("GB")
	de, _ := Lookup("DE")
	jp, _ := Lookup("JP")
	tests := []struct {
		name      string
		got, want any
	}{
		{"US dial", us.Tones.Dial.String(), tone.MustParse("350+440:inf", -13).String()},
		{"US dial level", us.Tones.Dial.Loop[0].Sound.Level[1], -13.0},
		{"US ringback level", us.Tones.Ringback.Loop[0].Sound.Level[0], -19.0},
		{"US busy level", us.Tones.Busy.Loop[0].Sound.Level[0], -24.0},
		{"US law", us.Law, MuLaw},
		{"US ring", us.Ring[1], 4 * time.Second},
		{"US ring frequency", us.RingHz, 20 * physic.Hertz},
		{"US open loop", us.CPC, 600 * time.Millisecond},
		{"US flash", us.Hook.FlashMax, 900 * time.Millisecond},
		{"GB dial levels", gb.Tones.Dial.Loop[0].Sound.Level, [4]float64{-22, -18}},
		{"GB impedance", gb.Impedance, slic.Z320_1050},
		{"GB caller ID", gb.CallerID, CallerIDSIN227},
		{"GB emergency", strings.Join(gb.Emergency, " "), "999 112"},
		{"DE flash", de.Hook.FlashMin, 70 * time.Millisecond},
		{"DE law", de.Law, ALaw},
		{"DE open loop", de.CPC, time.Duration(0)},
		{"JP modulation", jp.Tones.Ringback.Loop[0].Sound.ModHz, 15.0},
		{"JP ring frequency", jp.RingHz, 16 * physic.Hertz},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %v, want %v", tt.got, tt.want)
			}
		})
	}
	se, _ := Lookup("SE")
	nz, _ := Lookup("NZ")
	if se.Pulses != PulsesSweden || nz.Pulses != PulsesNewZealand || us.Pulses != PulsesNormal {
		t.Errorf("pulses: SE %v, NZ %v, US %v", se.Pulses, nz.Pulses, us.Pulses)
	}
}

func TestDigit(t *testing.T) {
	tests := []struct {
		coding PulseCoding
		want   string // for one, two, … pulses
	}{
		{PulsesNormal, "1234567890*#"},
		{PulsesNewZealand, "9876543210*#"},
		{PulsesSweden, "0123456789*#"},
	}
	for _, tt := range tests {
		for i := range tt.want {
			if got, ok := Digit(tt.coding, i+1); !ok || got != tt.want[i] {
				t.Errorf("Digit(%v, %d) = %c, %v, want %c", tt.coding, i+1, got, ok, tt.want[i])
			}
		}
		for _, n := range []int{-1, 0, 13, 256} {
			if got, ok := Digit(tt.coding, n); ok {
				t.Errorf("Digit(%v, %d) = %c", tt.coding, n, got)
			}
		}
	}
}

func TestParseFaults(t *testing.T) {
	const head = "country XX Nowhere\nregion na\n"
	for _, block := range []string{
		"", "country XX Nowhere", "country XX\nregion na", "nation XX Nowhere\nregion na",
		"country XX Nowhere\nregion moon",
		head + "dial 425:inf", head + "dial -10 425", head + "dial -10", head + "law x", head + "ring 1000 x",
		head + "ringhz x", head + "impedance 50", head + "callerid none", head + "pulses x", head + "cpc -1", head + "x 1",
	} {
		if c, err := parse(block); err == nil {
			t.Errorf("parse(%q) = %+v", block, c)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(block(strings.TrimLeft(table[strings.Index(table, blockStart):], "\n")))
	f.Add("country XX Nowhere\nregion na\ndial -10 425:inf\nring 1 2\nplan")
	f.Fuzz(func(t *testing.T, block string) {
		if c, err := parse(block); err == nil && (len(c.Code) != 2 || c.Hook.FlashMax == 0 || c.DialPlan == "") {
			t.Errorf("parse(%q) = %+v", block, c)
		}
	})
}
