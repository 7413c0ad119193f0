package config

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/jsondoc"
)

func TestEveryKeyHasAClass(t *testing.T) {
	jsondoc.Walk[Config](func(path []string, k jsondoc.Key) {
		if c := k.Inherited("reload"); !slices.Contains(classNames, c) {
			t.Errorf("%s has the class %q, want one of %v", strings.Join(path, "."), c, classNames)
		}
	})
}

func TestDiff(t *testing.T) {
	parse := func(doc string) *Config {
		c, err := Parse("c", []byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	base := `{"lines": [{"sip": {"registrar": "r", "user": "1", "password": "old-secret"}, "tones": {"causes": {"404": "busy"}}}]}`
	tests := []struct {
		name, next string
		want       []string // words of the changes
		class      Class
	}{
		{"nothing", base, nil, Live},
		{"a default written out", strings.Replace(base, `"lines"`, `"log": {"level": "info"}, "lines"`, 1), nil, Live},
		{"log", strings.Replace(base, `"lines"`, `"log": {"level": "debug"}, "lines"`, 1), []string{`/log/level: "info" → "debug" (live)`}, Live},
		{"secret", strings.Replace(base, "old-secret", "new-secret", 1), []string{`/lines/0/sip/password: changed (line)`}, OfLine},
		{"secret gone", strings.Replace(base, "old-secret", "", 1), []string{`/lines/0/sip/password: "***" → "" (line)`}, OfLine},
		{"port", strings.Replace(base, `"user"`, `"local_port": 5062, "user"`, 1), []string{`/lines/0/sip/local_port: 0 → 5062 (box)`}, OfBox},
		{"map", strings.Replace(base, `"404": "busy"`, `"480": "reorder"`, 1), []string{`/lines/0/tones/causes/404: gone, was "busy" (live)`, `/lines/0/tones/causes/480: new: "reorder" (live)`}, Live},
		{"list", strings.Replace(base, `"tones"`, `"codecs": {"order": ["PCMA"]}, "tones"`, 1), []string{`/lines/0/codecs/order: [] → ["PCMA"] (line)`}, OfLine},
		{"duration", strings.Replace(base, `"tones": {`, `"tones": {"reorder_delay_s": 9, `, 1), []string{`/lines/0/tones/reorder_delay_s: 5 → 9 (live)`}, Live},
		{"two keys", strings.Replace(base, `"user"`, `"display_name": "x", "local_port": 5062, "user"`, 1), []string{`display_name: "" → "x" (line)`, `local_port: 0 → 5062 (box)`}, OfBox},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Diff(parse(base), parse(tt.next))
			if got.Class() != tt.class || len(got) != len(tt.want) {
				t.Fatalf("Diff = %v, class %s, want %q, class %s", got, got.Class(), tt.want, tt.class)
			}
			for i, want := range tt.want {
				if !strings.Contains(got[i].String(), want) {
					t.Errorf("change %q, want %q", got[i], want)
				}
			}
			text, _ := json.Marshal(got)
			if strings.Contains(string(text), "-secret") {
				t.Errorf("a secret is told: %s", text)
			}
		})
	}
	two := parse(`{"lines": [{"sip": {"registrar": "r", "user": "1", "password": "old-secret"}, "tones": {"causes": {"404": "busy"}}}, {"sip": {"registrar": "r", "user": "2"}}]}`)
	added := Diff(parse(base), two)
	if added.Class() != OfLine || !slices.ContainsFunc(added, func(c Change) bool { return c.Path == "/lines/1/sip/user" && c.Old == "" && c.New == `"2"` }) {
		t.Errorf("a line more: %v", added)
	}
	if gone := Diff(two, parse(base)); len(gone) != len(added) || gone[0].New != "" {
		t.Errorf("a line less: %v", gone)
	}
	if d := DiffLine(&two.Lines[0], &two.Lines[1]); d.Class() != OfLine || !slices.ContainsFunc(d, func(c Change) bool { return c.Path == "/sip/user" }) {
		t.Errorf("DiffLine = %v", d)
	}
}
