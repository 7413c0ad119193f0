package sip

import (
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

func TestRegisterTimesAdd(t *testing.T) {
	var r RegisterTimes
	r.answered(200, 50*time.Millisecond)
	r.answered(200, 51*time.Millisecond)
	r.answered(403, time.Minute)
	r.answered(0, 0)
	if r.Answers != [7]uint64{0: 1, 2: 2, 4: 1} || r.Took != [len(RegisterBounds) + 1]uint64{0: 1, 1: 1, len(RegisterBounds): 1} {
		t.Errorf("%+v", r)
	}
	if want := time.Minute + 101*time.Millisecond; r.Sum != want {
		t.Errorf("sum %v, want %v", r.Sum, want)
	}
}

// TestRegisterTimes: an answer after 300 ms with a challenge counts once, with the
// time of both; silence counts as none.
func TestRegisterTimes(t *testing.T) {
	register := func(acc *Account, _ *Voice, _ *Opts) { acc.Register = true }
	inWorld(t, register, func(w *world) {
		first := w.peer.request(sipmsg.REGISTER)
		time.Sleep(100 * time.Millisecond)
		w.peer.reply(first, 401, "", "", `WWW-Authenticate: Digest realm="r", nonce="n1", qop="auth"`)
		second := w.peer.request(sipmsg.REGISTER)
		time.Sleep(200 * time.Millisecond)
		ok := sipmsg.NewResponseFromRequest(second, 200, "OK", nil)
		contact := second.Contact().Clone()
		ok.AppendHeader(contact)
		w.peer.send(ok.String())
		event[Registration](w)
		got := w.ua.Status().Register
		if got.Answers != [7]uint64{2: 1} || got.Took[2] != 1 || got.Sum != 300*time.Millisecond {
			t.Errorf("%+v", got)
		}
	})
	inWorld(t, register, func(w *world) {
		time.Sleep(timer64 + time.Second)
		w.peer.drain()
		if got := w.ua.Status().Register; got.Answers != [7]uint64{0: 1} || got.Sum != 0 {
			t.Errorf("%+v", got)
		}
	})
}
