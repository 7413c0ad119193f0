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
		{"secret voice over tls", `"sip": {"registrar": "r.test", "user": "1", "transport": "tls"}, "rtp": {"srtp": "required"}`, ""},
		{"keys in the open", `"sip": {"registrar": "r.test", "user": "1"}, "rtp": {"srtp": "optional"}`, "/lines/0/rtp/srtp: without sip.transport tls"},
		{"required in the open", `"sip": {"registrar": "r.test", "user": "1", "transport": "tcp"}, "rtp": {"srtp": "required"}`, "/lines/0/rtp/srtp: without sip.transport tls"},
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

func TestSecrecy(t *testing.T) {
	for _, tt := range []struct{ transport, srtp, want string }{
		{"udp", "auto", "off"},
		{"tcp", "auto", "off"},
		{"tls", "auto", "optional"},
		{"tls", "off", "off"},
		{"tls", "required", "required"},
		{"udp", "optional", "optional"},
	} {
		l := Line{SIP: SIP{Transport: tt.transport}, RTP: RTP{SRTP: tt.srtp}}
		if got := l.Secrecy(); got != tt.want {
			t.Errorf("%s over %s is %s, want %s", tt.srtp, tt.transport, got, tt.want)
		}
	}
}
