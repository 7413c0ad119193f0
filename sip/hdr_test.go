package sip

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHeaderForms(t *testing.T) {
	req := inviteWith(t, "k: timer, 100rel", "Supported: path", "X: 90;refresher=uac", "o: message-summary", "retry-after: 120 (busy);duration=60")
	if got := listOf(req, "Supported"); !slices.Equal(got, []string{"path", "timer", "100rel"}) {
		t.Errorf("Supported = %q", got)
	}
	if !lists(req, "Supported", "TIMER") || lists(req, "Supported", "tim") || lists(req, "Require", "timer") {
		t.Error("lists is wrong")
	}
	if got := headerValue(req, "session-expires"); got != "90;refresher=uac" {
		t.Errorf("Session-Expires = %q", got)
	}
	if got := headerValue(req, "Event"); got != "message-summary" {
		t.Errorf("Event = %q", got)
	}
	if got := seconds(req, "Retry-After"); got != 2*time.Minute {
		t.Errorf("Retry-After = %v", got)
	}
	if got := seconds(req, "Min-Expires"); got != 0 {
		t.Errorf("Min-Expires = %v", got)
	}
}

func TestSplitOutside(t *testing.T) {
	for s, want := range map[string][]string{
		"":                                nil,
		" , ,":                            nil,
		"a, b ,c":                         {"a", "b", "c"},
		`"x, \", y" <sip:a,b@c>;d=e, "f"`: {`"x, \", y" <sip:a,b@c>;d=e`, `"f"`},
		`"open, z`:                        {`"open, z`},
		`<open, z`:                        {`<open, z`},
		`"\`:                              {`"\`},
	} {
		if got := splitOutside(s, ','); !reflect.DeepEqual(got, want) {
			t.Errorf("splitOutside(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestParam(t *testing.T) {
	tests := []struct{ value, name, want string }{
		{"1800;refresher=uac", "refresher", "uac"},
		{"1800 ; Refresher = uas ", "refresher", "uas"},
		{`Q.850;cause=16;text="Normal; \"clearing\""`, "text", `Normal; "clearing"`},
		{"<sip:a@b;lr>;tag=1", "tag", "1"},
		{"SIP;cause", "cause", ""},
	}
	for _, tt := range tests {
		if got, ok := param(tt.value, tt.name); !ok || got != tt.want {
			t.Errorf("param(%q, %q) = %q, %v", tt.value, tt.name, got, ok)
		}
	}
	for _, value := range []string{"", "lr", "<sip:a@b;lr>", `x;y="lr;lr=1"`} {
		if got, ok := param(value, "lr"); ok {
			t.Errorf("param(%q, lr) = %q", value, got)
		}
	}
}

func TestNumber(t *testing.T) {
	for s, want := range map[string]int{"0": 0, " 90 ": 90, "1800;refresher=uac": 1800, "120 (comment)": 120, "2147483647": 2147483647} {
		if got, ok := number(s); !ok || got != want {
			t.Errorf("number(%q) = %d, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "x", "-1", "2147483648", "99999999999999999999", ";5"} {
		if got, ok := number(s); ok {
			t.Errorf("number(%q) = %d", s, got)
		}
	}
}

func TestUserEscapes(t *testing.T) {
	for user, want := range map[string]string{
		"*98#":   "*98%23",
		"+49 30": "+49%2030",
		"a@b":    "a%40b",
		"a\r\n":  "a%0D%0A",
		"\u00e4": "%C3%A4",
	} {
		got := escapeUser(user)
		if got != want || unescapeUser(got) != user {
			t.Errorf("escapeUser(%q) = %q, and back %q", user, got, unescapeUser(got))
		}
	}
	for _, s := range []string{"%", "%4", "%zz", "100%"} {
		if got := unescapeUser(s); got != s {
			t.Errorf("unescapeUser(%q) = %q", s, got)
		}
	}
}

func TestNothingIsInjected(t *testing.T) {
	const evil = "x\r\nEvil: 1\x00\"\\"
	if got := oneLine(evil); strings.ContainsAny(got, "\r\n\x00") {
		t.Errorf("oneLine = %q", got)
	}
	name := displayName(evil)
	if unquote(`"`+name+`"`) != oneLine(evil) {
		t.Errorf("displayName = %q", name)
	}
	if a := parseAddress(`"` + name + `" <sip:1@h>`); a.user != "1" {
		t.Errorf("the name broke out: %+v", a)
	}
}

func FuzzHeaderText(f *testing.F) {
	f.Add(`"x, \", y" <sip:a,b@c;d>;d=e;f="g;h", i;j`, "f")
	f.Fuzz(func(t *testing.T, value, name string) {
		for _, part := range splitOutside(value, ',') {
			if part == "" {
				t.Fatalf("empty part in %q", value)
			}
		}
		param(value, name)
		number(value)
		if got := unescapeUser(escapeUser(value)); got != value {
			t.Fatalf("%q became %q", value, got)
		}
		if got := unquote(`"` + displayName(value) + `"`); got != oneLine(value) {
			t.Fatalf("%q became %q", oneLine(value), got)
		}
	})
}
