package rule

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/jsondoc"
	"github.com/ata-agent/ata-agent/provision/macro"
)

var (
	names   = macro.Names{"MA": "000e08aabbcc", "PSN": "112", "SWVER": "1.4.1(b)", "REGTMR1": "17", "PRVST": "0", "UPGERR": "", "A": "acme", "QUOTE": `1 | "`}
	secrets = macro.Names{"SA": "s3cret", "SB": "user"}
)

func TestChoose(t *testing.T) {
	fetch := func(url string) *Request { return &Request{URL: url} }
	for _, tt := range []struct {
		name, text string
		want       *Step // nil: no alternative holds
	}{
		{"empty", "", nil},
		{"switched off", "# http://host/$MA.xml", nil},
		{"path alone", "/spa$PSN.cfg", &Step{Fetch: fetch("/spa112.cfg")}},
		{"query", "http://host/app/provision/?mac=$MA", &Step{Fetch: fetch("http://host/app/provision/?mac=000e08aabbcc")}},
		{"options", "[--uid $SB --pwd $SA --key $SA] https://host/$MA.xml", &Step{Fetch: &Request{
			URL: "https://host/000e08aabbcc.xml", User: "user", Password: jsondoc.NewSecret("s3cret"), Key: jsondoc.NewSecret("s3cret"),
		}}},
		{"secret in URL", "[--post $A --alias $B --report] https://host/$SA", &Step{Fetch: &Request{URL: "https://host/$SA", Post: "acme", Alias: "$B", Report: true}}},
		{"quoted option", `[--pwd "a b]"] https://host/`, &Step{Fetch: &Request{URL: "https://host/", Password: jsondoc.NewSecret("a b]")}}},
		{"version", "($SWVER lt 1.4.2)? http://host/old | http://host/new", &Step{Fetch: fetch("http://host/old")}},
		{"other version", "( $SWVER >= 1.4.1(c) )? http://host/old | http://host/new", &Step{Fetch: fetch("http://host/new")}},
		{"number", "($REGTMR1 gt 9 and $REGTMR1 <= 17)? http://host/a|http://host/b", &Step{Fetch: fetch("http://host/a")}},
		{"string", `("$MA" = "000e08aabbcc")?/one|("$A" ne "acme")?/two`, &Step{Fetch: fetch("/one")}},
		{"none holds", `("$MA" = "x")?/one|("$A" ne "acme")?/two`, nil},
		{"condition without URL", `($PRVST = 0)?`, &Step{}},
		{"assignments", `($PRVST eq 0)? ( GPP_A = "$A;)"; User_ID[1] = "7" )! /x`, &Step{Assign: []Assignment{{"GPP_A", "acme;)"}, {"User_ID[1]", "7"}}, Fetch: fetch("/x")}},
		{"assignments alone", `(GPP_A="1";)!`, &Step{Assign: []Assignment{{"GPP_A", "1"}}}},
		{"value is no syntax", `("$QUOTE" eq "x")? /a | /$QUOTE`, &Step{Fetch: fetch(`/1 | "`)}},
		{"words", `(1 NE 2 AND 2 Ge 2)? /a`, &Step{Fetch: fetch("/a")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			got, ok, err := r.Choose(names, secrets)
			if err != nil || ok != (tt.want != nil) {
				t.Fatalf("Choose = %+v, %v, %v", got, ok, err)
			}
			if ok && !reflect.DeepEqual(got, *tt.want) {
				t.Errorf("Choose = %+v, want %+v", got, *tt.want)
			}
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, tt := range []struct {
		text   string
		column int
	}{
		{"/a | /b", 5},
		{"(1 = 1) /a", 6},
		{"(1 = )? /a", 6},
		{"(1 ~ 1)? /a", 4},
		{"(1 == 1)? /a", 4},
		{`("a = 1)? /a`, 7},
		{"(1 = 1 or 2 = 2)? /a", 8},
		{`(A = 1)! /a`, 6},
		{`(A = "1" B = "2")! /a`, 10},
		{`(A = "1")! /a b`, 14},
		{`[--key] /a`, 7},
		{`[--what x] /a`, 2},
		{`[--key x /a`, 10},
		{`[--key x`, 9},
		{"(", 2},
		{"()?", 2},
		{strings.Repeat("x", MaxSize+1), MaxSize + 1},
	} {
		_, err := Parse(tt.text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Column != tt.column {
			t.Errorf("Parse(%.40q): %v, want a fault in column %d", tt.text, err, tt.column)
		}
	}
}

func TestFaultsDoNotTellSecrets(t *testing.T) {
	for _, text := range []string{`[--pwd hunter2 --what] /a`, `[--pwd "hunter2] /a`, `(A = "hunter2" B)! /a`, `http://u:hunter2@host/ x`} {
		if _, err := Parse(text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Parse(%q): %v", text, err)
		}
	}
	r, err := Parse("[--pwd hunter2 --key hunter2] https://host/")
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := r.Choose(nil, nil)
	if text := fmt.Sprintf("%+v %v %#v", *s.Fetch, *s.Fetch, *s.Fetch); err != nil || strings.Contains(text, "hunter2") {
		t.Errorf("printed: %s, %v", text, err)
	}
	if _, err := Resolve("https://u:hunter2@ho st/", ""); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Resolve: %v", err)
	}
}

func TestConditions(t *testing.T) {
	for text, want := range map[string]bool{
		"$REGTMR1 gt 16": true, "$REGTMR1 gt 17": false, "17 = $REGTMR1": true,
		"2.0 = 2": true, "2.0.10 > 2.0.9": true, "2.0.6(b) > 2.0.6(a)": true, "2.0.6(b) > 2.0.6": true, "1 < 2 and 2 < 1": false,
		`"$UPGERR" ne ""`: false, `"a" = "a" and "a" != "b"`: true, "10 != 9": true, "-1 < 0": true,
	} {
		c, err := ParseCondition(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := c.Holds(names); got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{`"a" < "b"`, "$UNKNOWN > 1", "abc = 1", "1.x = 1"} {
		c, err := ParseCondition(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := c.Holds(names); got || err == nil {
			t.Errorf("%s: %v, %v, want an error", text, got, err)
		}
	}
	for _, text := range []string{"", "1 = 1)", "1 = 1 | 2 = 2", strings.Repeat("1", MaxSize+1)} {
		if c, err := ParseCondition(text); err == nil {
			t.Errorf("%.20q: %v, want an error", text, c)
		}
	}
}

func TestChooseTellsWhatCannotBeCompared(t *testing.T) {
	r, err := Parse("($UNKNOWN > 1)? /a | /b")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := r.Choose(names, nil); ok || err == nil {
		t.Errorf("Choose = %v, %v, want an error", ok, err)
	}
}

func TestResolve(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"/spa112.cfg", "tftp://192.0.2.1/spa112.cfg"},
		{"prov.example/a.xml", "tftp://prov.example/a.xml"},
		{"https:///a.xml", "https://192.0.2.1/a.xml"},
		{"http://prov.example:8080/a?mac=1", "http://prov.example:8080/a?mac=1"},
	} {
		if u, err := Resolve(tt.text, "192.0.2.1"); err != nil || u.String() != tt.want {
			t.Errorf("Resolve(%q) = %v, %v, want %s", tt.text, u, err, tt.want)
		}
	}
	for _, text := range []string{"/a", "ftp://host/a", "file:///etc/passwd", "http://[/", "https://:443/"} {
		if u, err := Resolve(text, ""); err == nil {
			t.Errorf("Resolve(%q) = %v, want an error", text, u)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"[--uid $SB] http://h/$MA", `("$A" ne "x" and 1 < 2)? (B="$A";)! [--key "k"] /x | /y`, "(", "($SWVER >= 1.4.1(c))? /a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		for i, a := range r.alternatives {
			if len(a.condition) == 0 && i < len(r.alternatives)-1 {
				t.Errorf("alternative %d of %q hides those behind it", i, text)
			}
		}
		if step, ok, err := r.Choose(names, secrets); err == nil && ok && step.Fetch != nil {
			_, _ = Resolve(step.Fetch.URL, "192.0.2.1")
		}
	})
}
