package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/jsondoc"
)

var update = flag.Bool("update", false, "rewrite docs/config.md")

// minimal is the least document with a line in service.
const minimal = `{"schema": 1, "lines": [{"sip": {"registrar": "r.test", "user": "1"}}]}`

func TestDefaults(t *testing.T) {
	c, err := Parse("c.json", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	l := c.Lines[0]
	if !l.Enabled || l.RTP.PTime.Duration() != 20*time.Millisecond || l.SIP.Expires.Duration() != time.Hour ||
		l.SLIC.Country != "US" || !reflect.DeepEqual(l.DTMF.Methods, []string{"rfc4733", "inband"}) {
		t.Errorf("defaults are not there: %+v", l)
	}
}

func TestParseIn(t *testing.T) {
	c, err := ParseIn("DE", "c.json", []byte(`{"lines": [
		{"sip": {"registrar": "r.test", "user": "1"}},
		{"sip": {"registrar": "r.test", "user": "2"}, "slic": {"country": "FR"}},
		{"sip": {"registrar": "r.test", "user": "3"}, "slic": {}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"DE", "FR", "DE"} {
		if got := c.Lines[i].SLIC.Country; got != want {
			t.Errorf("line %d is in %s, want %s", i+1, got, want)
		}
	}
	if _, err := ParseIn("XX", "c.json", []byte(minimal)); err == nil || !strings.Contains(err.Error(), `"XX" is not a known country`) {
		t.Errorf("ParseIn an unknown country = %v", err)
	}
}

func TestFaults(t *testing.T) {
	line := func(inner string) string {
		return "{\n\"lines\": [{\n\"sip\": {\"registrar\": \"r.test\", \"user\": \"1\"},\n" + inner + "\n}]}"
	}
	tests := []struct {
		name, doc string
		want      []string
	}{
		{"not JSON", "{\n  \"lines\": [}", []string{"c:2:13: /: not JSON"}},
		{"ends early", "{\"lines\": [", []string{"the document ends too early"}},
		{"text after the end", "{} x", []string{"c:1:4: /: "}},
		{"no lines", "{}", []string{"c:1:1: /lines: must be there"}},
		{"unknown key", line(`"sips": {}`), []string{`c:4:1: /lines/0/sips: unknown key; did you mean "sip"?`}},
		{"wrong case", line(`"Enabled": true`), []string{`c:4:1: /lines/0/Enabled: unknown key; did you mean "enabled"?`}},
		{"twice", line("\"enabled\": true,\n\"enabled\": false"), []string{"c:5:1: /lines/0/enabled: this key is there twice"}},
		{"wrong type", line(`"enabled": "yes"`), []string{"c:4:12: /lines/0/enabled: is a string, must be true or false"}},
		{"out of range", line(`"rtp": {"ptime_ms": 100}`), []string{"c:4:21: /lines/0/rtp/ptime_ms: 100 is out of range, allowed: 10 to 60 in steps of 10 milliseconds"}},
		{"between steps", line(`"rtp": {"ptime_ms": 25}`), []string{"25 is not allowed, allowed: 10 to 60 in steps of 10 milliseconds"}},
		{"not whole", line(`"rtp": {"port_min": 2000.5}`), []string{"2000.5 must be a whole number"}},
		{"enum", line(`"hook": {"flash": "locl"}`), []string{`"locl" is not allowed, allowed: one of "local", "network"; did you mean "local"?`}},
		{"enum in a list", line(`"codecs": {"order": ["PCMU", "G729"]}`), []string{"c:4:30: /lines/0/codecs/order/1:"}},
		{"control character", line(`"name": "a\u0007b"`), []string{"/lines/0/name: must not contain control characters"}},
		{"country", line(`"slic": {"country": "ZZ"}`), []string{`c:4:21: /lines/0/slic/country: "ZZ" is not a known country`}},
		{"dial plan", line(`"dial": {"plan": "(1[2"}`), []string{"/lines/0/dial/plan: "}},
		{"ports", line(`"rtp": {"port_min": 5000, "port_max": 5000}`), []string{"/lines/0/rtp/port_max: 5000 must be at least port_min + 3 = 5003"}},
		{"status code", line(`"tones": {"causes": {"4O4": "busy"}}`), []string{"/lines/0/tones/causes/4O4: must be a SIP status code, 300 to 699"}},
		{
			"trusted peer", `{"lines": [{"sip": {"registrar": "r", "user": "1", "trusted_peers": ["10.0.0.1", "[::1]:5060", "here"]}}]}`,
			[]string{`c:1:96: /lines/0/sip/trusted_peers/2: "here" must be an IP address`},
		},
		{"account missing", "{\"lines\": [{}]}", []string{"c:1:12: /lines/0/sip/registrar: must be set", "c:1:12: /lines/0/sip/user: must be set"}},
		{"same account twice", `{"lines": [{"sip": {"registrar": "r", "user": "1"}}, {"sip": {"registrar": "r", "user": "1"}}]}`, []string{"/lines/1/sip/user: is the same account as /lines/0"}},
		{"registrar", line(`"emergency": {"numbers": ["11a"]}`), []string{`c:4:27: /lines/0/emergency/numbers/0: "11a" must be digits`}},
		{
			"all faults at once", "{\"lines\": [{\"nam\": \"x\", \"enabled\": 1, \"sip\": {\"registrar\": \"a b\", \"user\": \"1\"}}], \"log\": {\"level\": \"loud\"}}",
			[]string{"/lines/0/nam:", "/lines/0/enabled:", "/lines/0/sip/registrar:", "/log/level:"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("c", []byte(tt.doc))
			var faults Faults
			if !errors.As(err, &faults) {
				t.Fatalf("Parse = %v, want faults", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("faults:\n%v\nwant %q among them", err, want)
				}
			}
			if len(faults) != len(tt.want) {
				t.Errorf("%d faults, want %d:\n%v", len(faults), len(tt.want), err)
			}
		})
	}
}

func TestCommentsKeepPlaces(t *testing.T) {
	doc := "// top\n{\n/* a\n b */ \"lines\": [ {\"enabled\": 7,} ],\n}"
	_, err := Parse("c", []byte(doc))
	if err == nil || !strings.Contains(err.Error(), "c:4:30: /lines/0/enabled: is a number") {
		t.Errorf("Parse = %v, want the place behind the comments", err)
	}
}

// TestEveryRangeIsKept writes a value beyond what is allowed into every key and
// expects the fault to name the key, its place and what is allowed. A key
// without a limit is a fault of the types.
func TestEveryRangeIsKept(t *testing.T) {
	jsondoc.Walk[Config](func(path []string, k jsondoc.Key) {
		if k.IsSection() && k.Type.Kind() == reflect.Struct {
			return
		}
		bad := beyond(k)
		if len(bad) == 0 {
			t.Errorf("%v has no limit", path)
		}
		for _, v := range bad {
			expectFault(t, path, v, k)
		}
	})
}

func expectFault(t *testing.T, path []string, bad trial, k jsondoc.Key) {
	t.Helper()
	at := "/" + strings.Join(append(slices.Clone(path), bad.below...), "/")
	doc := document1(path, bad.value)
	_, err := Parse("c", doc)
	var faults Faults
	if !errors.As(err, &faults) {
		t.Errorf("%s = %v was taken, allowed: %s", at, bad.value, k.Allowed())
		return
	}
	i := slices.IndexFunc(faults, func(f Fault) bool { return f.Path == at })
	if i < 0 {
		t.Errorf("%s = %v: faults %v name another key", at, bad.value, err)
		return
	}
	f := faults[i]
	if f.File != "c" || f.Line != 2 || f.Column != bad.column || !strings.Contains(f.Text, bad.allowed) {
		t.Errorf("%s = %v: fault %s, want line 2, column %d and %q", at, bad.value, f, bad.column, bad.allowed)
	}
}

// trial is a value that is not allowed.
type trial struct {
	value   any
	below   []string // path from the key to what is wrong
	column  int      // of it on its line
	allowed string   // what the fault must say
}

// beyond are values just outside what a key may be.
func beyond(k jsondoc.Key) []trial {
	switch {
	case k.Type == reflect.TypeFor[Secret](), k.Type.Kind() == reflect.String && len(k.Enum) == 0:
		if !k.Ranged {
			return nil
		}
		return []trial{{value: strings.Repeat("x", int(k.Max)+1), column: 1, allowed: k.Allowed()}}
	case k.Type.Kind() == reflect.String:
		return []trial{{value: "none of them", column: 1, allowed: k.Allowed()}}
	case k.Type.Kind() == reflect.Bool:
		return []trial{{value: "true", column: 1, allowed: "true or false"}}
	case k.Type.Kind() == reflect.Slice:
		return append(beyondLength(k), beyondEntry(k, []any{}, "0", 2)...)
	case k.Type.Kind() == reflect.Map:
		return append(beyondLength(k), beyondEntry(k, map[string]any{}, "404", len(`{"404":`)+1)...)
	case !k.Ranged:
		return nil
	}
	return []trial{{value: k.Max + 1, column: 1, allowed: k.Allowed()}, {value: k.Min - 1, column: 1, allowed: k.Allowed()}}
}

func beyondLength(k jsondoc.Key) []trial {
	if !k.Ranged {
		return nil
	}
	list, object := []any{}, map[string]any{}
	for i := range int(k.Max) + 1 {
		list, object[fmt.Sprint(300+i)] = append(list, nil), nil
	}
	if k.Type.Kind() == reflect.Map {
		return []trial{{value: object, column: 1, allowed: k.AllowedLength()}}
	}
	return []trial{{value: list, column: 1, allowed: k.AllowedLength()}}
}

// beyondEntry puts each value that an entry may not be into a list or object.
func beyondEntry(k jsondoc.Key, in any, name string, column int) (all []trial) {
	if k.IsSection() {
		return nil // its keys are tried one by one
	}
	for _, bad := range beyond(k.Item()) {
		v := any([]any{bad.value})
		if _, object := in.(map[string]any); object {
			v = map[string]any{name: bad.value}
		}
		all = append(all, trial{value: v, below: []string{name}, column: column, allowed: bad.allowed})
	}
	return all
}

// document1 is a document with one value in it, which begins its second line.
func document1(path []string, value any) []byte {
	var head, tail string
	for _, step := range path {
		if step == "0" {
			head, tail = head+"[", "]"+tail
		} else {
			head, tail = head+"{"+strconv.Quote(step)+": ", "}"+tail
		}
	}
	v, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return []byte(head + "\n" + string(v) + tail)
}

func TestSampleNamesEveryKey(t *testing.T) {
	data, err := os.ReadFile("../docs/config.sample.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := parse("", "config.sample.json", data)
	if err != nil {
		t.Fatal(err)
	}
	jsondoc.Walk[Config](func(path []string, _ jsondoc.Key) {
		if !d.Has("/" + strings.Join(path, "/")) {
			t.Errorf("the sample lacks %s", strings.Join(path, "."))
		}
	})
}

func TestReferenceIsCurrent(t *testing.T) {
	const file = "../docs/config.md"
	if *update {
		if err := os.WriteFile(file, Reference(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(data, Reference()) {
		t.Errorf("%s is not current: run go test ./config -update (%v)", file, err)
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	jsondoc.Walk[Config](func(path []string, k jsondoc.Key) {
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s has no sentence of purpose", strings.Join(path, "."))
		}
	})
}

func TestSecretsAreNeverShown(t *testing.T) {
	doc := `{"lines": [{"sip": {"registrar": "r", "user": "1", "password": "hunter2"}}]}`
	c, err := Parse("c", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Lines[0].SIP.Password.Reveal(); got != "hunter2" {
		t.Fatalf("Reveal() = %q", got)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "config", c, "password", c.Lines[0].SIP.Password)
	effective, _ := Plain(c)
	shown, err := Show("c", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	marshaled, _ := json.Marshal(c)
	for name, text := range map[string]string{
		"%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", *c), "%#v": fmt.Sprintf("%#v", c.Lines[0].SIP.Password),
		"%s": fmt.Sprintf("%s", c.Lines[0].SIP.Password), "%x": fmt.Sprintf("%x", c.Lines[0].SIP.Password),
		"slog": logged.String(), "Plain": string(effective), "Show": string(shown), "json": string(marshaled),
	} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
			t.Errorf("%s shows the password: %s", name, text)
		}
	}
}

func TestShowNamesWhereValuesComeFrom(t *testing.T) {
	out, err := Show("my.json", []byte("{\n\"lines\": [{\"sip\": {\"registrar\": \"r\", \"user\": \"7\"}}]}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"user": "7", // my.json:2:46`, `"transport": "udp", // default`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("Show lacks %q:\n%s", want, out)
		}
	}
	if _, err := Parse("again", out); err != nil {
		t.Errorf("what Show prints does not parse: %v", err)
	}
}

func TestSchemaIsJSON(t *testing.T) {
	var s struct {
		Properties map[string]json.RawMessage
	}
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Properties) != reflect.TypeFor[Config]().NumField() {
		t.Errorf("schema has properties %v", s.Properties)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte("// c\n{\"lines\": [{\"enabled\": 1,}],}"))
	if sample, err := os.ReadFile("../docs/config.sample.json"); err == nil {
		f.Add(sample)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f", data)
		var faults Faults
		switch {
		case err == nil:
			if _, err := Plain(c); err != nil {
				t.Errorf("Plain: %v", err)
			}
			if shown, err := Show("f", data); err != nil {
				t.Errorf("Show: %v", err)
			} else if _, err := Parse("f", shown); err != nil {
				t.Errorf("Show does not parse again: %v\n%s", err, shown)
			}
		case !errors.As(err, &faults) || len(faults) == 0:
			t.Errorf("Parse = %v, want faults", err)
		}
	})
}

// TestCallerIDSchemes holds the tag against the schemes there are.
func TestCallerIDSchemes(t *testing.T) {
	want := []string{""}
	for _, s := range callerid.Schemes {
		want = append(want, s.Name)
	}
	var got []string
	jsondoc.Walk[Config](func(path []string, k jsondoc.Key) {
		if len(path) == 4 && path[2] == "callerid" && path[3] == "scheme" {
			got = k.Enum
		}
	})
	if !slices.Equal(got, want) {
		t.Errorf("scheme may be %q, want %q", got, want)
	}
}
