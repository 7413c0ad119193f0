package sip

import (
	"fmt"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// The dispatcher. Every message of a UA goes through one queue, in the order
// it arrived, to one goroutine: a CANCEL cannot overtake its INVITE, nor a 200
// the 180 before it.
//
//	socket readers --> mailbox --> dispatch --> transaction --> call
//	                                  |    ACK of a 2xx --------> call, by dialog
//	                                  |    2xx without transaction -> call, by Call-ID
//	                                  +--- validation: 4xx, 5xx

// cancelPatience is how long a CANCEL waits for an INVITE that the network
// let it overtake.
const cancelPatience = 500 * time.Millisecond

// enqueue is called by readers.
func (u *UA) enqueue(msg sipmsg.Message, f *flow, err error) {
	if !u.box.postMessage(func() { u.dispatch(msg, f, err) }) {
		u.count.limited.Add(1)
	}
}

func (u *UA) dispatch(msg sipmsg.Message, f *flow, err error) {
	switch m := msg.(type) {
	case *sipmsg.Request:
		u.onRequest(m, f, err)
	case *sipmsg.Response:
		if err == nil {
			u.onResponse(m)
		}
	}
}

// onResponse gives a response to its transaction, and a 2xx whose transaction
// is gone to its call (RFC 6026 §8.9).
func (u *UA) onResponse(res *sipmsg.Response) {
	via, cseq := res.Via(), res.CSeq()
	if via == nil || cseq == nil || res.From() == nil || res.To() == nil || res.CallID() == nil || !credible(res) {
		u.count.garbage.Add(1)
		return
	}
	branch, _ := via.Params.Get("branch")
	if t := u.clients[clientKey(branch, cseq.MethodName)]; t != nil {
		t.receive(res)
		return
	}
	if cseq.MethodName == sipmsg.INVITE && res.IsSuccess() {
		tag, _ := res.From().Params.Get("tag")
		if c := u.outgoing(res.CallID().Value(), tag); c != nil {
			c.onSuccess(res)
		}
	}
}

// credible checks what a response has beside its headers (RFC 3261 §8.1.3.3).
func credible(res *sipmsg.Response) bool {
	return res.StatusCode >= 100 && res.StatusCode <= 699 && len(res.GetHeaders("Via")) == 1 && clean(res)
}

func (u *UA) onRequest(req *sipmsg.Request, f *flow, err error) {
	normalise(req)
	if err != nil || !complete(req) {
		u.refuseMalformed(req, f)
		return
	}
	stamp(req.Via(), f.remote)
	if req.Method == sipmsg.ACK {
		u.onAck(req)
		return
	}
	key := serverKey(req, req.Method)
	if t := u.servers[key]; t != nil {
		t.repeated()
		return
	}
	if !u.makeRoom() {
		u.count.limited.Add(1)
		return
	}
	if !u.forUs(req) {
		u.count.misrouted.Add(1)
		return
	}
	merged := u.merged(req)
	t := u.accept(req, f, key)
	if merged {
		u.reject(t, rejection{code: 482})
		return
	}
	u.handle(t)
}

// handle passes a new request through validation to whom it is for.
func (u *UA) handle(t *serverTx) {
	if r := validate(t.req, t.inside); r != nil {
		u.reject(t, *r)
		return
	}
	switch {
	case t.req.Method == sipmsg.CANCEL:
		u.onCancel(t)
	case t.inside:
		u.onInside(t)
	default:
		u.onOutside(t)
	}
}

// onInside handles a request that names a dialog.
func (u *UA) onInside(t *serverTx) {
	c := u.callOf(t.req)
	if c == nil {
		u.reject(t, rejection{code: 481})
		return
	}
	c.onRequest(t)
}

// onOutside handles a request that names no dialog.
func (u *UA) onOutside(t *serverTx) {
	if t.req.Recipient.IsEncrypted() && t.flow.transport != TLS {
		u.reject(t, rejection{480, []sipmsg.Header{warning(380, "SIPS Not Allowed")}}) // RFC 5630 §5.1
		return
	}
	switch t.req.Method {
	case sipmsg.INVITE:
		u.onInvite(t)
		u.unpark(t)
	case sipmsg.OPTIONS:
		t.respond(u.capabilities(t))
	case sipmsg.NOTIFY:
		u.onNotify(t)
	default: // BYE, INFO, PRACK, UPDATE live in dialogs only
		u.reject(t, rejection{code: 481})
	}
}

// onAck finds whom an ACK is for: the transaction of an INVITE we refused, or
// the call of one we answered, also when an old far end repeats the branch.
func (u *UA) onAck(req *sipmsg.Request) {
	if t := u.servers[serverKey(req, sipmsg.INVITE)]; t != nil && t.last >= 300 {
		u.acknowledged(t, req)
		return
	}
	if c := u.callOf(req); c != nil {
		c.onAck(req)
	}
}

// acknowledged ends the INVITE that we refused. Its first ACK may show that the
// caller heard us.
func (u *UA) acknowledged(t *serverTx, ack *sipmsg.Request) {
	_ = t.fsm.Receive(ack)
	if tag, _ := ack.To().Params.Get("tag"); tag == t.tag && !t.inside && !t.heard {
		t.heard = true
		u.guard.credit(proven)
	}
}

// onCancel answers a CANCEL and stops the INVITE (RFC 3261 §9.2).
func (u *UA) onCancel(t *serverTx) {
	key := serverKey(t.req, sipmsg.INVITE)
	if invite := u.servers[key]; invite != nil {
		u.cancelInvite(t, invite)
		return
	}
	u.parked[key] = t
	u.after(cancelPatience, func() {
		if u.parked[key] == t {
			delete(u.parked, key)
			u.reject(t, rejection{code: 481})
		}
	})
}

// unpark applies a CANCEL that came before its INVITE.
func (u *UA) unpark(invite *serverTx) {
	if t := u.parked[invite.key]; t != nil {
		delete(u.parked, invite.key)
		u.cancelInvite(t, invite)
	}
}

func (u *UA) cancelInvite(t, invite *serverTx) {
	res := t.reply(200, "")
	if to := res.To(); to != nil {
		to.Params.Add("tag", invite.tag) // RFC 3261 §9.2: the tag of the INVITE's responses
	}
	t.respond(res)
	if invite.last < 200 && invite.cancel != nil {
		invite.cancel(t.req)
	}
}

// merged reports whether the same request came another way already (RFC 3261
// §8.2.2.2).
func (u *UA) merged(req *sipmsg.Request) bool {
	if req.To().Params.Has("tag") {
		return false
	}
	tag, _ := req.From().Params.Get("tag")
	for _, t := range u.servers {
		other, _ := t.req.From().Params.Get("tag")
		if !t.inside && other == tag && t.req.Method == req.Method &&
			t.req.CallID().Value() == req.CallID().Value() && t.req.CSeq().SeqNo == req.CSeq().SeqNo {
			return true
		}
	}
	return false
}

// forUs reports whether a request outside a dialog is meant for our Contact. A
// ping may leave the user out.
func (u *UA) forUs(req *sipmsg.Request) bool {
	if req.To().Params.Has("tag") || req.Method == sipmsg.CANCEL {
		return true
	}
	switch uri := &req.Recipient; {
	case !isSIP(uri):
		return true // 416 follows
	case uri.User == "":
		return req.Method == sipmsg.OPTIONS
	default:
		return unescapeUser(uri.User) == unescapeUser(u.user)
	}
}

func (u *UA) reject(t *serverTx, r rejection) {
	u.count.rejected.Add(1)
	t.respond(t.reply(r.code, "", r.headers...))
}

// refuseMalformed answers 400 without a transaction if the request says
// enough to whom (RFC 3261 §16.3 does so for proxies).
func (u *UA) refuseMalformed(req *sipmsg.Request, f *flow) {
	via := req.Via()
	if req.Method == sipmsg.ACK || via == nil || via.Host == "" || req.CallID() == nil || req.CSeq() == nil {
		return
	}
	u.count.rejected.Add(1)
	code := 400
	if !strings.EqualFold(req.SipVersion, "SIP/2.0") {
		code = 505
	}
	stamp(via, f.remote)
	res := sipmsg.NewResponseFromRequest(req, code, reasonPhrase(code), nil)
	res.SipVersion = "SIP/2.0"
	_ = u.stack.replyFlow(req, f).WriteMsg(res) // nothing hangs on it
}

// normalise cures what the parser leaves: blanks around the method of CSeq.
func normalise(req *sipmsg.Request) {
	if cseq := req.CSeq(); cseq != nil {
		cseq.MethodName = sipmsg.RequestMethod(strings.TrimSpace(string(cseq.MethodName)))
	}
}

// stamp notes in Via where a request really came from (RFC 3261 §18.2.1, RFC
// 3581 §4).
func stamp(via *sipmsg.ViaHeader, from netip.AddrPort) {
	if v, ok := via.Params.Get("rport"); ok && v == "" {
		via.Params.Add("rport", strconv.Itoa(int(from.Port())))
		via.Params.Add("received", from.Addr().String())
		return
	}
	if a, err := netip.ParseAddr(strings.Trim(via.Host, "[]")); err != nil || a != from.Addr() {
		via.Params.Add("received", from.Addr().String())
	}
}

// guarded runs one piece of work. A fault in it releases the call it was about
// and no other.
func (u *UA) guarded(f func()) {
	defer func() {
		if r := recover(); r != nil {
			u.count.panics.Add(1)
			u.log.Error("fault in a handler", "fault", fmt.Sprint(r), "stack", string(debug.Stack()))
			if c := u.current; c != nil {
				u.release(c)
			}
		}
		u.current = nil
	}()
	f()
}
