package config

import (
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"nothing", `"sip": {"registrar": "r.test", "user": "1"}`, ""},
		{"tls at its port", `"sip": {"registrar": "r.test:5061", "user": "1", "transport": "tls"}`, ""},
		{"tls at another port", `"sip": {"registrar": "r.test:5060", "user": "1", "transport": "tls"}`, "c:1:34: /lines/0/sip/registrar: port 5060 "},
		{"of a proxy", `"sip": {"outbound_proxy": "r.test:5060", "user": "1", "transport": "tls"}`, "/lines/0/sip/outbound_proxy: port 5060 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := Alone("c", []byte(`{"lines": [{`+tt.line+`}]}`))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, w := range e.Warnings() {
				got += w.String()
			}
			if !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestCertificateNeedsItsKey(t *testing.T) {
	_, err := Parse("c", []byte(`{"lines": [{"sip": {"registrar": "r.test", "user": "1", "transport": "tls", "tls": {"cert_file": "c.pem"}}}]}`))
	if err == nil || !strings.Contains(err.Error(), "/lines/0/sip/tls/key_file: cert_file and key_file go together") {
		t.Errorf("%v", err)
	}
}
