package sip

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/sdp"
)

func parseSDP(t *testing.T, body string) *sdp.Session {
	t.Helper()
	s, err := sdp.Parse([]byte(body))
	if err != nil {
		t.Fatalf("%v in\n%s", err, body)
	}
	return s
}

// RFC 3264 §6.1 and §8.4: what we answer to each direction, and what flows.
func TestHoldMatrix(t *testing.T) {
	for _, tt := range []struct {
		name          string
		offer         []string
		c             string
		held          bool // we hold
		answer        string
		send, receive bool
	}{
		{"nothing said", nil, "", false, "sendrecv", true, true},
		{"sendrecv", []string{"a=sendrecv"}, "", false, "sendrecv", true, true},
		{"sendonly", []string{"a=sendonly"}, "", false, "recvonly", false, true},
		{"recvonly", []string{"a=recvonly"}, "", false, "sendonly", true, false},
		{"inactive", []string{"a=inactive"}, "", false, "inactive", false, false},
		{"old hold", nil, "c=IN IP4 0.0.0.0", false, "recvonly", false, true},
		{"sendrecv, we hold", []string{"a=sendrecv"}, "", true, "sendonly", true, false},
		{"sendonly, we hold", []string{"a=sendonly"}, "", true, "inactive", false, false},
		{"recvonly, we hold", []string{"a=recvonly"}, "", true, "sendonly", true, false},
		{"inactive, we hold", []string{"a=inactive"}, "", true, "inactive", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := tt.c
			if c == "" {
				c = "c=IN IP4 10.0.0.1"
			}
			s := newSession(Voice{Events: true}, "1")
			s.rtp, s.held = rtpAddr, tt.held
			answer, err := s.answer(parseSDP(t, sessionOf(c, "m=audio 30000 RTP/AVP 0 101", tt.offer...)))
			if err != nil {
				t.Fatal(err)
			}
			if got := answer.Media[0].Direction.String(); got != tt.answer {
				t.Errorf("answer %s, want %s", got, tt.answer)
			}
			if s.media.Send != tt.send || s.media.Receive != tt.receive {
				t.Errorf("send %v receive %v, want %v %v", s.media.Send, s.media.Receive, tt.send, tt.receive)
			}
		})
	}
}

// What we offer when holds of both sides come and go (RFC 3264 §8.4): each
// side takes back its own hold only.
func TestOfferAfterHolds(t *testing.T) {
	s := newSession(Voice{}, "1")
	s.rtp = rtpAddr
	for i, step := range []struct {
		theirs string // they offer this, "" = nothing
		held   bool   // then we offer with our hold so
		want   string
	}{
		{"sendrecv", false, "sendrecv"},
		{"", true, "sendonly"},
		{"sendonly", true, "inactive"},
		{"", false, "recvonly"},
		{"sendrecv", false, "sendrecv"},
		{"inactive", false, "recvonly"},
	} {
		if step.theirs != "" {
			if _, err := s.answer(parseSDP(t, description("a="+step.theirs))); err != nil {
				t.Fatal(err)
			}
		}
		s.held = step.held
		if got := s.offer(false).Media[0].Direction.String(); got != step.want {
			t.Errorf("step %d: offer %s, want %s", i, got, step.want)
		}
	}
	if got := s.offer(true).Media[0].Direction.String(); got != "sendrecv" {
		t.Errorf("full offer %s", got)
	}
}

func TestAnswers(t *testing.T) {
	const c = "c=IN IP4 10.0.0.1"
	for _, tt := range []struct {
		name, offer string
		err         error
		lines       []string // kind:port of the answer's lines
		codec       string
		events      uint8
		ptime       time.Duration
	}{
		{name: "T.38 beside audio", offer: sessionOf(c, "m=audio 30000 RTP/AVP 8", "m=image 30002 udptl t38", "a=T38FaxVersion:0"), lines: []string{"audio:on", "image:0"}, codec: "PCMA", ptime: 20 * time.Millisecond},
		{name: "T.38 first", offer: sessionOf(c, "m=image 30002 udptl t38", "a=T38FaxVersion:0", "m=audio 30000 RTP/AVP 0"), lines: []string{"image:0", "audio:on"}, codec: "PCMU", ptime: 20 * time.Millisecond},
		{name: "T.38 alone", offer: sessionOf(c, "m=image 30002 udptl t38"), err: errNoCodec},
		{name: "two audio lines", offer: sessionOf(c, "m=audio 30000 RTP/AVP 18", "m=audio 30002 RTP/AVP 0", "m=audio 30004 RTP/AVP 0"), lines: []string{"audio:0", "audio:on", "audio:0"}, codec: "PCMU", ptime: 20 * time.Millisecond},
		{name: "video", offer: sessionOf(c, "m=video 30002 RTP/AVP 96", "m=audio 30000 RTP/AVP 0"), lines: []string{"video:0", "audio:on"}, codec: "PCMU", ptime: 20 * time.Millisecond},
		{name: "offerer's order", offer: sessionOf(c, "m=audio 30000 RTP/AVP 18 8 0"), lines: []string{"audio:on"}, codec: "PCMA", ptime: 20 * time.Millisecond},
		{name: "G.729 only", offer: sessionOf(c, "m=audio 30000 RTP/AVP 18"), err: errNoCodec},
		{name: "SRTP only", offer: sessionOf(c, "m=audio 30000 RTP/SAVP 0"), err: errSecret},
		{name: "refused line", offer: sessionOf(c, "m=audio 0 RTP/AVP 0"), err: errNoCodec},
		{name: "events elsewhere", offer: sessionOf(c, "m=audio 30000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000"), lines: []string{"audio:on"}, codec: "PCMU", events: 96, ptime: 20 * time.Millisecond},
		{name: "long packets", offer: sessionOf(c, "m=audio 30000 RTP/AVP 0", "a=ptime:100"), lines: []string{"audio:on"}, codec: "PCMU", ptime: 60 * time.Millisecond},
		{name: "30 ms", offer: sessionOf(c, "m=audio 30000 RTP/AVP 0", "a=ptime:30"), lines: []string{"audio:on"}, codec: "PCMU", ptime: 30 * time.Millisecond},
		{name: "10 ms", offer: sessionOf(c, "m=audio 30000 RTP/AVP 0", "a=ptime:10"), lines: []string{"audio:on"}, codec: "PCMU", ptime: 10 * time.Millisecond},
		{name: "maxptime", offer: sessionOf(c, "m=audio 30000 RTP/AVP 0", "a=ptime:40", "a=maxptime:20"), lines: []string{"audio:on"}, codec: "PCMU", ptime: 20 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSession(Voice{Events: true}, "1")
			s.rtp = rtpAddr
			answer, err := s.answer(parseSDP(t, tt.offer))
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			var lines []string
			for _, m := range answer.Media {
				port := "on"
				if m.Port == 0 {
					port = "0"
				}
				lines = append(lines, m.Kind+":"+port)
			}
			if got, want := strings.Join(lines, " "), strings.Join(tt.lines, " "); got != want {
				t.Errorf("lines %s, want %s", got, want)
			}
			m := s.media
			if m.Codec != tt.codec || m.EventSend != tt.events || m.EventReceive != tt.events || m.PTime != tt.ptime {
				t.Errorf("media %+v", m)
			}
		})
	}
}

// The version of o= grows with every change and only then (RFC 3264 §8).
func TestOriginVersion(t *testing.T) {
	s := newSession(Voice{}, "7")
	s.rtp = rtpAddr
	offer := parseSDP(t, description())
	var got []string
	for _, d := range []string{"sendrecv", "sendrecv", "sendonly", "sendonly", "sendrecv"} {
		offer.Media[0].Direction = parseSDP(t, description("a="+d)).Media[0].Direction
		a, err := s.answer(offer)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Origin.Version)
	}
	if s := strings.Join(got, " "); s != "1 1 2 2 3" {
		t.Errorf("versions %s", s)
	}
}

func TestNoCommonCodec(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", sessionOf("c=IN IP4 10.0.0.1", "m=audio 30000 RTP/AVP 18"))
		w.peer.response(488)
		w.noEvent()
	})
}

// INVITE without SDP: our 2xx offers, the ACK answers (RFC 3261 §13.2.1).
func TestLateOffer(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", "")
		in := event[Incoming](w)
		w.ua.Answer(in.Call, rtpAddr)
		ok := w.peer.response(200)
		offer := parseSDP(t, string(ok.Body()))
		if m := offer.Media[0]; m.Port != rtpAddr.Port() || m.Direction != sdp.SendRecv || len(m.Codecs) != 3 {
			t.Errorf("offer %+v", m)
		}
		l.learn(ok)
		l.ack(description())
		if a := event[Answered](w); a.Media.Codec != "PCMU" || a.Media.Remote != peerMedia(30000) {
			t.Errorf("answered %+v", a)
		}
		// the same in a re-INVITE, which servers end a hold with
		l.send("INVITE", description("a=inactive"))
		w.peer.response(200)
		l.ack("")
		event[Changed](w)
		l.send("INVITE", "")
		ok = w.peer.response(200)
		if d := parseSDP(t, string(ok.Body())).Media[0].Direction; d != sdp.SendRecv {
			t.Errorf("offer %s", d)
		}
		w.noEvent()
		l.ack(description())
		if c := event[Changed](w); !c.Media.Send || !c.Media.Receive {
			t.Errorf("changed %+v", c)
		}
	})
}

func TestLateOfferUnanswered(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", "")
		in := event[Incoming](w)
		w.ua.Answer(in.Call, rtpAddr)
		l.learn(w.peer.response(200))
		l.ack("")
		if e := event[Ended](w); e.Code != 488 {
			t.Errorf("ended %+v", e)
		}
		w.peer.reply(w.peer.request(sipmsg.BYE), 200, "", "")
	})
}

func TestHoldByFarEnd(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, _, _ := answeredCall(w, description())
		for _, step := range []struct {
			body, answer  string
			send, receive bool
		}{
			{description("a=sendonly"), "recvonly", false, true},
			{description("a=inactive"), "inactive", false, false},
			{sessionOf("c=IN IP4 0.0.0.0", "m=audio 30000 RTP/AVP 0 101"), "recvonly", false, true},
			{description("a=sendrecv"), "sendrecv", true, true},
		} {
			l.send("INVITE", step.body)
			ok := w.peer.response(200)
			l.ack("")
			if got := parseSDP(t, string(ok.Body())).Media[0].Direction.String(); got != step.answer {
				t.Errorf("answer %s, want %s", got, step.answer)
			}
			if m := event[Changed](w).Media; m.Send != step.send || m.Receive != step.receive {
				t.Errorf("media %+v", m)
			}
		}
		l.send("INVITE", description("a=sendrecv")) // a refresh
		w.peer.response(200)
		l.ack("")
		w.noEvent()
	})
}

func TestHoldByUs(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		_, id := placedCall(w)
		w.ua.Hold(id, true)
		re := w.peer.request(sipmsg.INVITE)
		if d := parseSDP(t, string(re.Body())).Media[0].Direction; d != sdp.SendOnly {
			t.Errorf("offer %s", d)
		}
		w.ua.Hold(id, false) // while the first is under way
		w.peer.nothing()
		w.peer.reply(re, 200, "", description("a=recvonly"))
		w.peer.request(sipmsg.ACK)
		if m := event[Changed](w).Media; m.Receive || !m.Send {
			t.Errorf("media %+v", m)
		}
		re = w.peer.request(sipmsg.INVITE)
		if d := parseSDP(t, string(re.Body())).Media[0].Direction; d != sdp.SendRecv {
			t.Errorf("offer %s", d)
		}
		w.peer.reply(re, 200, "", description())
		w.peer.request(sipmsg.ACK)
		if m := event[Changed](w).Media; !m.Receive || !m.Send {
			t.Errorf("media %+v", m)
		}
	})
}

// A T.38 re-INVITE is refused and the call goes on (RFC 3261 §14.2).
func TestFaxReinviteRefused(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, id, _ := answeredCall(w, description())
		l.send("INVITE", sessionOf("c=IN IP4 10.0.0.1", "m=image 30002 udptl t38", "a=T38FaxVersion:0"))
		w.peer.response(488)
		w.noEvent()
		w.ua.Hold(id, true)
		re := w.peer.request(sipmsg.INVITE)
		w.peer.reply(re, 488, "", "")
		w.peer.request(sipmsg.ACK)
		w.noEvent() // refused: nothing changed, and it is not tried again
		w.peer.nothing()
		l.send("BYE", "")
		w.peer.response(200)
		event[Ended](w)
	})
}

// RFC 3261 §14.1: after 491 the owner of the Call-ID waits 2.1 to 4 s, the
// other 0 to 2 s, in steps of 10 ms.
func TestGlareBackoff(t *testing.T) {
	for _, tt := range []struct {
		name   string
		owner  bool
		lo, hi time.Duration
	}{{"owner", true, 2100 * time.Millisecond, 4 * time.Second}, {"other", false, 0, 2 * time.Second}} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				var id CallID
				if tt.owner {
					_, id = placedCall(w)
				} else {
					_, id, _ = answeredCall(w, description())
				}
				w.ua.Hold(id, true)
				for range 10 {
					re := w.peer.request(sipmsg.INVITE)
					w.peer.reply(re, 491, "", "")
					w.peer.request(sipmsg.ACK)
					start := time.Now()
					time.Sleep(tt.hi)
					synctest.Wait()
					w.peer.mu.Lock()
					if len(w.peer.at) == 0 {
						t.Fatalf("no retry after %v", tt.hi)
					}
					d := w.peer.at[0].Sub(start)
					w.peer.got, w.peer.at = w.peer.got[:1], w.peer.at[:1] // repetitions of it
					w.peer.mu.Unlock()
					if d < tt.lo || d > tt.hi {
						t.Errorf("retry after %v, want %v..%v", d, tt.lo, tt.hi)
					}
				}
				w.peer.reply(w.peer.request(sipmsg.INVITE), 200, "", description("a=recvonly"))
				w.peer.request(sipmsg.ACK)
				event[Changed](w)
			})
		})
	}
}

// Offers of both at once: theirs is refused with 491 while ours is under way.
func TestOfferGlare(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, id, _ := answeredCall(w, description())
		w.ua.Hold(id, true)
		re := w.peer.request(sipmsg.INVITE)
		l.send("INVITE", description("a=sendonly"))
		w.peer.response(491)
		l.send("UPDATE", description("a=sendonly"))
		w.peer.response(491)
		w.peer.reply(re, 200, "", description("a=recvonly"))
		w.peer.request(sipmsg.ACK)
		event[Changed](w)
	})
}

// UPDATE moves the target and may carry an offer (RFC 3311).
func TestUpdate(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, id, _ := answeredCall(w, description())
		l.send("UPDATE", description("a=inactive"))
		ok := w.peer.response(200)
		if d := parseSDP(t, string(ok.Body())).Media[0].Direction; d != sdp.Inactive {
			t.Errorf("answer %s", d)
		}
		event[Changed](w)
		l.seq++
		w.peer.send(strings.Replace(l.text("UPDATE", l.seq, "", ""), "Contact: <sip:far@", "Contact: <sip:elsewhere@", 1))
		w.peer.response(200)
		w.ua.Hangup(id)
		if bye := w.peer.request(sipmsg.BYE); bye.Recipient.User != "elsewhere" {
			t.Errorf("BYE to %s", bye.Recipient.String())
		}
	})
}

// Before we answer, another offer of the caller must wait.
func TestUpdateWhileRinging(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description())
		in := event[Incoming](w)
		w.ua.Ring(in.Call)
		l.learn(w.peer.response(180))
		l.send("UPDATE", description("a=inactive"))
		if r := w.peer.response(500); headerValue(r, "Retry-After") == "" {
			t.Error("no Retry-After")
		}
		l.send("UPDATE", "")
		w.peer.response(200)
	})
}
