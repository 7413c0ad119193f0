package jsondoc

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// kettle has a key of every kind.
type kettle struct {
	Name    string            `json:"name" range:"1..8" default:"kettle" doc:"Name."`
	Fill    float64           `json:"fill_l" range:"-1..2" default:"1.5" doc:"Water."`
	Beeps   int               `json:"beeps" range:"0..10" step:"2" default:"2" doc:"Beeps."`
	On      bool              `json:"on" default:"true" doc:"Whether on."`
	Boil    Seconds           `json:"boil_s" default:"90" doc:"Time."`
	Click   Milliseconds      `json:"click_ms" default:"2.5" doc:"Time of a click."`
	Pin     Secret            `json:"pin" doc:"Secret."`
	Colours []string          `json:"colours" enum:"red,blue" default:"red" range:"1..2" doc:"Colours."`
	Labels  map[string]string `json:"labels" enum:"hot,cold" doc:"Labels."`
	Spouts  []spout           `json:"spouts" range:"0..3" doc:"Spouts."`
	Lid     spout             `json:"lid" doc:"Lid."`
}

type spout struct {
	Width int `json:"width" default:"4" range:"1..9" doc:"Width."`
}

func parseKettle(doc string) (*Document[kettle], error) {
	return Parse("k", []byte(doc), func(d *Document[kettle]) {
		if d.Value.Beeps > 0 && !d.Value.On {
			d.Fault("/beeps", "needs on")
		}
	})
}

func TestDefaults(t *testing.T) {
	d, err := parseKettle(`{"spouts": [{}, {"width": 2}], "lid": {}}`)
	if err != nil {
		t.Fatal(err)
	}
	got := *d.Value
	if got.Name != "kettle" || got.Fill != 1.5 || got.Beeps != 2 || !got.On || got.Boil.Duration() != 90*time.Second ||
		got.Click.Duration() != 2500*time.Microsecond || len(got.Colours) != 1 || got.Spouts[0].Width != 4 || got.Spouts[1].Width != 2 || got.Lid.Width != 4 {
		t.Errorf("%+v", got)
	}
	if empty := Default[kettle](); empty.Beeps != 2 || empty.Lid.Width != 4 || empty.Spouts != nil {
		t.Errorf("Default() = %+v", empty)
	}
	if !d.Has("/spouts/1/width") || d.Has("/spouts/0/width") {
		t.Error("Has does not tell what the document gives")
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct{ doc, want string }{
		{`{"fill_l": 3}`, "k:1:12: /fill_l: 3 is out of range, allowed: -1 to 2"},
		{`{"fill_l": -1.5}`, "out of range"},
		{`{"beeps": 3}`, "3 is not allowed, allowed: 0 to 10 in steps of 2"},
		{`{"beeps": 2.5}`, "must be a whole number"},
		{`{"on": 1}`, "is a number, must be true or false"},
		{`{"pin": 7}`, "is a number, must be a string"},
		{`{"colours": []}`, "has 0 entries, allowed: 1 to 2 entries"},
		{`{"colours": ["rad"]}`, `did you mean "red"?`},
		{`{"labels": {"a": "warm"}}`, `/labels/a: "warm" is not allowed`},
		{`{"labels": {"a": "hot", "a": "hot"}}`, "twice"},
		{`{"Name": "x"}`, `did you mean "name"?`},
		{`{"name": ""}`, "has 0 characters, allowed: 1 to 8 characters"},
		{`{"lid": []}`, "is a list, must be an object"},
		{`[]`, "k:1:1: /: is a list, must be an object"},
		{``, "ends too early"},
		{"{\"on\": false,\n\"lid\": {}}", "k:1:1: /beeps: needs on"},
		{strings.Repeat("[", 40), "nested deeper"},
	} {
		_, err := parseKettle(tt.doc)
		var faults Faults
		if !errors.As(err, &faults) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%s) = %v, want %q", tt.doc, err, tt.want)
		}
	}
	if _, err := parseKettle(strings.Repeat(" ", MaxSize+1)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a document beyond MaxSize: %v", err)
	}
}

func TestShowParsesAgain(t *testing.T) {
	d, err := parseKettle("{\"pin\": \"1234\", // mine\n \"beeps\": 4,}")
	if err != nil {
		t.Fatal(err)
	}
	shown := string(d.Show())
	if !strings.Contains(shown, `"beeps": 4, // k:2:11`) || !strings.Contains(shown, `"on": true, // default`) || strings.Contains(shown, "1234") {
		t.Errorf("Show:\n%s", shown)
	}
	if _, err := parseKettle(shown); err != nil {
		t.Error(err)
	}
}

func TestSchemaAndReferenceNameEveryKey(t *testing.T) {
	schema, reference := Schema[kettle]("kettle"), string(Reference[kettle]("# Kettle\n"))
	if !json.Valid(schema) {
		t.Fatalf("schema is not JSON:\n%s", schema)
	}
	keys := 0
	Walk[kettle](func(path []string, k Key) {
		keys++
		name := strings.ReplaceAll(strings.Join(path, "."), ".0", "[]")
		if !strings.Contains(string(schema), `"`+k.Name+`": {`) || !strings.Contains(reference, "| `"+name+"` |") {
			t.Errorf("%s is missing", name)
		}
	})
	if keys != 13 {
		t.Errorf("walked %d keys, want 13", keys)
	}
}

func ExampleParse() {
	type lamp struct {
		Watts int `json:"watts" range:"1..100" doc:"Power."`
	}
	_, err := Parse("lamp.json", []byte("{\n  \"Watts\": 7,\n  \"watts\": 700\n}"), func(*Document[lamp]) {})
	fmt.Println(err)
	// Output:
	// lamp.json:2:3: /Watts: unknown key; did you mean "watts"?
	// lamp.json:3:12: /watts: 700 is out of range, allowed: 1 to 100
}

func FuzzParse(f *testing.F) {
	f.Add(`{"spouts": [{}, {"width": 2}], "lid": {}, "labels": {"a~/": "hot"}}`)
	f.Add("// c\n{\"beeps\": 4,\n/* d */ \"on\": true,}")
	f.Fuzz(func(t *testing.T, doc string) {
		d, err := parseKettle(doc)
		var faults Faults
		switch {
		case err == nil:
			if _, err := parseKettle(string(d.Show())); err != nil {
				t.Errorf("Show does not parse again: %v\n%s", err, d.Show())
			}
		case !errors.As(err, &faults) || len(faults) == 0:
			t.Errorf("Parse = %v, want faults", err)
		}
	})
}

// Durations come back from what they are written as, and nonsense is refused.
func TestDurationsComeBack(t *testing.T) {
	in := struct {
		S Seconds
		M Milliseconds
	}{Seconds(1500 * time.Millisecond), Milliseconds(200 * time.Millisecond)}
	text, err := json.Marshal(in)
	if err != nil || string(text) != `{"S":1.5,"M":200}` {
		t.Fatalf("%s, %v", text, err)
	}
	out := in
	out.S, out.M = 0, 0
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("%+v, %v, want %+v", out, err, in)
	}
	for _, bad := range []string{`{"S":1e300}`, `{"M":"5"}`, `{"M":-1e18}`} {
		if err := json.Unmarshal([]byte(bad), &out); err == nil {
			t.Errorf("%s is taken: %+v", bad, out)
		}
	}
}
