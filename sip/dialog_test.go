package sip

import (
	"fmt"
	"strings"
	"testing"

	sipmsg "github.com/emiago/sipgo/sip"
)

func parseRequest(t *testing.T, lines ...string) *sipmsg.Request {
	t.Helper()
	msg, err := sipmsg.ParseMessage([]byte(strings.Join(append(lines, "Content-Length: 0", "", ""), "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	return msg.(*sipmsg.Request)
}

func routesIn(req *sipmsg.Request) string {
	var list []string
	for _, h := range req.GetHeaders("Route") {
		list = append(list, h.Value())
	}
	return strings.Join(list, " ")
}

// The route set of either side and where its requests go (RFC 3261 §12.1,
// §12.2.1.1).
func TestRouteSet(t *testing.T) {
	head := func(first string) []string {
		return []string{
			first, "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", "From: <sip:a@x>;tag=1", "To: <sip:b@y>", "Call-ID: 1",
			"CSeq: 5 INVITE", "Contact: <sip:a@10.0.0.7:5070;x=1?h=2>",
		}
	}
	for _, tt := range []struct {
		name         string
		recordRoutes []string
		uri, routes  string
		hop          string
		response     bool // the caller's view
	}{
		{name: "none", uri: "sip:a@10.0.0.7:5070;x=1", hop: "10.0.0.7"},
		{name: "loose", recordRoutes: []string{"<sip:p1;lr>", "<sip:p2;lr>"}, uri: "sip:a@10.0.0.7:5070;x=1", routes: "<sip:p1;lr> <sip:p2;lr>", hop: "p1"},
		{name: "one line", recordRoutes: []string{"<sip:p1;lr>, <sip:p2;lr>"}, uri: "sip:a@10.0.0.7:5070;x=1", routes: "<sip:p1;lr> <sip:p2;lr>", hop: "p1"},
		{name: "strict", recordRoutes: []string{"<sip:p1>", "<sip:p2;lr>"}, uri: "sip:p1", routes: "<sip:p2;lr> <sip:a@10.0.0.7:5070;x=1>", hop: "p1"},
		{name: "loose, caller", recordRoutes: []string{"<sip:p1;lr>", "<sip:p2;lr>"}, uri: "sip:a@10.0.0.7:5070;x=1", routes: "<sip:p2;lr> <sip:p1;lr>", hop: "p2", response: true},
		{name: "strict, caller", recordRoutes: []string{"<sip:p1;lr>", "<sip:p2>"}, uri: "sip:p2", routes: "<sip:p1;lr> <sip:a@10.0.0.7:5070;x=1>", hop: "p2", response: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := head("INVITE sip:b@y SIP/2.0")
			for _, r := range tt.recordRoutes {
				lines = append(lines, "Record-Route: "+r)
			}
			invite := parseRequest(t, lines...)
			d := dialogFromInvite(invite, "2")
			if tt.response {
				res := sipmsg.NewResponseFromRequest(withToTag(invite, "2"), 200, "OK", nil)
				res.AppendHeader(invite.Contact().Clone())
				d = dialogFromResponse(invite, res)
			}
			seq := d.seq
			bye := d.request(sipmsg.BYE)
			if got := bye.Recipient.String(); got != tt.uri {
				t.Errorf("request URI %s, want %s", got, tt.uri)
			}
			if got := routesIn(bye); got != tt.routes {
				t.Errorf("routes %s, want %s", got, tt.routes)
			}
			if got := d.nextHop().Host; got != tt.hop {
				t.Errorf("next hop %s, want %s", got, tt.hop)
			}
			if bye.CSeq().SeqNo != seq+1 || bye.CallID().Value() != "1" {
				t.Errorf("%s", bye)
			}
		})
	}
}

func TestDialogOrder(t *testing.T) {
	d := &dialog{}
	var got []bool
	for _, seq := range []uint32{7, 7, 6, 8, 100} {
		got = append(got, d.inOrder(seq))
	}
	if s := fmt.Sprint(got); s != "[true false false true true]" {
		t.Errorf("in order: %s", s)
	}
}

// In-dialog requests of a real call follow Record-Route and Contact exactly.
func TestCallThroughProxy(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		w.peer.reply(invite, 200, "a", description(), "Record-Route: <sip:10.0.0.1;lr;ftag=1>", "Contact: <sip:far@192.0.2.9;gr=urn:x>")
		event[Answered](w)
		ack := w.peer.request(sipmsg.ACK)
		if got := ack.Recipient.String() + " " + routesIn(ack); got != "sip:far@192.0.2.9;gr=urn:x <sip:10.0.0.1;lr;ftag=1>" {
			t.Errorf("ACK to %s", got)
		}
		w.ua.Hangup(id)
		bye := w.peer.request(sipmsg.BYE)
		if got := bye.Recipient.String() + " " + routesIn(bye); got != "sip:far@192.0.2.9;gr=urn:x <sip:10.0.0.1;lr;ftag=1>" {
			t.Errorf("BYE to %s", got)
		}
	})
}
