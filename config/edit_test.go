package config

import (
	"errors"
	"strings"
	"testing"
)

func TestEdit(t *testing.T) {
	for _, tt := range []struct {
		document, key, value, want string
	}{
		{"", "lines.1.name", "Hall", `{"lines":[{},{"name":"Hall"}]}`},
		{`{"lines":[{},{"name":"Hall"}]}`, "/lines/0/name", "7", `{"lines":[{"name":"7"},{"name":"Hall"}]}`},
		{`{"lines":[{"name":"x"}]}`, "lines.0.slic.rx_gain_db", "-3.5", `{"lines":[{"name":"x","slic":{"rx_gain_db":-3.5}}]}`},
		{"{}", "lines.0.features.call_waiting", "false", `{"lines":[{"features":{"call_waiting":false}}]}`},
		{"", "lines.0.ring.cadence_ms", "[1000, 2000]", `{"lines":[{"ring":{"cadence_ms":[1000,2000]}}]}`},
		{"", "provision.auth.password", "p w", `{"provision":{"auth":{"password":"p w"}}}`},
		{"", "no.such", "key", `{"no":{"such":"key"}}`},
	} {
		got, err := WithKey([]byte(tt.document), PointerOf(tt.key), tt.value)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s = %s in %q: %s, %v, want %s", tt.key, tt.value, tt.document, got, err, tt.want)
		}
		back, err := WithoutKey(got, PointerOf(tt.key))
		if err != nil || tt.document == "" && string(back) != "{}" {
			t.Errorf("without %s again: %s, %v", tt.key, back, err)
		}
		if _, err := WithoutKey(back, PointerOf(tt.key)); !errors.Is(err, ErrNotSet) {
			t.Errorf("without %s twice: %v", tt.key, err)
		}
	}
}

func TestEditRefused(t *testing.T) {
	for _, tt := range [][3]string{
		{"", "lines.0.slic.rx_gain_db", "loud"},
		{"", "lines.0.slic.rx_gain_db", "1 2"},
		{"", "lines.99.name", "x"},
		{"", "lines.-1.name", "x"},
		{`{"lines":[{}]}`, "lines.first.name", "x"},
		{`{"lines":[{"name":"x"}]}`, "lines.0.name.deeper", "x"},
		{`{"lines": "hunter2`, "lines.0.name", "x"},
		{"", "/", "x"},
	} {
		got, err := WithKey([]byte(tt[0]), PointerOf(tt[1]), tt[2])
		if err == nil && tt[1] != "/" || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v: %s, %v", tt, got, err)
		}
	}
	// Only keys of the owner's may be in the owner's layer, whoever wrote it.
	for key, want := range map[string]string{
		"lines.0.sip.user": "/lines/0/sip/user", "lines.0.nam": `did you mean "name"`, "lines.0.slic.rx_gain_db": "",
		"provision.trust.require_signature": "/provision/trust",
	} {
		value := "0"
		if strings.HasSuffix(key, "require_signature") {
			value = "false"
		}
		data, err := WithKey(nil, PointerOf(key), value)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckLayer(Layer{Name: Owner, Source: "owner", Data: data}); (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", key, err, want)
		}
	}
}

func FuzzEdit(f *testing.F) {
	f.Add([]byte(`{"lines":[{},{"name":"x"}]}`), "/lines/1/name", "y")
	f.Add([]byte(`[]`), "a.b.0", "{}")
	f.Fuzz(func(t *testing.T, document []byte, key, value string) {
		if got, err := WithKey(document, PointerOf(key), value); err == nil {
			if _, err := WithoutKey(got, PointerOf(key)); err != nil && !errors.Is(err, ErrNotSet) {
				t.Errorf("%s of %s: %v", key, got, err)
			}
		}
		_, _ = WithoutKey(document, PointerOf(key)) // must end
	})
}
