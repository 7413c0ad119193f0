package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// A reliable ringing of the far end is acknowledged, repetitions and gaps are
// not (RFC 3262 §4).
func TestPrackSent(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		reliable := func(tag string, rseq int, body string) {
			w.peer.reply(invite, 183, tag, body, "Require: 100rel", fmt.Sprintf("RSeq: %d", rseq))
		}
		reliable("a", 100, description())
		prack := w.peer.request(sipmsg.PRACK)
		if got, want := headerValue(prack, "RAck"), fmt.Sprintf("100 %d INVITE", invite.CSeq().SeqNo); got != want {
			t.Errorf("RAck %s, want %s", got, want)
		}
		if p := event[Progress](w); p.Media == nil || p.Media.Codec != "PCMU" {
			t.Errorf("progress %+v", p)
		}
		reliable("a", 100, description()) // PRACK is on its way
		reliable("a", 102, "")            // 101 is missing
		w.peer.nothing()
		w.noEvent()
		time.Sleep(timerT1)
		w.peer.reply(w.peer.request(sipmsg.PRACK), 200, "", "") // lost once, sent again by its transaction
		reliable("a", 101, "")
		again := w.peer.request(sipmsg.PRACK)
		if again.CSeq().SeqNo <= prack.CSeq().SeqNo {
			t.Errorf("CSeq %d after %d", again.CSeq().SeqNo, prack.CSeq().SeqNo)
		}
		w.peer.reply(again, 200, "", "")
		event[Progress](w)
		reliable("b", 7, "") // another fork counts for itself
		w.peer.reply(w.peer.request(sipmsg.PRACK), 200, "", "")
		event[Progress](w)
		w.peer.reply(invite, 200, "a", "")
		ack := w.peer.request(sipmsg.ACK)
		if ack.CSeq().SeqNo != invite.CSeq().SeqNo {
			t.Errorf("ACK %s", ack.CSeq().Value())
		}
		if a := event[Answered](w); a.Media.Codec != "PCMU" {
			t.Errorf("answered %+v", a)
		}
		w.ua.Hangup(id)
		if bye := w.peer.request(sipmsg.BYE); bye.CSeq().SeqNo <= again.CSeq().SeqNo {
			t.Errorf("BYE has CSeq %d after %d", bye.CSeq().SeqNo, again.CSeq().SeqNo)
		}
	})
}

// A caller who requires 100rel gets a ringing that is repeated until PRACK.
func TestPrackReceived(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description(), "Require: 100rel")
		in := event[Incoming](w)
		w.ua.Ring(in.Call)
		ringing := w.peer.response(180)
		if !lists(ringing, "Require", "100rel") {
			t.Errorf("not reliable:\n%s", ringing)
		}
		l.learn(ringing)
		rseq := headerValue(ringing, "RSeq")
		time.Sleep(timerT1)
		w.peer.response(180)
		l.send("PRACK", "", "RAck: 1 1 INVITE")
		w.peer.response(481)
		l.send("PRACK", "", "RAck: "+rseq+" 1 INVITE")
		if r := w.peer.response(200); r.CSeq().MethodName != sipmsg.PRACK {
			t.Errorf("got %s", short(r))
		}
		time.Sleep(20 * time.Second)
		w.peer.nothing()
		w.answer(in.Call)
		w.peer.response(200)
		l.seq = 1
		l.ack("")
		event[Answered](w)
	})
}

func TestPrackMissing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description(), "Require: 100rel")
		in := event[Incoming](w)
		w.ua.Ring(in.Call)
		time.Sleep(timer64)
		got := w.peer.drain()
		if res, ok := got[len(got)-1].(*sipmsg.Response); !ok || res.StatusCode != 504 {
			t.Errorf("last message %s", short(got[len(got)-1]))
		}
		event[Ended](w)
	})
}

// RFC 4028: the UA refreshes at half, by UPDATE if the far end knows it.
func TestSessionTimerRefreshed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		invite, _ := placedCall(w, "Session-Expires: 200;refresher=uac", "Require: timer", "Allow: INVITE, ACK, BYE, UPDATE")
		if got := headerValue(invite, "Session-Expires"); got != "1800" {
			t.Errorf("asked for %s", got)
		}
		for range 3 {
			time.Sleep(100*time.Second - time.Millisecond)
			w.peer.nothing()
			time.Sleep(2 * time.Millisecond)
			up := w.peer.request(sipmsg.UPDATE)
			if got := headerValue(up, "Session-Expires"); got != "200;refresher=uac" {
				t.Errorf("refresh with %s", got)
			}
			w.peer.reply(up, 200, "", "", "Session-Expires: 200;refresher=uac")
		}
		time.Sleep(100 * time.Second)
		w.peer.reply(w.peer.request(sipmsg.UPDATE), 481, "", "")
		event[Ended](w)
		w.peer.request(sipmsg.BYE)
	})
}

// Without UPDATE the refresh is a re-INVITE that changes nothing.
func TestSessionTimerByReinvite(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		invite, _ := placedCall(w, "Session-Expires: 200;refresher=uac", "Allow: INVITE, ACK, BYE")
		time.Sleep(100 * time.Second)
		re := w.peer.request(sipmsg.INVITE)
		if a, b := string(re.Body()), string(invite.Body()); a != b {
			t.Errorf("description changed:\n%s\n%s", b, a)
		}
		w.peer.reply(re, 200, "", description(), "Session-Expires: 200;refresher=uac")
		w.peer.request(sipmsg.ACK)
		w.noEvent()
		time.Sleep(100 * time.Second)
		w.peer.request(sipmsg.INVITE)
	})
}

// If the far end should refresh and does not, the call ends shortly before the
// interval does.
func TestSessionTimerMissed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, _, _ := answeredCall(w, description(), "Supported: timer", "Session-Expires: 120;refresher=uac")
		time.Sleep(80 * time.Second)
		l.send("UPDATE", "", "Supported: timer", "Session-Expires: 120;refresher=uac")
		if got := headerValue(w.peer.response(200), "Session-Expires"); got != "120;refresher=uac" {
			t.Errorf("agreed to %s", got)
		}
		time.Sleep(120*time.Second - 32*time.Second - time.Millisecond)
		w.noEvent()
		time.Sleep(2 * time.Millisecond)
		event[Ended](w)
		w.peer.reply(w.peer.request(sipmsg.BYE), 200, "", "")
	})
}

func TestSessionTimerTooShort(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description(), "k: timer", "x: 30")
		if got := headerValue(w.peer.response(422), "Min-SE"); got != "90" {
			t.Errorf("Min-SE %s", got)
		}
		w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		w.peer.reply(invite, 422, "a", "", "Min-SE: 3600")
		w.peer.request(sipmsg.ACK)
		second := w.peer.request(sipmsg.INVITE)
		if got := headerValue(second, "Session-Expires"); got != "3600" || second.CSeq().SeqNo != invite.CSeq().SeqNo+1 {
			t.Errorf("second INVITE asks for %s, CSeq %s", got, second.CSeq().Value())
		}
		w.peer.reply(second, 486, "a", "")
		if e := event[Ended](w); e.Code != 486 {
			t.Errorf("ended %+v", e)
		}
	})
}

// A challenge is answered once, with Call-ID and tag kept; the ACK carries the
// credentials, too.
func TestChallenge(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.ua.Invite("200", rtpAddr)
		first := w.peer.request(sipmsg.INVITE)
		w.peer.reply(first, 407, "x", "", `Proxy-Authenticate: Digest realm="r", nonce="n1", algorithm=SHA-256, qop="auth"`)
		w.peer.request(sipmsg.ACK)
		second := w.peer.request(sipmsg.INVITE)
		if second.CallID().Value() != first.CallID().Value() || second.From().Value() != first.From().Value() ||
			second.CSeq().SeqNo != first.CSeq().SeqNo+1 || second.Via().Value() == first.Via().Value() {
			t.Errorf("second INVITE:\n%s", second)
		}
		if v := headerValue(second, "Proxy-Authorization"); !strings.Contains(v, `uri="sip:200@10.0.0.1"`) || !strings.Contains(v, "nc=00000001") {
			t.Errorf("credentials %s", v)
		}
		w.peer.reply(second, 200, "a", description())
		event[Answered](w)
		ack := w.peer.request(sipmsg.ACK)
		if headerValue(ack, "Proxy-Authorization") == "" || ack.CSeq().SeqNo != second.CSeq().SeqNo {
			t.Errorf("ACK:\n%s", ack)
		}
		w.ua.Invite("201", rtpAddr)
		ahead := w.peer.request(sipmsg.INVITE)
		if v := headerValue(ahead, "Proxy-Authorization"); !strings.Contains(v, "nc=00000002") {
			t.Errorf("credentials ahead %q", v)
		}
		w.peer.reply(ahead, 407, "x", "", `Proxy-Authenticate: Digest realm="r", nonce="n2", algorithm=SHA-256, qop="auth"`)
		w.peer.request(sipmsg.ACK)
		w.peer.reply(w.peer.request(sipmsg.INVITE), 407, "x", "", `Proxy-Authenticate: Digest realm="r", nonce="n3", algorithm=SHA-256, qop="auth"`)
		w.peer.request(sipmsg.ACK)
		w.peer.nothing()
		if e := event[Ended](w); e.Code != 407 {
			t.Errorf("ended %+v", e)
		}
	})
}

// CANCEL is held back after a challenge, too: the second INVITE has not been
// answered yet.
func TestCancelAfterChallenge(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("200", rtpAddr)
		first := w.peer.request(sipmsg.INVITE)
		w.peer.reply(first, 100, "", "")
		w.peer.reply(first, 407, "x", "", `Proxy-Authenticate: Digest realm="r", nonce="n1"`)
		w.peer.request(sipmsg.ACK)
		second := w.peer.request(sipmsg.INVITE)
		w.ua.Hangup(id)
		w.peer.nothing()
		w.peer.reply(second, 180, "a", "")
		cancel := w.peer.request(sipmsg.CANCEL)
		if cancel.CSeq().SeqNo != second.CSeq().SeqNo {
			t.Errorf("CANCEL %s", cancel.CSeq().Value())
		}
		event[Ended](w)
	})
}

// RFC 3263 §4.3: the next server after silence, an error or 503.
func TestFailover(t *testing.T) {
	second := netip.MustParseAddrPort("10.0.0.3:5060")
	edit := func(a *Account, _ *Voice, o *Opts) {
		a.Domain = "voip.test"
		o.Locate = func(context.Context, string, int, Transport) ([]Target, error) {
			return []Target{{Addr: peerAddr, Transport: UDP}, {Addr: second, Transport: UDP}}, nil
		}
	}
	for _, how := range []string{"silence", "503"} {
		t.Run(how, func(t *testing.T) {
			inWorld(t, edit, func(w *world) {
				other := newPeer(t, w.net, second)
				defer other.close()
				w.ua.Invite("200", rtpAddr)
				first := w.peer.request(sipmsg.INVITE)
				if how == "503" {
					w.peer.reply(first, 503, "x", "")
					w.peer.request(sipmsg.ACK)
				} else {
					time.Sleep(invitePatience)
				}
				again := other.request(sipmsg.INVITE)
				if again.CallID().Value() != first.CallID().Value() || again.Via().Value() == first.Via().Value() {
					t.Errorf("second INVITE:\n%s", again)
				}
				other.reply(again, 200, "a", description())
				event[Answered](w)
				other.request(sipmsg.ACK)
				w.peer.drain()
				time.Sleep(time.Minute)
				w.peer.nothing()
			})
		})
	}
}

// Only the first call waits for a server that fell silent, although the line is
// registered there; after the server's answer to a REGISTER it is asked again.
func TestSilentServerIsLeft(t *testing.T) {
	second := netip.MustParseAddrPort("10.0.0.3:5060")
	inWorld(t, func(a *Account, _ *Voice, o *Opts) {
		a.Domain, a.Register = "voip.test", true
		o.Locate = func(context.Context, string, int, Transport) ([]Target, error) {
			return []Target{{Addr: peerAddr, Transport: UDP}, {Addr: second, Transport: UDP}}, nil
		}
	}, func(w *world) {
		other := newPeer(t, w.net, second)
		defer other.close()
		w.bind(w.peer.request(sipmsg.REGISTER))
		call := func(answers *peer, after time.Duration) {
			id := w.ua.Invite("200", rtpAddr)
			time.Sleep(after)
			answers.reply(answers.request(sipmsg.INVITE), 200, token(4), description())
			answers.request(sipmsg.ACK)
			w.ua.Hangup(id)
			answers.reply(answers.request(sipmsg.BYE), 200, "", "")
			synctest.Wait()
		}
		call(other, invitePatience)
		w.peer.drain()
		call(other, 0)
		w.peer.nothing()
		for reg := (*sipmsg.Request)(nil); reg == nil; time.Sleep(time.Second) {
			for _, m := range w.peer.drain() {
				if req, ok := m.(*sipmsg.Request); ok && req.Method == sipmsg.REGISTER {
					reg = req
					w.bind(req)
				}
			}
		}
		call(w.peer, 0)
	})
}

func TestServerSilent(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.ua.Invite("200", rtpAddr)
		time.Sleep(timer64 + time.Second)
		if e := event[Ended](w); e.Code != 408 {
			t.Errorf("ended %+v", e)
		}
		if n := len(w.peer.drain()); n != 7 {
			t.Errorf("%d INVITEs, want 7", n)
		}
		w.ua.Invite("not a number", rtpAddr)
		if e := event[Ended](w); e.Code != 484 {
			t.Errorf("ended %+v", e)
		}
		w.peer.nothing()
	})
}

func TestNobodyAnswers(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		for range 30 {
			w.peer.reply(invite, 180, "a", "")
			event[Progress](w)
			time.Sleep(3 * time.Second)
		}
		time.Sleep(91 * time.Second)
		if e := event[Ended](w); e.Code != 408 || e.Local {
			t.Errorf("ended %+v", e)
		}
		w.peer.request(sipmsg.CANCEL)
	})
}

// Responses above 299 end a call with status and cause.
func TestRefused(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for _, code := range []int{302, 404, 486, 503, 603, 699} {
			w.ua.Invite("200", rtpAddr)
			w.peer.reply(w.peer.request(sipmsg.INVITE), code, "a", "", "Reason: Q.850;cause=17")
			w.peer.request(sipmsg.ACK)
			if e := event[Ended](w); e.Code != code || e.Cause != 17 || e.Local {
				t.Errorf("%d: ended %+v", code, e)
			}
		}
	})
}

// Every repetition of a final response is acknowledged (RFC 3261 §17.1.1.2).
func TestRepeatedRefusal(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		for range 5 {
			w.peer.reply(invite, 486, "a", "")
			ack := w.peer.request(sipmsg.ACK)
			if ack.Via().Value() != invite.Via().Value() {
				t.Errorf("ACK has Via %s", ack.Via().Value())
			}
			time.Sleep(time.Second)
		}
		event[Ended](w)
	})
}

func TestElsewhere(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description())
		event[Incoming](w)
		w.peer.send(l.text("CANCEL", 1, l.branch, "", `Reason: SIP;cause=200;text="Call completed elsewhere"`))
		if e := event[Ended](w); !e.Elsewhere || e.Local {
			t.Errorf("ended %+v", e)
		}
	})
}

func TestReject(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description())
		in := event[Incoming](w)
		w.ua.Reject(in.Call, 486, "busy\r\nX: y")
		if r := w.peer.response(486); r.Reason != "busyX: y" {
			t.Errorf("reason %q", r.Reason)
		}
		if e := event[Ended](w); !e.Local || e.Code != 486 {
			t.Errorf("ended %+v", e)
		}
	})
}

// At most two calls wait for an answer (RFC 3261 §21.4.24).
func TestTooManyWaiting(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for range 2 {
			w.peer.leg("ata1").send("INVITE", description())
			event[Incoming](w)
		}
		w.peer.leg("ata1").send("INVITE", description())
		synctest.Wait()
		w.peer.response(486)
		w.noEvent()
	})
}

func TestDigitsByInfo(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, id, _ := answeredCall(w, description())
		for _, tt := range []struct {
			kind, body string
			key        byte
			d          time.Duration
		}{
			{"application/dtmf-relay", "Signal=5\r\nDuration=200\r\n", '5', 200 * time.Millisecond},
			{"application/dtmf-relay", "Signal= #\n", '#', usualDigit},
			{"application/dtmf-relay", "Signal=11\r\nDuration=0\r\n", '#', usualDigit},
			{"application/dtmf", "*", '*', usualDigit},
			{"application/dtmf-relay", "Signal=16\r\n", FlashKey, usualDigit},
			{"application/hook-flash", "signal=hf\r\n", FlashKey, usualDigit},
			{"application/dtmf-relay", "Signal=nonsense\r\n", 0, 0},
		} {
			l.send("INFO", tt.body, "Content-Type: "+tt.kind)
			w.peer.response(200)
			if tt.key == 0 {
				w.noEvent()
			} else if d := event[Digit](w); d.Key != tt.key || d.Duration != tt.d || d.Call != id {
				t.Errorf("%q: %+v", tt.body, d)
			}
		}
		w.ua.SendInfoDigit(id, '#', 120*time.Millisecond)
		info := w.peer.request(sipmsg.INFO)
		if got := string(info.Body()); got != "Signal=#\r\nDuration=120\r\n" || contentType(info) != "application/dtmf-relay" {
			t.Errorf("INFO %s %q", contentType(info), got)
		}
		w.peer.reply(info, 200, "", "")
		w.ua.SendInfoDigit(id, 'x', 0)
		w.peer.nothing()
	})
}

func TestMessagesWaiting(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("NOTIFY", "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n", "Event: message-summary", "Content-Type: application/simple-message-summary")
		w.peer.response(200)
		if m := event[MessagesWaiting](w); m != (MessagesWaiting{true, 2, 8}) {
			t.Errorf("%+v", m)
		}
		l.send("NOTIFY", "Messages-Waiting: no\r\n", "o: message-summary", "c: application/simple-message-summary")
		w.peer.response(200)
		if m := event[MessagesWaiting](w); m != (MessagesWaiting{}) {
			t.Errorf("%+v", m)
		}
		l.send("NOTIFY", "", "Event: check-sync")
		if got := headerValue(w.peer.response(489), "Allow-Events"); got != "message-summary" {
			t.Errorf("Allow-Events %q", got)
		}
	})
}

// The end of a UA hangs up what is up and takes no longer than it may.
func TestShutdown(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		placedCall(w)
		w.ua.Invite("201", rtpAddr)
		w.peer.reply(w.peer.request(sipmsg.INVITE), 180, "b", "")
		event[Progress](w)
		l := w.peer.leg("ata1")
		l.send("INVITE", description())
		event[Incoming](w)
		start := time.Now()
		w.end()
		if d := time.Since(start); d > shutdownTime {
			t.Errorf("took %v", d)
		}
		got := map[string]bool{}
		for _, m := range w.peer.drain() {
			got[strings.Fields(short(m))[0]+strings.Fields(short(m))[1]] = true
		}
		if !got["BYEsip:far@10.0.0.1:5060"] || !got["CANCELsip:201@10.0.0.1"] || !got["SIP/2.0480"] {
			t.Errorf("sent %v", got)
		}
		for range 3 {
			event[Ended](w)
		}
	})
}

// The far end changes early media before it answers (RFC 6337 §3.1).
func TestEarlyUpdate(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		w.peer.reply(invite, 180, "tag1", "")
		event[Progress](w)
		w.peer.send(w.farRequest(invite, "UPDATE", 1, description()))
		w.peer.response(491) // our offer has no answer yet
		w.peer.reply(invite, 183, "tag1", description(), "Require: 100rel", "RSeq: 1")
		w.peer.reply(w.peer.request(sipmsg.PRACK), 200, "", "")
		event[Progress](w)
		w.peer.send(w.farRequest(invite, "UPDATE", 2, sessionOf("c=IN IP4 10.0.0.8", "m=audio 30004 RTP/AVP 8 101")))
		if ok := w.peer.response(200); parseSDP(t, string(ok.Body())).Media[0].Codecs[0].Name != "PCMA" {
			t.Errorf("answer\n%s", ok.Body())
		}
		if p := event[Progress](w); p.Media == nil || p.Media.Codec != "PCMA" || p.Media.Remote != netip.MustParseAddrPort("10.0.0.8:30004") {
			t.Errorf("progress %+v", p)
		}
		w.peer.reply(invite, 200, "tag1", "")
		w.peer.request(sipmsg.ACK)
		if a := event[Answered](w); a.Media.Codec != "PCMA" {
			t.Errorf("answered %+v", a)
		}
	})
}

// A refresh by re-INVITE that fails for now is tried again before the end, and
// its reliable provisional responses are acknowledged.
func TestRefreshTriedAgain(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		placedCall(w, "Session-Expires: 200;refresher=uac", "Allow: INVITE, ACK, BYE")
		time.Sleep(100 * time.Second)
		re := w.peer.request(sipmsg.INVITE)
		w.peer.reply(re, 183, "", "", "Require: 100rel", "RSeq: 9")
		w.peer.reply(w.peer.request(sipmsg.PRACK), 200, "", "")
		w.peer.reply(re, 500, "", "")
		w.peer.request(sipmsg.ACK)
		time.Sleep(50 * time.Second)
		w.peer.reply(w.peer.request(sipmsg.INVITE), 200, "", description(), "Session-Expires: 200;refresher=uac")
		w.peer.request(sipmsg.ACK)
		w.noEvent()
	})
}
