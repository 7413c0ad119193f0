package sip

import (
	"net/netip"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

func TestOutgoingCall(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("*72#5", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		if got := invite.Recipient.String(); got != "sip:*72%235@10.0.0.1" {
			t.Errorf("request URI %s", got)
		}
		w.peer.reply(invite, 100, "", "")
		w.peer.reply(invite, 180, "a", "")
		if p := event[Progress](w); p.Call != id || p.Code != 180 || p.Media != nil {
			t.Errorf("progress %+v", p)
		}
		w.peer.reply(invite, 200, "a", description())
		got := event[Answered](w)
		want := Media{
			Remote: peerMedia(30000), RemoteRTCP: peerMedia(30001), Codec: "PCMU", PTime: 20 * time.Millisecond,
			EventSend: 101, EventReceive: 101, Send: true, Receive: true,
		}
		if got.Call != id || got.Media != want {
			t.Errorf("answered %+v, want %+v", got, want)
		}
		ack := w.peer.request(sipmsg.ACK)
		if got := ack.Recipient.String(); got != "sip:far@10.0.0.1:5060" {
			t.Errorf("ACK to %s", got)
		}
		w.ua.Hangup(id)
		if e := event[Ended](w); !e.Local || e.Code != 0 {
			t.Errorf("ended %+v", e)
		}
		bye := w.peer.request(sipmsg.BYE)
		if bye.CSeq().SeqNo <= invite.CSeq().SeqNo {
			t.Errorf("BYE has CSeq %d", bye.CSeq().SeqNo)
		}
		w.peer.reply(bye, 200, "", "")
		w.noEvent()
		if n := len(w.ua.calls); n != 0 {
			t.Errorf("%d calls left", n)
		}
	})
}

func TestIncomingCall(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description(), "Alert-Info: <http://x/Bellcore-dr3>", "Priority: Urgent")
		in := event[Incoming](w)
		if in.Number != "far" || in.Name != "Far" || in.Called != "ata1" || in.Alert != "<http://x/Bellcore-dr3>" || in.Priority != "urgent" || in.CallID != l.callID {
			t.Errorf("incoming %+v", in)
		}
		w.ua.Ring(in.Call)
		r := w.peer.response(180)
		l.learn(r)
		w.answer(in.Call)
		ok := w.peer.response(200)
		if tag, _ := ok.To().Params.Get("tag"); tag != l.remote {
			t.Errorf("200 has tag %s, 180 had %s", tag, l.remote)
		}
		w.noEvent()
		l.ack("")
		if a := event[Answered](w); a.Media.Codec != "PCMU" || !a.Media.Send {
			t.Errorf("answered %+v", a)
		}
		l.send("BYE", "", `Reason: Q.850;cause=16;text="Normal call clearing"`)
		w.peer.response(200)
		if e := event[Ended](w); e.Local || e.Code != 0 || e.Cause != 16 {
			t.Errorf("ended %+v", e)
		}
	})
}

func peerMedia(port uint16) netip.AddrPort { return netip.AddrPortFrom(peerAddr.Addr(), port) }
