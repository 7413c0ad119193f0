package sip

import (
	"net/netip"
	"strings"
	"testing"

	sipmsg "github.com/emiago/sipgo/sip"
)

// A sips: address is refused where not every hop can be over TLS (RFC 5630 §5.1).
func TestSIPSNeedsTLS(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		invite := l.text("INVITE", 1, "", description())
		w.peer.send(strings.Replace(invite, "INVITE sip:", "INVITE sips:", 1))
		if res := w.peer.response(480); !strings.HasPrefix(headerValue(res, "Warning"), "380 ") {
			t.Errorf("Warning: %s", headerValue(res, "Warning"))
		}
		w.noEvent()
		w.ua.Invite("sips:200@example.net", rtpAddr)
		if e := event[Ended](w); e.Code != 416 {
			t.Errorf("ended %+v", e)
		}
		if m := w.peer.take(); m != nil {
			if r, ok := m.(*sipmsg.Request); !ok || r.Method != sipmsg.ACK {
				t.Errorf("sent %v", short(m))
			}
		}
		w.peer.nothing()
	})
}

func TestContactIsSIPSWhereAsked(t *testing.T) {
	u := &UA{user: "me"}
	over := func(tr Transport) *flow {
		return &flow{transport: tr, local: netip.MustParseAddrPort("192.0.2.1:40000")}
	}
	for _, tt := range []struct {
		name, uri string
		headers   []string
		tr        Transport
		want      string
	}{
		{"sip", "sip:1@a", nil, TLS, "sip:me@192.0.2.1:40000;transport=tls"},
		{"sips", "sips:1@a", nil, TLS, "sips:me@192.0.2.1:40000"},
		{"sips on an open transport", "sips:1@a", nil, TCP, "sip:me@192.0.2.1:40000;transport=tcp"},
		{"recorded by a sips hop", "sip:1@a", []string{"Record-Route: <sips:p;lr>", "Contact: <sip:2@b>"}, TLS, "sips:me@192.0.2.1:40000"},
		{"recorded by a sip hop", "sip:1@a", []string{"Record-Route: <sip:p;lr>", "Contact: <sips:2@b>"}, TLS, "sip:me@192.0.2.1:40000;transport=tls"},
		{"by a sips route", "sip:1@a", []string{"Route: <sips:p;lr>"}, TLS, "sips:me@192.0.2.1:40000"},
		{"from a sips contact", "sip:1@a", []string{"Contact: <sips:2@b>"}, TLS, "sips:me@192.0.2.1:40000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := append([]string{
				"INVITE " + tt.uri + " SIP/2.0", "Via: SIP/2.0/TLS b;branch=z9hG4bK1", "From: <sip:2@b>;tag=1", "To: <sip:1@a>", "Call-ID: 1", "CSeq: 1 INVITE",
			}, tt.headers...)
			if got := u.contactFor(parseRequest(t, lines...), over(tt.tr)).Address.String(); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
