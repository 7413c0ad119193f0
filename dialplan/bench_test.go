package dialplan

import (
	"strings"
	"testing"
)

func BenchmarkKey(b *testing.B) {
	p := MustParse("(*xx|[3469]11|0|00|[2-9]xxxxxx|1xxx[2-9]xxxxxxS0|xxxxxxxxxxxx.)", Sipura)
	m := p.WithEmergency("911", "112").NewMatch()
	b.ReportAllocs()
	for b.Loop() {
		m.Start()
		for _, k := range []byte("12125551234") {
			m.Key(k)
		}
	}
}

// The most work a plan can ask for: every rule is at every position at once.
func BenchmarkKeyWorst(b *testing.B) {
	rule := strings.Repeat("x.", 30)
	m := MustParse("("+strings.Repeat(rule+"|", 130)+"x)", Sipura).NewMatch()
	for b.Loop() {
		m.Start()
		for range maxKeys {
			m.Key('1')
		}
	}
}

func BenchmarkParseWorst(b *testing.B) {
	text := strings.Repeat("ä", maxText/2)
	for b.Loop() {
		if _, err := Parse(text, Sipura); err == nil {
			b.Fatal("no error")
		}
	}
}
