package callerid

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var spring = time.Date(2026, 3, 4, 15, 6, 59, 0, time.UTC)

func TestMessages(t *testing.T) {
	ann := Call{Time: spring, Number: "+1 (555) 1234", Name: "Ann"}
	private := Call{Time: spring, Number: "5551234", Name: "Ann", Absence: Withheld}
	unknown := Call{Name: "Ann"}
	for _, tt := range []struct {
		name string
		got  []byte
		want string // without checksum
	}{
		{"SDMF", SDMF(ann), "\x04\x1003041506+15551234"[:2] + "03041506+15551234"},
		{"SDMF private", SDMF(private), "\x04\x0903041506P"},
		{"SDMF without time", SDMF(unknown), "\x04\x0900000000O"},
		{"MDMF", MDMF(ann), "\x80\x1a\x01\x0803041506\x02\x09+15551234\x07\x03Ann"},
		{"MDMF private", MDMF(private), "\x80\x10\x01\x0803041506\x04\x01P\x08\x01P"},
		{"MDMF unknown", MDMF(unknown), "\x80\x08\x04\x01O\x07\x03Ann"},
		{"MDMF nothing", MDMF(Call{}), "\x80\x06\x04\x01O\x08\x01O"},
		{"SIN 227", SIN227(Call{Number: "1"}), "\x80\x06\x11\x01\x01\x02\x011"},
		{"lamp on", MessageWaiting(true), "\x82\x03\x0b\x01\xff"},
		{"lamp off", MessageWaiting(false), "\x82\x03\x0b\x01\x00"},
	} {
		want := []byte(tt.want)
		want[1] = byte(len(want) - 2)
		if got := tt.got[:len(tt.got)-1]; !bytes.Equal(got, want) {
			t.Errorf("%s is %q, want %q", tt.name, got, want)
		}
		if sum(tt.got) != 0 {
			t.Errorf("%s: the sum is %#x, want 0", tt.name, sum(tt.got))
		}
		if _, err := Parse(tt.got); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestLongest(t *testing.T) {
	c := Call{Time: spring, Number: strings.Repeat("9", 40), Name: strings.Repeat("Wide ", 40)}
	for name, tt := range map[string]struct {
		got          []byte
		number, text int
	}{"MDMF": {MDMF(c), 20, 15}, "ETSI": {ETSI(c), 20, 50}} {
		m, err := Parse(tt.got)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Call.Number) != tt.number || len(m.Call.Name) > tt.text || len(m.Call.Name) < tt.text-1 {
			t.Errorf("%s has %+v, want %d and %d characters", name, m.Call, tt.number, tt.text)
		}
	}
}

func TestNTT(t *testing.T) {
	b := NTT(Call{Number: "0312345678"})
	want := "\x10\x01\x07\x10\x02\x40\x0c\x02\x0a0312345678\x10\x03"
	for i := range want {
		if b[i]&0x7F != want[i] || b[i] != even(b[i]) {
			t.Fatalf("character %d of %x is not that of %x with even parity", i, b, want)
		}
	}
	// A length of 16 looks like DLE and is sent twice.
	long := NTT(Call{Number: "03123456789012"})
	if !bytes.Contains(long, []byte{0x40 | 0x80, 0x90, 0x90}) {
		t.Errorf("%x: the length 16 is not doubled", long)
	}
	for _, c := range []Call{{Number: "0312345678"}, {Number: "03123456789012"}, {Absence: Withheld}, {Absence: Unavailable}} {
		m, err := Parse(NTT(c))
		if err != nil || m.Call.Number != c.Number || m.Call.Absence != c.Absence {
			t.Errorf("%+v arrives as %+v, %v", c, m.Call, err)
		}
	}
}

func TestKeys(t *testing.T) {
	plain, private, unknown := Call{Number: "+49 30 123"}, Call{Number: "1", Absence: Withheld}, Call{Name: "Ann"}
	for _, tt := range []struct {
		name string
		keys func(Call) string
		want [3]string
	}{
		{"AC", keysAC, [3]string{"A4930123C", "B10C", "B00C"}},
		{"A#", keysAHash, [3]string{"A4930123#", "D1#", "D3#"}},
		{"DC", keysDC, [3]string{"D4930123C", "", ""}},
		{"#", keysHash, [3]string{"4930123#", "", ""}},
	} {
		for i, c := range []Call{plain, private, unknown} {
			if got := tt.keys(c); got != tt.want[i] {
				t.Errorf("%s: %+v is keyed %q, want %q", tt.name, c, got, tt.want[i])
			}
		}
	}
	s, _ := Lookup("dtmf-dc")
	if d := s.Message(unknown).Duration(); d != 0 {
		t.Errorf("nothing lasts %v", d)
	}
	if d := s.Message(plain).Duration(); d != 9*(keyTime+keyPause) {
		t.Errorf("nine keys last %v", d)
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"Ann", "Ann"},
		{"Jürgen Groß", "Jurgen Gross"},
		{"Łódź, Ærø & Þór", "Lodz, AEro & Th"},
		{"Nguyễn Văn", "Nguyen Van"},
		{"Zoe\u0308", "Zoe"},
		{"\x00\x07A\x1b[31mB\x7f\u0085\u200e", "A[31mB"},
		{"  a \t b\r\nc  ", "a b c"},
		{"日本 Taro", "Taro"},
		{"“x” – y…", `"x" - y...`},
		{"\xff\xfe", ""},
		{"fourteen chars and more", "fourteen chars"},
	} {
		if got := Text(tt.in, 15); got != tt.want {
			t.Errorf("Text(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("Jürgen\x00", 15)
	f.Fuzz(func(t *testing.T, name string, most int) {
		most %= 60
		got := Text(name, most)
		if utf8.RuneCountInString(got) > max(most, 0) || strings.TrimSpace(got) != got {
			t.Errorf("Text(%q, %d) = %q", name, most, got)
		}
		for i := range len(got) {
			if got[i] < ' ' || got[i] > '~' {
				t.Errorf("Text(%q) has %#x", name, got[i])
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(MDMF(Call{Time: spring, Number: "5551234", Name: "Ann"}))
	f.Add(SDMF(Call{Absence: Withheld}))
	f.Add(NTT(Call{Number: "0312345678"}))
	f.Add(NTT(Call{Number: "03123456789012"}))
	f.Add(MessageWaiting(true))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Parse(b); err == nil && b[0] != even(dle) && sum(b) != 0 {
			t.Errorf("%x with a wrong checksum is read", b)
		}
	})
}

// FuzzReceiver listens to anything: levels of the samples are bytes, so that
// data can be found in them.
func FuzzReceiver(f *testing.F) {
	s, _ := Lookup("ntt")
	for _, x := range [][]int16{play(s.Message(Call{Number: "03"})), play(s.Message(Call{}))} {
		b := make([]byte, len(x))
		for i, v := range x {
			b[i] = byte(v >> 8)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReceiver(func(m []byte) {
			if m[0] != even(dle) && sum(m) != 0 {
				t.Errorf("%x with a wrong checksum is found", m)
			}
		})
		x := make([]int16, len(b))
		for i, v := range b {
			x[i] = int16(v) << 8
		}
		r.Process(x)
	})
}

// A message with any one bit wrong is not delivered, but counted (every seventh
// bit unless ATA_FULL is set).
func TestWrongChecksum(t *testing.T) {
	s, _ := Lookup("bellcore")
	good := s.Message(Call{Number: "5551234"})
	for i := 16; i < len(good.message)*8; i += scaled(1, 7) { // behind type and length
		bad := &Plan{frame: good.frame, message: bytes.Clone(good.message)}
		bad.message[i/8] ^= 1 << (i % 8)
		r := NewReceiver(func(m []byte) { t.Errorf("bit %d wrong and still found: %x", i, m) })
		r.Process(play(bad))
		if r.Errors() != 1 {
			t.Errorf("bit %d wrong: %d errors counted", i, r.Errors())
		}
	}
}

func TestLookup(t *testing.T) {
	for _, s := range Schemes {
		if got, ok := Lookup(s.Name); !ok || got != s {
			t.Errorf("%s is not found by its name", s.Name)
		}
	}
	if _, ok := Lookup("none"); ok {
		t.Error("found a scheme that does not exist")
	}
}
