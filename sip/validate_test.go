package sip

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// What a request is answered with. Messages are in the spirit of RFC 4475.
func TestResponseTable(t *testing.T) {
	sub := func(old, new string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				panic("no " + old)
			}
			return strings.Replace(s, old, new, 1)
		}
	}
	for _, tt := range []struct {
		name, method string
		edit         func(string) string
		headers      []string
		body         string
		code         int // 0 = no answer
		want         string
	}{
		{name: "ping", method: "OPTIONS", code: 200, want: "Allow: INVITE"},
		{name: "ping without user", method: "OPTIONS", edit: sub("sip:ata1@10.0.0.2", "sip:10.0.0.2"), code: 200},
		{name: "unknown method", method: "INVENT", code: 501, want: "Allow: INVITE"},
		{name: "method not for us", method: "REGISTER", code: 405, want: "Allow: INVITE"},
		{name: "method of lower case", method: "OPTIONS", edit: sub("OPTIONS sip", "options sip"), code: 200},
		{name: "method and CSeq differ", method: "OPTIONS", edit: sub("1 OPTIONS", "1 INVITE"), code: 400},
		{name: "blanks in CSeq", method: "OPTIONS", edit: sub("CSeq: 1 OPTIONS", "CSeq: 1  \t OPTIONS"), code: 200},
		{name: "folded lines", method: "OPTIONS", edit: sub("CSeq: 1 OPTIONS", "CSeq: 1\r\n  OPTIONS"), code: 200},
		{name: "CSeq too big", method: "OPTIONS", edit: sub("CSeq: 1 ", "CSeq: 36893488147419103232 "), code: 0},
		{name: "no From", method: "OPTIONS", edit: sub("From: ", "X-From: "), code: 400},
		{name: "no To", method: "OPTIONS", edit: sub("To: ", "X-To: "), code: 400},
		{name: "no Call-ID", method: "OPTIONS", edit: sub("Call-ID: ", "X-Call-ID: "), code: 0},
		{name: "two From", method: "OPTIONS", headers: []string{"From: <sip:other@10.0.0.1>;tag=2"}, code: 400},
		{name: "two CSeq", method: "OPTIONS", headers: []string{"CSeq: 2 OPTIONS"}, code: 400},
		{name: "wrong version", method: "OPTIONS", edit: sub("SIP/2.0\r\n", "SIP/7.0\r\n"), code: 505},
		{name: "unknown scheme", method: "OPTIONS", edit: sub("OPTIONS sip:ata1@10.0.0.2:5060", "OPTIONS nobody:knows"), code: 416},
		{name: "tel", method: "INVITE", edit: sub("INVITE sip:ata1@10.0.0.2:5060", "INVITE tel:+12125551212"), code: 416},
		{name: "unknown extension", method: "OPTIONS", headers: []string{"Require: nothing-SIPs, 100rel", "Require: more"}, code: 420, want: "Unsupported: nothing-SIPs, more"},
		{name: "unknown type", method: "INVITE", headers: []string{"Content-Type: application/unknown"}, body: "x", code: 415, want: "Accept: application/sdp"},
		{name: "compressed", method: "INVITE", headers: []string{"Content-Encoding: gzip"}, body: "x", code: 415, want: "Accept-Encoding: identity"},
		{name: "no SDP", method: "INVITE", body: "hello", code: 488},
		{name: "no media for us", method: "INVITE", body: sessionOf("c=IN IP4 10.0.0.1", "m=audio 1 RTP/AVP 18"), code: 488, want: "Warning: 305"},
		{name: "no Contact", method: "INVITE", edit: sub("Contact: ", "X-Contact: "), code: 400},
		{name: "two Contacts", method: "INVITE", headers: []string{"m: <sip:other@10.0.0.1>"}, code: 400},
		{name: "BYE of no dialog", method: "BYE", code: 481},
		{name: "BYE of unknown dialog", method: "BYE", edit: sub("To: <sip:ata1@10.0.0.1>", "To: <sip:ata1@10.0.0.1>;tag=nosuch"), code: 481},
		{name: "INFO of no dialog", method: "INFO", code: 481},
		{name: "other event", method: "NOTIFY", headers: []string{"Event: presence"}, code: 489, want: "Allow-Events: message-summary"},
		{name: "short body", method: "OPTIONS", edit: sub("Content-Length: 0", "Content-Length: 10"), code: 400},
		{name: "negative length", method: "OPTIONS", edit: sub("Content-Length: 0", "Content-Length: -999"), code: 400},
		{name: "Max-Forwards 0", method: "OPTIONS", edit: sub("Max-Forwards: 70", "Max-Forwards: 0"), code: 200},
		{name: "escapes", method: "OPTIONS", headers: []string{"Subject: I know %20 and %00"}, code: 200},
		{name: "control character", method: "OPTIONS", headers: []string{"Subject: two\nlines"}, code: 400},
		{name: "unknown headers", method: "OPTIONS", headers: []string{"NewFangledHeader:   newfangled value\r\n continued", "UnknownHeaderWithUnusualValue: ;;,,;;,;"}, code: 200},
		{name: "other user", method: "INVITE", edit: sub("sip:ata1@10.0.0.2", "sip:100@10.0.0.2"), code: 0},
		{name: "old branch", method: "OPTIONS", edit: sub(branchCookie, "1"), code: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				text := w.peer.leg("ata1").text(tt.method, 1, "", tt.body, tt.headers...)
				if tt.edit != nil {
					text = tt.edit(text)
				}
				w.peer.send(text)
				if tt.code == 0 {
					w.peer.nothing()
				} else if res := w.peer.response(tt.code); !strings.Contains(res.String(), tt.want) {
					t.Errorf("no %q in\n%s", tt.want, res)
				}
				w.noEvent()
			})
		})
	}
}

// The same request by two ways rings once (RFC 3261 §8.2.2.2).
func TestMergedRequest(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		w.peer.send(l.text("INVITE", 1, "", description()))
		event[Incoming](w)
		w.peer.send(l.text("INVITE", 1, "", description()))
		w.peer.response(482)
		w.noEvent()
	})
}

func TestOutOfOrder(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, _, _ := answeredCall(w, description())
		l.seq = 10
		l.send("OPTIONS", "")
		w.peer.response(200)
		w.peer.send(l.text("OPTIONS", 5, "", ""))
		w.peer.response(500)
	})
}

// Requests from elsewhere, or for another user, ring nothing and are not
// answered, and cost no memory per source.
func TestGhostCalls(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		synctest.Wait()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		l := w.peer.leg("ata1")
		n := repeat(20000)
		for i := range n {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), uint16(1024+i))
			method := []string{"INVITE", "OPTIONS"}[i%2]
			w.net.Send(from, uaAddr, []byte(l.text(method, 1, "", "")))
			if i%1000 == 0 {
				synctest.Wait()
			}
		}
		w.peer.nothing()
		w.noEvent()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if c := w.ua.Status().Counters; c.Strangers != uint64(n) || c.Received != 0 {
			t.Errorf("counters %+v", c)
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 512<<10 {
			t.Errorf("heap grew by %d bytes", grown)
		}
		w.net.Send(netip.MustParseAddrPort("10.0.0.1:5061"), uaAddr, []byte(l.text("INVITE", 1, "", ""))) // wrong port
		w.peer.send(strings.Replace(l.text("INVITE", 1, "", ""), "ata1@10.0.0.2", "0@10.0.0.2", 1))
		w.peer.nothing()
		w.noEvent()
		if c := w.ua.Status().Counters; c.Misrouted != 1 {
			t.Errorf("counters %+v", c)
		}
	})
}

// A response that we did not ask for is refused before it is parsed.
func TestForgedResponse(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		res := sipmsg.NewResponseFromRequest(withToTag(invite, "evil"), 603, "Decline", nil)
		branch, _ := invite.Via().Params.Get("branch")
		w.peer.send(strings.ReplaceAll(res.String(), branch, branchCookie+"guess"))
		w.peer.nothing()
		w.noEvent()
		if c := w.ua.Status().Counters; c.Garbage != 1 || c.Received != 0 {
			t.Errorf("counters %+v", c)
		}
	})
}

func TestRequestRate(t *testing.T) {
	edit := func(_ *Account, _ *Voice, o *Opts) { o.Limits = Limits{} }
	inWorld(t, edit, func(w *world) {
		for range 100 {
			w.peer.leg("ata1").send("OPTIONS", "")
		}
		synctest.Wait()
		if n := len(w.peer.drain()); n != 40 {
			t.Errorf("%d answered of a burst of 100, want 40", n)
		}
		time.Sleep(time.Second)
		for range 100 {
			w.peer.leg("ata1").send("OPTIONS", "")
		}
		synctest.Wait()
		if n := len(w.peer.drain()); n != 20 {
			t.Errorf("%d answered a second later, want 20", n)
		}
	})
}

// A caller who acknowledges our refusals hears us, so however fast it calls it
// is no flood. One who does not know the tag of our answers may be forged.
func TestRequestRateOfACallerWhoHears(t *testing.T) {
	for name, tt := range map[string]struct{ hears, limited bool }{
		"hears": {true, false}, "forged": {false, true},
	} {
		edit := func(_ *Account, _ *Voice, o *Opts) { o.Limits = Limits{} }
		inWorld(t, edit, func(w *world) {
			for range 200 {
				l := w.peer.leg("ata1")
				l.send("INVITE", description())
				branch := l.branch
				w.peer.send(l.text("CANCEL", l.seq, branch, ""))
				synctest.Wait()
				l.remote = "forged"
				for _, res := range w.peer.drain() {
					if tt.hears {
						l.learn(res.(*sipmsg.Response))
					}
				}
				w.peer.send(l.text("ACK", l.seq, branch, ""))
				synctest.Wait()
			}
			if n := w.ua.Status().Counters.Limited; tt.limited != (n > 0) {
				t.Errorf("%s: %d of 600 requests limited", name, n)
			}
		})
	}
}

// A fault in a handler releases its call and leaves the others alone.
func TestFaultReleasesCall(t *testing.T) {
	edit := func(_ *Account, _ *Voice, o *Opts) {
		note := o.Notify
		o.Notify = func(e Event) {
			if in, ok := e.(Incoming); ok && in.Priority == "fault" {
				panic("on purpose")
			}
			note(e)
		}
	}
	inWorld(t, edit, func(w *world) {
		l, _, _ := answeredCall(w, description())
		bad := w.peer.leg("ata1")
		bad.send("INVITE", description(), "Priority: fault")
		w.peer.response(500)
		event[Ended](w)
		if n := w.ua.Status().Counters.Panics; n != 1 {
			t.Errorf("%d panics counted", n)
		}
		w.ua.count.panics.Store(0)
		l.send("BYE", "")
		w.peer.response(200)
		event[Ended](w)
	})
}

// A request without rport is answered where Via says (RFC 3261 §18.2.2).
func TestReplyAddress(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		other := newPeer(t, w.net, netip.MustParseAddrPort("10.0.0.1:5099"))
		defer other.close()
		text := w.peer.leg("ata1").text("OPTIONS", 1, "", "")
		text = strings.Replace(text, "Via: SIP/2.0/UDP 10.0.0.1:5060", "Via: SIP/2.0/UDP far.test:5099", 1)
		w.peer.send(strings.Replace(text, ";rport", "", 1))
		if got, _ := other.response(200).Via().Params.Get("received"); got != "10.0.0.1" {
			t.Errorf("received=%s", got)
		}
		w.peer.send(w.peer.leg("ata1").text("OPTIONS", 1, "", ""))
		if got, _ := w.peer.response(200).Via().Params.Get("rport"); got != "5060" {
			t.Errorf("rport=%s", got)
		}
	})
}

func TestInjection(t *testing.T) {
	edit := func(a *Account, _ *Voice, o *Opts) {
		a.Display, o.UserAgent = "x\"\r\nX-Evil: 1\\", "agent\r\nX-Evil: 2"
	}
	inWorld(t, edit, func(w *world) {
		w.ua.Invite("2\r\nX-Evil: 3", rtpAddr)
		event[Ended](w)
		w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		if headerValue(invite, "X-Evil") != "" || !strings.Contains(invite.String(), `From: "x\"X-Evil: 1\\" <sip:ata1@`) {
			t.Errorf("%s", invite)
		}
	})
}

func FuzzDatagram(f *testing.F) {
	p := &peer{addr: peerAddr}
	l := p.leg("ata1")
	for _, m := range []string{"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "NOTIFY", "PRACK", "UPDATE", "INFO"} {
		f.Add([]byte(l.text(m, 1, "", description())))
		in := &leg{p: p, callID: "$ID", local: "$FAR", remote: "$UA", user: "ata1"} // of the call that is up
		f.Add([]byte(in.text(m, 7, "", description("a=sendonly"), "RAck: 1 1 INVITE", "Session-Expires: 100;refresher=uac", "Supported: timer")))
	}
	f.Add([]byte(fmt.Sprintf("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=%s\r\nCSeq: 1 INVITE\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\nCall-ID: 1\r\n\r\n", branchCookie)))
	f.Fuzz(func(t *testing.T, b []byte) {
		inWorld(t, nil, func(w *world) {
			w.peer.tolerant = true  // what we got and repeat need not be readable
			w.ua.guard.branch = nil // let responses of any branch in
			l, _, _ := answeredCall(w, description())
			text := strings.NewReplacer("$ID", l.callID, "$UA", l.remote, "$FAR", l.local).Replace(string(b))
			w.peer.send(text)
			w.peer.send(text)
			time.Sleep(time.Second)
			synctest.Wait()
			w.peer.drain()
		})
	})
}
