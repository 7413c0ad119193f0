package yaml

import (
	"errors"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/config"
)

const good = `# a shop
schema: 1
lines:
  - name: "Counter"
    sip:
      registrar: pbx.test:5061
      user: '0412'
      password: "#1*2"
      register: true
      expires_s: 600
    dial:
      plan: "(*xx|x.)"
    slic: {country: "NO", rx_gain_db: -3.5}
    tones:
      causes:
        480: busy
    emergency: {numbers: ["112", "*110"]}
`

func TestConvert(t *testing.T) {
	out, notes, err := Convert("shop.yaml", []byte(good))
	if err != nil || len(notes) > 0 {
		t.Fatalf("%v, notes %v", err, notes)
	}
	c, err := config.Parse("json", out)
	if err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	l := c.Lines[0]
	if l.SIP.User != "0412" || l.SIP.Password.Reveal() != "#1*2" || l.SLIC.Country != "NO" || l.Dial.Plan != "(*xx|x.)" ||
		l.SLIC.ToPhoneGain != -3.5 || l.Tones.Causes["480"] != "busy" || l.Emergency.Numbers[1] != "*110" {
		t.Errorf("converted to %s", out)
	}
}

// TestTraps are what YAML reads as something else.
func TestTraps(t *testing.T) {
	line := func(rest string) string {
		return "lines:\n  - sip: {registrar: r.test, user: \"1\"}\n    " + rest + "\n"
	}
	tests := []struct {
		name, doc string
		fault     string // or
		note      string // and
		kept      string // in the JSON
	}{
		{name: "star code", doc: line("emergency: {numbers: [*72]}"), fault: "f:3:27: /: a value that begins with * must be in quotes"},
		{name: "reference", doc: "lines:\n  - name: &a Kitchen\n    sip: {registrar: r.test, user: *a }\n", fault: "f:3:36: /lines/0/sip/user: is a reference"},
		{name: "hash", doc: line("dial:\n      plan: #31#"), fault: "/lines/0/dial/plan: is empty; write \"\""},
		{name: "hash inside", doc: line("dial:\n      plan: (x.) #72"), note: "f:4:13: /lines/0/dial/plan: what follows # is a comment", kept: `"plan": "(x.)"`},
		{name: "leading zero", doc: line("name: 0412"), note: "f:3:11: /lines/0/name: is kept as it is written", kept: `"name": "0412"`},
		{name: "exponent", doc: line("name: 1e3"), note: "is kept as it is written", kept: `"name": "1e3"`},
		{name: "date", doc: line("name: 2026-11-21"), note: "is kept as it is written", kept: `"name": "2026-11-21"`},
		{name: "Norway", doc: line("slic: {country: NO}"), kept: `"country": "NO"`},
		{name: "null", doc: line("name: ~"), fault: "/lines/0/name: is empty"},
		{name: "off", doc: line("enabled: off"), fault: "f:3:14: /lines/0/enabled: must be true or false, in these words"},
		{name: "yes", doc: line("enabled: yes"), fault: "/lines/0/enabled: must be true or false"},
		{name: "octal", doc: line("rtp: {port_min: 020000}"), fault: "f:3:21: /lines/0/rtp/port_min: must be a decimal number"},
		{name: "hexadecimal", doc: line("rtp: {port_min: 0x4000}"), fault: "must be a decimal number"},
		{name: "sexagesimal", doc: line("rtp: {ptime_ms: 1:20}"), fault: "must be a decimal number"},
		{name: "number in quotes", doc: line(`rtp: {ptime_ms: "20"}`), fault: "f:3:21: /lines/0/rtp/ptime_ms: is a string, must be a number"},
		{name: "out of range", doc: line("rtp: {ptime_ms: 100}"), fault: "f:3:21: /lines/0/rtp/ptime_ms: 100 is out of range"},
		{name: "unknown key", doc: line("nam: x"), fault: `f:3:10: /lines/0/nam: unknown key; did you mean "name"?`},
		{name: "twice", doc: line("name: x\n    name: y"), fault: "/lines/0/name: this key is there twice"},
		{name: "scalar for a section", doc: line("dial: 7"), fault: "/lines/0/dial: must be a list or an object"},
		{name: "two documents", doc: good + "---\nlines: []\n", fault: "a second document"},
		{name: "not YAML", doc: "lines: [", fault: "f:1:1: /: not YAML"},
		{name: "empty", doc: "", fault: "not YAML"},
		{name: "too large", doc: strings.Repeat("#", config.MaxSize+1), fault: "larger than"},
		{name: "deep", doc: "vendor: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), fault: "nested deeper"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, notes, err := Convert("f", []byte(tt.doc))
			var faults config.Faults
			if tt.fault != "" {
				if !errors.As(err, &faults) || !strings.Contains(err.Error(), tt.fault) {
					t.Errorf("Convert = %v, want %q", err, tt.fault)
				}
				return
			}
			if err != nil || !strings.Contains(string(out), tt.kept) {
				t.Errorf("Convert = %v, want %s in\n%s", err, tt.kept, out)
			}
			if (tt.note != "") != (len(notes) == 1) || len(notes) == 1 && !strings.Contains(notes[0].String(), tt.note) {
				t.Errorf("notes %v, want %q", notes, tt.note)
			}
		})
	}
}

func TestNoSecretInWords(t *testing.T) {
	for _, doc := range []string{
		"lines:\n  - sip: {registrar: r, user: \"1\", password: 12345678}\n",
		"lines:\n  - sip: {registrar: r, user: \"1\", password: 12345678 12345678: x}\n",
		"lines:\n  - sip: {registrar: r, user: \"1\", password: [12345678]}\n",
	} {
		_, notes, err := Convert("f", []byte(doc))
		text := ""
		if err != nil {
			text = err.Error()
		}
		for _, n := range notes {
			text += n.String()
		}
		if text == "" || strings.Contains(text, "12345678") {
			t.Errorf("%s: said %q", doc, text)
		}
	}
}

func FuzzConvert(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("lines: [&a {name: *a}]"))
	f.Add([]byte("a: !!binary x\n? [k]\n: v"))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, _, err := Convert("f", data)
		var faults config.Faults
		if err != nil && !errors.As(err, &faults) {
			t.Errorf("Convert = %v, want faults", err)
		}
		if err == nil {
			if _, err := config.Parse("f", out); err != nil {
				t.Errorf("converted to what is not valid: %v", err)
			}
		}
	})
}
