package callerid

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// hostile are names and numbers that try to get more onto the line than text.
var hostile = []string{
	"\x00\x01\x02\x03\x04\x10\x03", "\x80\x27\x07\x0FMallory", "A\x1b[2JB", "\r\nBye", "\u0085\u009b31m", "\u202egnp.exe", "\x7f\xff\xfe",
	"\ufeffAnn\u200d", "Ａｎｎ", "\xed\xa0\x80", strings.Repeat("\x10", 300), strings.Repeat("Ü", 300), "+1\x105#*ABCD", "D1#", "B10C",
	"'; DROP TABLE", "%s%n", "�",
}

// TestHostileCall has each of them as name and as number, in every scheme: on the
// line are the codes of the scheme and printable text alone.
func TestHostileCall(t *testing.T) {
	for _, name := range hostile {
		for _, number := range hostile {
			for _, absence := range []Absence{Given, Withheld, Unavailable} {
				checkOnLine(t, Call{Time: spring, Name: name, Number: number, Absence: absence})
			}
		}
	}
}

// FuzzCall does the same with anything.
func FuzzCall(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, hostile[len(hostile)-1-i], uint8(i), int64(i)*1e9)
	}
	f.Fuzz(func(t *testing.T, name, number string, absence uint8, at int64) {
		checkOnLine(t, Call{Time: time.Unix(at, 0).UTC(), Name: name, Number: number, Absence: Absence(absence % 3)})
	})
}

func checkOnLine(t *testing.T, c Call) {
	t.Helper()
	for _, s := range Schemes {
		if s.keys != nil {
			checkKeys(t, s, c)
			continue
		}
		checkMessage(t, s, c, s.Message(c).Message())
		checkMessage(t, s, c, s.KnockMessage(c).Message())
	}
}

// checkKeys wants figures alone between the first key and the last.
func checkKeys(t *testing.T, s *Scheme, c Call) {
	t.Helper()
	keys := s.keys(c)
	for i := range len(keys) {
		edge := i == 0 || i == len(keys)-1
		if figure := keys[i] >= '0' && keys[i] <= '9'; !figure && (!edge || strings.IndexByte("ABCD#", keys[i]) < 0) {
			t.Fatalf("%s: %+q is keyed %+q", s.Name, c, keys)
		}
	}
	if len(keys) > longestNumber+2 {
		t.Fatalf("%s: %+q is keyed by %d keys", s.Name, c, len(keys))
	}
}

// checkMessage takes a message apart without Parse and looks at each octet.
func checkMessage(t *testing.T, s *Scheme, c Call, b []byte) {
	t.Helper()
	if m, err := Parse(b); err != nil || len(m.Call.Number) > longestNumber || len(m.Call.Name) > longestNameETSI {
		t.Fatalf("%s: %+q is told as %x: %v", s.Name, c, b, err)
	}
	switch {
	case s.Name == "ntt":
		body := unstuffed(b[5 : len(b)-4])
		checkParameters(t, s, c, body[2:])
	case b[0] == typeSDMF:
		checkText(t, s, c, b[2:len(b)-1])
	default:
		checkParameters(t, s, c, b[2:len(b)-1])
	}
}

// unstuffed undoes parity and the doubling of DLE.
func unstuffed(b []byte) (content []byte) {
	for i := 0; i < len(b); i++ {
		v := b[i] & 0x7F
		if v == dle {
			i++
		}
		content = append(content, v)
	}
	return content
}

// codes are the parameters whose value is a code.
var codes = []byte{paramCallType}

func checkParameters(t *testing.T, s *Scheme, c Call, b []byte) {
	t.Helper()
	known := []byte{paramDate, paramNumber, paramNoNumber, paramName, paramNoName, paramCallType}
	for len(b) > 0 {
		if len(b) < 2 || len(b) < 2+int(b[1]) || !slices.Contains(known, b[0]) {
			t.Fatalf("%s: %+q has parameters %x", s.Name, c, b)
		}
		if !slices.Contains(codes, b[0]) {
			checkText(t, s, c, b[2:2+int(b[1])])
		}
		b = b[2+int(b[1]):]
	}
}

func checkText(t *testing.T, s *Scheme, c Call, text []byte) {
	t.Helper()
	for _, v := range text {
		if v < ' ' || v > '~' {
			t.Fatalf("%s: %+q puts %#02x on the line in %q", s.Name, c, v, text)
		}
	}
}
