package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/jsondoc"
)

// layersOf are layers by name, each of one text.
func layersOf(pairs ...string) []Layer {
	var out []Layer
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, Layer{Name: pairs[i], Source: pairs[i] + ".json", Data: []byte(pairs[i+1])})
	}
	return out
}

func TestMerge(t *testing.T) {
	e, err := Merge("DE", layersOf(
		Owner, `{"lines": [{"name": "Kitchen"}]}`,
		Factory, `{"lines": [{"sip": {"registrar": "f.test", "user": "1", "password": "hunter2"}}], "log": {"level": "debug"}}`,
		Device, `{"lines": [{"sip": {"registrar": "d.test"}}, {"sip": {"registrar": "d.test", "user": "2"}}]}`,
	)...)
	if err != nil {
		t.Fatal(err)
	}
	l := e.Config.Lines
	if len(l) != 2 || l[0].Name != "Kitchen" || l[0].SIP.Registrar != "d.test" || l[0].SIP.User != "1" || l[1].SLIC.Country != "DE" {
		t.Errorf("merged to %+v", l)
	}
	for path, want := range map[string]string{
		"/lines/0/name":            "owner owner.json:1:21",
		"/lines/0/sip/registrar":   "device device.json:1:34",
		"/lines/0/sip/user":        "factory factory.json:1:52",
		"/lines/1/slic/country":    "board",
		"/lines/1/name":            "default",
		"/lines/0/dtmf/methods/0":  "default",
		"/lines/0/sip/transport":   "default",
		"/log/level":               "factory factory.json:1:100",
		"/no/such/key/there/is/it": "default",
	} {
		if got := e.Origin(path).String(); got != want {
			t.Errorf("Origin(%s) = %q, want %q", path, got, want)
		}
	}
	shown := string(e.Show())
	for _, want := range []string{
		`"name": "Kitchen", // owner owner.json:1:21`,
		`"password": "***", // set, factory factory.json:1:69`,
		`"profile_key": "", // not set`,
		`"country": "DE", // board`,
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("Show lacks %s:\n%s", want, shown)
		}
	}
	if strings.Contains(shown, "hunter2") {
		t.Error("Show tells the password")
	}
	if o := e.Origins()["/lines/0/name"]; o.Layer != Owner || o.Column != 21 {
		t.Errorf("Origins has %+v for the name", o)
	}
}

func TestMergeHoldsTheOwnerToTheOwnersKeys(t *testing.T) {
	allowed := map[string]bool{}
	jsondoc.Walk[Config](func(path []string, k jsondoc.Key) {
		if !k.IsSection() && ownerMay(k) {
			allowed["/"+strings.Join(path, "/")] = true
		}
	})
	for _, path := range []string{"/lines/0/sip/password", "/lines/0/sip/registrar", "/provision/trust/ca_pem", "/provision/trust/require_signature", "/generation", "/lines/0/emergency/numbers"} {
		if allowed[path] {
			t.Errorf("the owner may set %s", path)
		}
	}
	for _, path := range []string{"/lines/0/name", "/lines/0/features/call_waiting", "/provision/auth/password"} {
		if !allowed[path] {
			t.Errorf("the owner may not set %s", path)
		}
	}
	base := `{"lines": [{"sip": {"registrar": "r", "user": "1"}}]}`
	_, err := Merge("", layersOf(Factory, base, Owner, "{\"lines\": [{\"name\": \"x\",\n\"sip\": {\"registrar\": \"evil.test\"}}]}")...)
	if err == nil || err.Error() != "owner.json:2:22: /lines/0/sip/registrar: may not be set by the owner" {
		t.Errorf("Merge = %v", err)
	}
}

func TestMergeFaults(t *testing.T) {
	_, err := Merge("", layersOf(
		Factory, `{"lines": [{"sip": {"registrar": "r", "user": "1"}}], "nope": 1}`,
		Site, `{"lines": [{"rtp": {"port_min": 5}}]}`,
		Device, `{"lines": [{"sip": {"user": ""}}]`)...)
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != 3 ||
		!strings.HasPrefix(faults[0].String(), "factory.json:1:55: /nope: unknown key") ||
		!strings.HasPrefix(faults[1].String(), "site.json:1:33: /lines/0/rtp/port_min: 5 is out of range") ||
		!strings.HasPrefix(faults[2].String(), "device.json:1:34: /: the document ends too early") {
		t.Errorf("Merge = %v", err)
	}
	_, err = Merge("", layersOf(Factory, minimal, Device, `{"lines": [{"sip": {"user": ""}}]}`)...)
	if err == nil || err.Error() != "device.json:1:29: /lines/0/sip/user: must be set while the line is enabled" {
		t.Errorf("a rule over several layers: %v", err)
	}
	for _, bad := range [][]Layer{layersOf("guest", "{}"), layersOf(Site, "{}", Site, "{}")} {
		if _, err := Merge("", bad...); err == nil || errors.As(err, &faults) {
			t.Errorf("Merge(%v) = %v", bad, err)
		}
	}
	if _, err := Merge(""); err == nil || !strings.Contains(err.Error(), "/lines: must be there") {
		t.Errorf("Merge of nothing = %v", err)
	}
}

func TestCheckLayer(t *testing.T) {
	for _, tt := range []struct{ name, doc, want string }{
		{Site, `{"log": {"level": "debug"}}`, ""},
		{Device, `{"lines": [{"sip": {"user": "1"}}]}`, ""}, // the registrar may come from another
		{Device, `{"lines": [{"rtp": {"ptime_ms": 7}}]}`, "f:1:33: /lines/0/rtp/ptime_ms: 7 is out of range"},
		{Owner, `{"lines": [{"name": "x"}]}`, ""},
		{Owner, `{"log": {"level": "debug"}}`, "f:1:19: /log/level: may not be set by the owner"},
		{"guest", `{}`, `no layer "guest"`},
	} {
		err := CheckLayer(Layer{Name: tt.name, Source: "f", Data: []byte(tt.doc)})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v, want %q", tt.name, tt.doc, err, tt.want)
		}
	}
}

func TestWithLayer(t *testing.T) {
	was := layersOf(Factory, "1", Owner, "2")
	now := WithLayer(was, Layer{Name: Owner, Data: []byte("3")})
	if len(now) != 2 || string(now[1].Data) != "3" || string(was[1].Data) != "2" {
		t.Errorf("WithLayer = %v, was %v", now, was)
	}
}

// FuzzMerge: whatever two layers hold, they give a configuration or faults.
func FuzzMerge(f *testing.F) {
	f.Add([]byte(minimal), []byte(`{"lines": [{"name": "x"}]}`))
	f.Add([]byte(`{"lines": [{}, {}]}`), []byte(`{"lines": []}`))
	f.Fuzz(func(t *testing.T, low, high []byte) {
		e, err := Merge("GB", Layer{Factory, "low", low}, Layer{Owner, "high", high})
		var faults Faults
		if err != nil {
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Errorf("Merge = %v, want faults", err)
			}
			return
		}
		if again, err := Parse("shown", e.Show()); err != nil {
			t.Errorf("Show does not parse: %v", err)
		} else if d := Diff(e.Config, again); len(d) > 0 && d.Class() != OfLine { // secrets read back as ***
			t.Errorf("Show is another document: %v", d)
		}
	})
}
