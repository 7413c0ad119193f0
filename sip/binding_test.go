package sip

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

func TestReadRegAnswer(t *testing.T) {
	const instance = "urn:uuid:00000000-0000-1000-8000-0000000000A1"
	addrPort := netip.MustParseAddrPort
	local, public := addrPort("10.0.0.2:5060"), addrPort("203.0.113.7:40000")
	const via = "Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKx;rport=40000;received=203.0.113.7"
	tests := []struct {
		name  string
		start string
		lines []string
		want  regAnswer
	}{
		{
			"expires of our contact", "200 OK",
			[]string{"Contact: <sip:other@10.9.9.9>;expires=10, <sip:k7@10.0.0.2:5060>;expires=300", "Expires: 20"},
			regAnswer{Code: 200, Reason: "OK", Granted: 300 * time.Second},
		},
		{
			"parameter in capitals, host too", "200 OK",
			[]string{"Contact: \"x, y\" <sip:k7@10.0.0.2:5060>;Expires=300"},
			regAnswer{Code: 200, Reason: "OK", Granted: 300 * time.Second},
		},
		{
			"Expires header", "200 OK",
			[]string{"Contact: <sip:k7@10.0.0.2:5060>", "Expires: 200"},
			regAnswer{Code: 200, Reason: "OK", Granted: 200 * time.Second},
		},
		{
			"nothing said", "200 OK",
			[]string{"m: <sip:k7@10.0.0.2:5060>"},
			regAnswer{Code: 200, Reason: "OK", Granted: time.Hour},
		},
		{
			"found by instance", "200 OK",
			[]string{`Contact: <sip:k7@203.0.113.7:40000>;+sip.instance="<` + strings.ToLower(instance) + `>";expires=60`},
			regAnswer{Code: 200, Reason: "OK", Granted: time.Minute},
		},
		{
			"URI before instance", "200 OK",
			[]string{`Contact: <sip:k7@203.0.113.7:1>;+sip.instance="<` + instance + `>";expires=60`, "Contact: <sip:k7@10.0.0.2:5060>;expires=90"},
			regAnswer{Code: 200, Reason: "OK", Granted: 90 * time.Second},
		},
		{"removed", "200 OK", []string{"Contact: <sip:k7@10.0.0.2:5060>;expires=0"}, regAnswer{Code: 200, Reason: "OK"}},
		{
			"only others", "200 OK",
			[]string{"Contact: <sip:k8@10.0.0.2:5060>;expires=60", "Contact: <sip:k7@10.0.0.2:5062>;expires=60", "Contact: <sip:k7@10.0.0.2:5060;transport=tcp>;expires=60"},
			regAnswer{Code: 200, Reason: "OK"},
		},
		{"no contact", "200 OK", nil, regAnswer{Code: 200, Reason: "OK"}},
		{"too brief", "423 Interval Too Brief", []string{"Min-Expires: 600"}, regAnswer{Code: 423, Reason: "Interval Too Brief", MinExpires: 10 * time.Minute}},
		{"overload", "503 Later", []string{"Retry-After: 120 (maintenance);duration=3"}, regAnswer{Code: 503, Reason: "Later", RetryAfter: 2 * time.Minute}},
	}
	contact := &sipmsg.Uri{Scheme: "sip", User: "k7", Host: "10.0.0.2", Port: 5060}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "SIP/2.0 " + tt.start + "\r\n" + via + "\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\n"
			for _, l := range tt.lines {
				text += l + "\r\n"
			}
			msg, err := sipmsg.ParseMessage([]byte(text + "\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Contact, tt.want.Public = local, public
			if got := readRegAnswer(msg.(*sipmsg.Response), contact, instance, time.Hour); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestPublicAddr(t *testing.T) {
	for via, want := range map[string]string{
		"SIP/2.0/UDP 10.0.0.2:5060;rport=5061;received=192.0.2.1": "192.0.2.1:5061",
		"SIP/2.0/UDP 10.0.0.2:5060;rport=5061":                    "10.0.0.2:5061",
		"SIP/2.0/UDP [2001:db8::1]:5060;rport=5061":               "[2001:db8::1]:5061",
		"SIP/2.0/UDP 10.0.0.2:5060;rport":                         "",
		"SIP/2.0/UDP 10.0.0.2:5060":                               "",
		"SIP/2.0/UDP host.example:5060;rport=1":                   "",
		"SIP/2.0/UDP 10.0.0.2:5060;rport=99999;received=1.2.3.4":  "",
	} {
		msg, err := sipmsg.ParseMessage([]byte("SIP/2.0 200 OK\r\nVia: " + via + "\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		got := publicAddr(msg.Via())
		if text := got.String(); got.IsValid() && text != want || !got.IsValid() && want != "" {
			t.Errorf("%s: %v, want %q", via, got, want)
		}
	}
}
