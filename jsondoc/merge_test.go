package jsondoc

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

type shop struct {
	Name   string            `json:"name" range:"0..8" doc:"Name." who:"owner"`
	Stock  []stock           `json:"stock" range:"0..2" doc:"Stock." who:"clerk"`
	Tags   []string          `json:"tags" range:"0..3" each:"1..4" doc:"Tags."`
	Prices map[string]int    `json:"prices" range:"0..2" each:"1..99" doc:"Prices."`
	Waits  []Seconds         `json:"waits_s" default:"60,300" range:"1..3" each:"1..900" doc:"Waits."`
	Pin    Secret            `json:"pin" range:"0..4" doc:"Pin."`
	Note   string            `json:"note" range:"0..20" multiline:"true" doc:"Note."`
	Texts  map[string]string `json:"texts" each:"0..3" doc:"Texts."`
}

type stock struct {
	What  string `json:"what" range:"0..8" doc:"What."`
	Count int    `json:"count" default:"1" range:"0..9" doc:"How many." who:"owner"`
}

func nothing(*Document[shop]) {}

func TestMergeLaysTextsOverEachOther(t *testing.T) {
	d, err := Merge([]Source{
		{Layer: "low", File: "a", Data: []byte(`{"name": "old", "stock": [{"what": "tea"}, {"what": "milk", "count": 3}], "tags": ["x", "y"], "prices": {"tea": 4}}`)},
		{Layer: "high", File: "b", Data: []byte("{\n\"stock\": [{\"count\": 7}], \"tags\": [\"z\"], \"prices\": {\"milk\": 2}}")},
	}, nothing)
	if err != nil {
		t.Fatal(err)
	}
	v := d.Value
	if v.Name != "old" || len(v.Stock) != 2 || v.Stock[0] != (stock{"tea", 7}) || v.Stock[1] != (stock{"milk", 3}) {
		t.Errorf("merged to %+v", v)
	}
	if !slices.Equal(v.Tags, []string{"z"}) || v.Prices["tea"] != 4 || v.Prices["milk"] != 2 {
		t.Errorf("tags %v, prices %v; want a list replaced and an object joined", v.Tags, v.Prices)
	}
	for path, want := range map[string]string{
		"/name": "low a:1:10", "/stock/0/what": "low a:1:36", "/stock/0/count": "high b:2:21",
		"/stock/1/count": "low a:1:70", "/tags/0": "high b:2:35", "/tags/1": "default", "/note": "default",
	} {
		if got := d.Origin(path).String(); got != want {
			t.Errorf("Origin(%s) = %s, want %s", path, got, want)
		}
	}
	if len(d.Value.Waits) != 2 || d.Value.Waits[1].Duration().Seconds() != 300 {
		t.Errorf("waits %v, want the default list", d.Value.Waits)
	}
}

func TestMergeReportsFaultsOfEveryText(t *testing.T) {
	mayClerk := func(k Key) bool { return k.Inherited("who") == "clerk" }
	_, err := Merge([]Source{
		{Layer: "low", File: "a", Data: []byte("{\n\"nam\": 1}")},
		{Layer: "clerk", File: "b", Data: []byte(`{"name": "x", "stock": [{"what": "tea", "count": 2}]}`), May: mayClerk},
		{Layer: "high", File: "c", Data: []byte(`{`)},
	}, func(d *Document[shop]) { t.Error("checked what is not whole") })
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	want := []string{
		"a:2:1: /nam: unknown key",
		"b:1:10: /name: may not be set by the clerk",
		"b:1:50: /stock/0/count: may not be set by the clerk",
		"c:1:2: /: the document ends too early",
	}
	for i, w := range want {
		if i >= len(faults) || !strings.HasPrefix(faults[i].String(), w) {
			t.Fatalf("faults:\n%v\nwant %q at %d", err, w, i)
		}
	}
}

func TestBoundsOfEntriesAndSecrets(t *testing.T) {
	for doc, want := range map[string]string{
		`{"tags": ["", "abcde"]}`:                `/tags/1: has 5 characters, allowed: 1 to 4 characters`,
		`{"prices": {"tea": 100}}`:               `/prices/tea: 100 is out of range, allowed: 1 to 99`,
		`{"prices": {"a": 1, "b": 1, "c": 1}}`:   `/prices: has 3 entries, allowed: 0 to 2 entries`,
		`{"waits_s": [0]}`:                       `/waits_s/0: 0 is out of range, allowed: 1 to 900 seconds`,
		`{"pin": "12345"}`:                       `/pin: has 5 characters, allowed: 0 to 4 characters`,
		`{"name": "a\nb"}`:                       `/name: must not contain control characters`,
		`{"note": "a\u0007b"}`:                   `/note: must not contain control characters`,
		`{"prices": {"tea": 4, "tea": 5}}`:       `/prices/tea: this key is there twice`,
		`{"texts": {"a": "abcd"}}`:               `/texts/a: has 4 characters, allowed: 0 to 3 characters`,
		`{"stock": [{}, {}, {"what": "third"}]}`: `/stock: has 3 entries, allowed: 0 to 2 entries`,
	} {
		_, err := Parse("f", []byte(doc), nothing)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", doc, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "12345") {
			t.Errorf("%s: the secret is told: %v", doc, err)
		}
	}
	if _, err := Parse("f", []byte(`{"note": "two\nlines"}`), nothing); err != nil {
		t.Errorf("a multiline string: %v", err)
	}
}

func TestFind(t *testing.T) {
	for pointer, want := range map[string]string{
		"/name": "Name.", "/stock/1/count": "How many.", "/stock/0": "", "/prices/tea": "", "": "",
	} {
		if k, ok := Find[shop](pointer); !ok || k.Doc != want {
			t.Errorf("Find(%q) = %q, %v, want %q", pointer, k.Doc, ok, want)
		}
	}
	for _, pointer := range []string{"/nam", "/name/x", "/stock/0/what/0"} {
		if _, ok := Find[shop](pointer); ok {
			t.Errorf("Find(%q) found something", pointer)
		}
	}
	if got := Steps("/a~1b/c~0d"); !slices.Equal(got, []string{"a/b", "c~d"}) {
		t.Errorf("Steps = %q", got)
	}
}
