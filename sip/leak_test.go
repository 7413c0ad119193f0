package sip

import (
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// A far end that rings and is never heard of again must not leave anything
// behind: an INVITE transaction that had a provisional response has no timer
// of its own (RFC 3261 §9.1).
func TestSilentFarEndLeavesNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("200", rtpAddr)
		w.peer.reply(w.peer.request(sipmsg.INVITE), 180, "a", "")
		event[Progress](w)
		w.ua.Hangup(id)
		event[Ended](w)
		w.peer.request(sipmsg.CANCEL)
		w.leavesNothing(time.Minute)
	})
}

// The same for a re-INVITE: the call ends after a while, and so does all of it.
func TestSilentReinviteLeavesNothing(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		_, id := placedCall(w)
		w.ua.Hold(id, true)
		w.peer.reply(w.peer.request(sipmsg.INVITE), 100, "", "")
		time.Sleep(2 * timer64)
		if e := event[Ended](w); e.Code != 408 {
			t.Errorf("ended %+v", e)
		}
		w.leavesNothing(time.Minute)
	})
}

// A call that the line does nothing about, and whose caller waits for ever, does
// not keep later ones away.
func TestLineDoesNotReact(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.peer.leg("ata1").send("INVITE", description())
		event[Incoming](w)
		time.Sleep(timer64)
		if e := event[Ended](w); e.Code != 480 || e.Local {
			t.Errorf("ended %+v", e)
		}
		w.leavesNothing(time.Minute)
	})
}

// One that rings is the line's to end.
func TestRingingHasNoLimitOfOurs(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.peer.leg("ata1").send("INVITE", description())
		w.ua.Ring(event[Incoming](w).Call)
		time.Sleep(time.Hour)
		w.noEvent()
	})
}

// A call that lasts for weeks takes no more memory than one that lasts for
// minutes.
func TestLongCallDoesNotGrow(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		_, id := placedCall(w, "Session-Expires: 90;refresher=uac")
		for range 1000 {
			time.Sleep(45 * time.Second)
			re := w.peer.request(sipmsg.INVITE)
			w.peer.reply(re, 200, "", description(), "Session-Expires: 90;refresher=uac")
			w.peer.request(sipmsg.ACK)
			w.peer.reply(re, 200, "", description(), "Session-Expires: 90;refresher=uac") // the ACK was lost
			w.peer.request(sipmsg.ACK)
		}
		synctest.Wait()
		if c := w.ua.calls[id]; len(c.acks) > 2*keptAcks || len(w.ua.clients) > 2 {
			t.Errorf("%d ACKs and %d transactions are kept", len(c.acks), len(w.ua.clients))
		}
	})
}

// A far end that rings in ever new places is bounded.
func TestManyForks(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		for range 1000 {
			w.peer.reply(invite, 180, token(4), "")
		}
		synctest.Wait()
		if n := len(w.ua.calls[id].early); n > maxForks {
			t.Errorf("%d early dialogs", n)
		}
	})
}

// leavesNothing checks that after a time no call and no transaction is left.
func (w *world) leavesNothing(after time.Duration) {
	w.t.Helper()
	time.Sleep(after)
	synctest.Wait()
	if calls, clients, servers := len(w.ua.calls), len(w.ua.clients), len(w.ua.servers); calls+clients+servers > 0 {
		w.t.Errorf("%d calls, %d requests of ours, %d of theirs are left", calls, clients, servers)
	}
	w.peer.drain()
}
