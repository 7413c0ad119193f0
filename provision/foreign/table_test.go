package foreign

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

func TestTableFaults(t *testing.T) {
	for text, want := range map[string]string{
		"A line":                                 "line 1: 2 fields",
		"A line enabled":                         "line 1: 3 fields",
		"\n# x\nA room enabled yesno":            "line 3: scope",
		"A line enabled maybe":                   "line 1: conversion",
		"A/B line enabled yesno\nB box x text":   "line 2: B is there twice",
		"\tA B":                                  "line 1: names without a reason",
		"ignored never mind\n\tA B\n\tA":         "line 3: A is there twice",
		"A line enabled yesno\nignored why\n\tA": "line 3: A is there twice",
	} {
		if _, err := ParseTable(text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestConversions(t *testing.T) {
	for _, tt := range []struct {
		conversion, value string
		want              any
		noted, wrong      bool
	}{
		{"text", "a b", "a b", false, false},
		{"text", "{$a}", nil, false, true},
		{"text", "x$a.b}", nil, false, true},
		{"text", "${a}", "${a}", false, false},
		{"secret", "{$a}", "{$a}", false, false},
		{"yesno", "TRUE", true, false, false},
		{"yesno", "on", nil, false, true},
		{"noyes", "No", true, false, false},
		{"noyes", "", nil, false, true},
		{"number 1 9", "5", 5, false, false},
		{"number 1 9", "5.25", 5.25, false, false},
		{"number 1 9", "12", 9, true, false},
		{"number 1 9", "-3", 1, true, false},
		{"number 1 9", "7 (FXS1)", 7, true, false},
		{"number 0 9000 1000", ".1", 100, false, false},
		{"number 1 9", "x7", nil, false, true},
		{"number 1 9", strings.Repeat("9", 400), nil, false, true},
		{"choice A=b C~d", "a", "b", false, false},
		{"choice A=b C~d", "c", "d", true, false},
		{"choice A=b C~d", "x", nil, false, true},
		{"always Yes so it is", "1", inherent, true, false},
		{"always Yes so it is", "No", nil, true, false},
		{"always 101 so it is", "101", inherent, true, false},
	} {
		table, err := ParseTable("P line name "+tt.conversion, nil)
		if err != nil {
			t.Fatal(err)
		}
		row, _, _ := table.Lookup("P")
		got, note, err := table.convert(&Entry{Value: tt.value}, row)
		if !reflect.DeepEqual(got, tt.want) || (note != "") != tt.noted || (err != nil) != tt.wrong {
			t.Errorf("%s of %q = %v, %q, %v", tt.conversion, tt.value, got, note, err)
		}
	}
}

// TestFinish gives a draft everything that package config can find fault with.
func TestFinish(t *testing.T) {
	d := NewDraft(4, []File{{Name: "f"}})
	n := 0
	set := func(key string, value any) {
		n++
		d.Set(&Entry{Name: key, Value: "v", File: "f", Line: n, Column: 1}, key, value, "")
	}
	for line := range 2 {
		set(LineKey(line, "sip/user"), "1001")
		set(LineKey(line, "sip/registrar"), "pbx.example")
	}
	set(LineKey(0, "sip/expires_s"), 5)             // beyond the range
	set(LineKey(0, "rtp/port_min"), 40000)          // does not go with a default
	set(LineKey(0, "no/such/key"), 1)               // unknown
	set(LineKey(0, "codecs/order"), []string{"G9"}) // not allowed
	set(LineKey(2, "sip/user"), "3")                // no server
	set("/log/level", "loud")
	d.SetSecret(&Entry{Name: "S", File: "f", Line: n + 1}, LineKey(0, "sip/password"), "hunter2")
	r, err := d.Finish()
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("f", r.Document)
	if err != nil {
		t.Fatal(err)
	}
	l := c.Lines[0]
	if !l.Enabled || l.SIP.User != "1001" || l.SIP.Expires.Duration() != time.Hour || l.RTP.PortMin != 16384 || len(l.Codecs.Order) != 0 {
		t.Errorf("line 1: %+v", l)
	}
	// The second has the account of the first, the third no server, the fourth
	// nothing at all, which is no fault.
	for i, l := range c.Lines[1:] {
		if l.Enabled {
			t.Errorf("line %d is in service: %+v", i+2, l)
		}
	}
	var invalid []string
	for _, f := range r.Findings {
		if f.Severity == Invalid {
			invalid = append(invalid, f.Key)
		}
	}
	slices.Sort(invalid)
	want := []string{
		"/lines/0/codecs/order", "/lines/0/no/such/key", "/lines/0/rtp/port_min", "/lines/0/sip/expires_s",
		"/lines/1/sip/user", "/lines/2/enabled", "/log/level",
	}
	if !reflect.DeepEqual(invalid, want) {
		t.Errorf("invalid: %v, want %v\n%v", invalid, want, r.Findings)
	}
}

func TestHidden(t *testing.T) {
	d := NewDraft(1, []File{{Name: "f"}})
	e := &Entry{Name: "P", File: "f", Line: 1}
	d.Set(e, LineKey(0, "sip/user"), "1", "")
	d.Set(e, LineKey(0, "sip/registrar"), "r", "")
	d.SetSecret(e, LineKey(0, "sip/password"), "hunter2")
	r, err := d.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(r.Shown), "hunter2") || !strings.Contains(string(r.Document), "hunter2") {
		t.Errorf("shown:\n%s\ndocument:\n%s", r.Shown, r.Document)
	}
	findings, err := json.Marshal(r.Findings)
	if err != nil || strings.Contains(string(findings), "hunter2") {
		t.Errorf("findings %s, %v", findings, err)
	}
}
