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
