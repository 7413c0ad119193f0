package sip

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/siptest"
)

// repeat is how often a race is run: the full figure if ATA_FULL=1.
func repeat(full int) int {
	if os.Getenv("ATA_FULL") == "1" {
		return full
	}
	return full / 10
}

// An INVITE and its CANCEL sent back to back: 487 and 200, one tag, and the
// line sees a call that begins and ends.
func TestCancelAtOnce(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for i := range repeat(1000) {
			l := w.peer.leg("ata1")
			l.send("INVITE", description())
			branch := l.branch
			w.peer.send(l.text("CANCEL", l.seq, branch, ""))
			in := event[Incoming](w)
			w.ua.Ring(in.Call) // as a line does; too late here
			if e := event[Ended](w); e.Local || e.Code != 487 {
				t.Fatalf("pair %d: ended %+v", i, e)
			}
			ok, terminated := w.peer.response(200), w.peer.response(487)
			if ok.CSeq().MethodName != sipmsg.CANCEL || terminated.CSeq().MethodName != sipmsg.INVITE {
				t.Fatalf("pair %d: %s, %s", i, short(ok), short(terminated))
			}
			a, _ := ok.To().Params.Get("tag")
			b, _ := terminated.To().Params.Get("tag")
			if a == "" || a != b {
				t.Fatalf("pair %d: tags %q and %q", i, a, b)
			}
			l.remote = b
			w.peer.send(l.text("ACK", l.seq, branch, ""))
			w.peer.nothing()
			time.Sleep(6 * time.Second) // Timer I
			w.peer.nothing()
		}
	})
}

func TestCancelBeforeInvite(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.seq = 1
		invite := l.text("INVITE", 1, "", description())
		cancel := l.text("CANCEL", 1, l.branch, "")
		w.peer.send(cancel)
		time.Sleep(cancelPatience / 2)
		w.peer.nothing()
		w.peer.send(invite)
		event[Incoming](w)
		event[Ended](w)
		w.peer.response(200)
		w.peer.response(487)
	})
}

func TestStrayCancel(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("CANCEL", "")
		time.Sleep(cancelPatience - time.Millisecond)
		w.peer.nothing()
		time.Sleep(2 * time.Millisecond)
		w.peer.response(481)
	})
}

// 180, 183 and 200 sent without a pause arrive all, in order.
func TestBurst(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for i := range repeat(2000) {
			id := w.ua.Invite("200", rtpAddr)
			invite := w.peer.request(sipmsg.INVITE)
			w.peer.reply(invite, 180, "a", "")
			w.peer.reply(invite, 183, "a", description())
			w.peer.reply(invite, 200, "a", description())
			first, second := event[Progress](w), event[Progress](w)
			if first.Code != 180 || second.Code != 183 || second.Media == nil {
				t.Fatalf("call %d: %+v, %+v", i, first, second)
			}
			event[Answered](w)
			w.peer.request(sipmsg.ACK)
			w.ua.Hangup(id)
			event[Ended](w)
			w.peer.reply(w.peer.request(sipmsg.BYE), 200, "", "")
			time.Sleep(40 * time.Second)
		}
	})
}

// An 200 that crosses the CANCEL is acknowledged and hung up.
func TestCancelGlare(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		w.peer.reply(invite, 180, "a", "")
		event[Progress](w)
		w.ua.Hangup(id)
		if e := event[Ended](w); !e.Local {
			t.Errorf("ended %+v", e)
		}
		cancel := w.peer.request(sipmsg.CANCEL)
		if a, b := cancel.Via().Value(), invite.Via().Value(); a != b || cancel.To().Params.Has("tag") {
			t.Errorf("CANCEL %s, INVITE %s, To %s", a, b, cancel.To().Value())
		}
		w.peer.reply(cancel, 200, "a", "")
		w.peer.reply(invite, 200, "a", description())
		w.peer.request(sipmsg.ACK)
		w.peer.reply(w.peer.request(sipmsg.BYE), 200, "", "")
		w.noEvent()
		if len(w.ua.calls) != 0 {
			t.Error("call left")
		}
	})
}

// CANCEL waits for the first provisional response (RFC 3261 §9.1).
func TestCancelHeldBack(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		w.ua.Hangup(id)
		event[Ended](w)
		w.peer.nothing()
		w.peer.reply(invite, 100, "", "")
		w.peer.reply(w.peer.request(sipmsg.CANCEL), 200, "a", "")
		w.peer.reply(invite, 487, "a", "")
		w.peer.request(sipmsg.ACK)
		w.noEvent()
		if len(w.ua.calls) != 0 {
			t.Error("call left")
		}
	})
}

// After CANCEL nobody waits longer than 64*T1 for the end.
func TestCancelUnanswered(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("200", rtpAddr)
		w.peer.reply(w.peer.request(sipmsg.INVITE), 180, "a", "")
		event[Progress](w)
		w.ua.Hangup(id)
		event[Ended](w)
		time.Sleep(timer64 + time.Second)
		synctest.Wait()
		if len(w.ua.calls) != 0 {
			t.Error("call left")
		}
		w.peer.drain()
	})
}

// A second fork that answers is acknowledged and hung up, the first stays
// (RFC 3261 §13.2.2.4).
func TestForkedAnswers(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		w.peer.reply(invite, 180, "a", "")
		event[Progress](w)
		w.peer.reply(invite, 200, "a", description())
		event[Answered](w)
		w.peer.request(sipmsg.ACK)
		w.peer.reply(invite, 200, "b", description())
		ack, bye := w.peer.request(sipmsg.ACK), w.peer.request(sipmsg.BYE)
		for _, r := range []*sipmsg.Request{ack, bye} {
			if tag, _ := r.To().Params.Get("tag"); tag != "b" {
				t.Errorf("%s to tag %s", r.Method, tag)
			}
		}
		w.peer.reply(bye, 200, "", "")
		w.peer.reply(invite, 200, "b", description())
		w.peer.request(sipmsg.ACK) // again
		w.peer.nothing()
		w.noEvent()
		w.ua.Hangup(id)
		bye = w.peer.request(sipmsg.BYE)
		if tag, _ := bye.To().Params.Get("tag"); tag != "a" {
			t.Errorf("BYE to tag %s", tag)
		}
		w.peer.reply(bye, 200, "", "")
	})
}

// A 2xx that comes after the transaction of its INVITE is gone.
func TestVeryLateFork(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		invite, _ := placedCall(w)
		time.Sleep(timer64 + time.Second)
		w.peer.reply(invite, 200, "b", description())
		w.peer.request(sipmsg.ACK)
		w.peer.reply(w.peer.request(sipmsg.BYE), 200, "", "")
		w.peer.reply(invite, 200, "tag1", description())
		w.peer.request(sipmsg.ACK)
		w.peer.nothing()
	})
}

// Each repetition of a 2xx is acknowledged again.
func TestLostAck(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		for range 4 {
			w.peer.reply(invite, 200, "a", description())
			w.peer.request(sipmsg.ACK)
			time.Sleep(2 * time.Second)
		}
		event[Answered](w)
		w.noEvent()
		w.ua.Hangup(id)
		w.peer.reply(w.peer.request(sipmsg.BYE), 200, "", "")
	})
}

// A 2xx is repeated after T1, 2T1, 4T1, then every T2, and after 64*T1 without
// ACK the call is hung up (RFC 3261 §13.3.1.4).
func TestAnswerNotAcknowledged(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description())
		in := event[Incoming](w)
		w.answer(in.Call)
		start := time.Now()
		time.Sleep(40 * time.Second)
		synctest.Wait()
		w.peer.mu.Lock()
		var at []string
		for i, m := range w.peer.got {
			name := "BYE"
			if res, ok := m.(*sipmsg.Response); ok {
				name = fmt.Sprint(res.StatusCode)
			}
			at = append(at, fmt.Sprintf("%s@%v", name, w.peer.at[i].Sub(start)))
		}
		w.peer.mu.Unlock()
		got := strings.Join(at[:12], " ")
		want := "200@0s 200@500ms 200@1.5s 200@3.5s 200@7.5s 200@11.5s 200@15.5s 200@19.5s 200@23.5s 200@27.5s 200@31.5s BYE@32s"
		if got != want {
			t.Errorf("sent %s\nwant %s", got, want)
		}
		if e := event[Ended](w); e.Code != 408 {
			t.Errorf("ended %+v", e)
		}
		w.peer.drain()
	})
}

// Hanging up before the ACK waits for it (RFC 3261 §15).
func TestHangupBeforeAck(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description())
		in := event[Incoming](w)
		w.answer(in.Call)
		l.learn(w.peer.response(200))
		w.ua.Hangup(in.Call)
		event[Ended](w)
		w.peer.nothing()
		l.ack("")
		w.peer.reply(w.peer.request(sipmsg.BYE), 200, "", "")
		w.noEvent()
	})
}

// CANCEL after our 2xx is answered and changes nothing.
func TestCancelAfterAnswer(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description())
		branch := l.branch
		in := event[Incoming](w)
		w.answer(in.Call)
		l.learn(w.peer.response(200))
		w.peer.send(strings.Replace(l.text("CANCEL", 1, branch, ""), ";tag="+l.remote, "", 1))
		if ok := w.peer.response(200); ok.CSeq().MethodName != sipmsg.CANCEL {
			t.Errorf("got %s", short(ok))
		}
		l.ack("")
		event[Answered](w)
	})
}

// BYE of both at the same time (RFC 5407 §3.2.1).
func TestByeGlare(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, id, _ := answeredCall(w, description())
		w.ua.Hangup(id)
		event[Ended](w)
		bye := w.peer.request(sipmsg.BYE)
		l.send("BYE", "")
		w.peer.response(200)
		w.peer.reply(bye, 481, "", "")
		w.noEvent()
		if len(w.ua.calls) != 0 {
			t.Error("call left")
		}
	})
}

// The caller ends an incoming call by BYE instead of CANCEL.
func TestByeWhileRinging(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description())
		in := event[Incoming](w)
		w.ua.Ring(in.Call)
		l.learn(w.peer.response(180))
		l.send("BYE", "")
		if r := w.peer.response(200); r.CSeq().MethodName != sipmsg.BYE {
			t.Errorf("got %s", short(r))
		}
		w.peer.response(487)
		event[Ended](w)
	})
}

// A re-INVITE that comes before the ACK of the first INVITE shows that our 200
// arrived (RFC 5407 §3.1.5).
func TestReinviteInsteadOfAck(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description())
		in := event[Incoming](w)
		w.answer(in.Call)
		l.learn(w.peer.response(200))
		l.send("INVITE", description("a=sendonly"))
		w.peer.response(200)
		event[Answered](w)
		if c := event[Changed](w); c.Media.Send {
			t.Errorf("changed %+v", c)
		}
		l.ack("")
		time.Sleep(time.Minute)
		w.peer.nothing()
	})
}

// A response of the far end is lost now and then: no call may hang or leak.
func TestLossyNetwork(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		n := 0
		w.net.Route(func(siptest.Packet) (time.Duration, bool) {
			n++
			return time.Duration(n%7) * time.Millisecond, n%3 != 0
		})
		for range repeat(300) {
			id := w.ua.Invite("200", rtpAddr)
			time.Sleep(3 * time.Second)
			for _, m := range w.peer.drain() {
				if req, ok := m.(*sipmsg.Request); ok && req.Method == sipmsg.INVITE {
					w.peer.reply(req, 200, "a", description())
				}
			}
			time.Sleep(time.Second)
			w.ua.Hangup(id)
			for range 40 {
				time.Sleep(time.Second)
				for _, m := range w.peer.drain() {
					if req, ok := m.(*sipmsg.Request); ok && req.Method == sipmsg.BYE {
						w.peer.reply(req, 200, "", "")
					}
				}
			}
		}
		w.net.Route(nil)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if c, x, s := len(w.ua.calls), len(w.ua.clients), len(w.ua.servers); c+x+s != 0 {
			t.Errorf("%d calls, %d client and %d server transactions left", c, x, s)
		}
		w.peer.drain()
	})
}

// A re-INVITE of the far end that crosses our BYE (RFC 5407 §3.2.2), and one
// of ours that crosses theirs (§3.2.3).
func TestByeCrossesReinvite(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, id, _ := answeredCall(w, description())
		w.ua.Hangup(id)
		event[Ended](w)
		bye := w.peer.request(sipmsg.BYE)
		l.send("INVITE", description("a=sendonly"))
		w.peer.response(481)
		w.peer.send(l.text("ACK", l.seq, l.branch, ""))
		w.peer.reply(bye, 200, "", "")
		w.noEvent()

		l, id, _ = answeredCall(w, description())
		w.ua.Hold(id, true)
		re := w.peer.request(sipmsg.INVITE)
		l.send("BYE", "")
		w.peer.response(200)
		event[Ended](w)
		w.peer.reply(re, 200, "", description("a=recvonly"))
		w.peer.request(sipmsg.ACK)
		time.Sleep(time.Hour)
		w.noEvent()
		w.peer.nothing()
	})
}

// Our re-INVITE that the far end does not know the dialog of ends the call
// (RFC 3261 §12.2.1.2), as does silence.
func TestReinviteToNobody(t *testing.T) {
	for _, code := range []int{481, 408, 0} {
		inWorld(t, nil, func(w *world) {
			_, id := placedCall(w)
			w.ua.Hold(id, true)
			re := w.peer.request(sipmsg.INVITE)
			if code != 0 {
				w.peer.reply(re, code, "", "")
			}
			time.Sleep(timer64 + time.Second)
			if e := event[Ended](w); e.Local {
				t.Errorf("%d: ended %+v", code, e)
			}
			w.peer.drain()
		})
	}
}

// The INVITE is repeated because our 180 was lost: 180 goes out again, the
// telephone rings on (RFC 3261 §17.2.1).
func TestInviteRepeated(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		text := l.text("INVITE", 1, "", description())
		w.peer.send(text)
		in := event[Incoming](w)
		time.Sleep(300 * time.Millisecond)
		w.peer.response(100)
		w.ua.Ring(in.Call)
		w.peer.response(180)
		w.peer.send(text)
		w.peer.response(180)
		w.noEvent()
		time.Sleep(ringAgain)
		w.peer.response(180) // keeps proxies awake
	})
}
