package sip

import (
	"log/slog"
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// branchCookie starts every branch since RFC 3261 (§8.1.1.7).
const branchCookie = sipmsg.RFC3261BranchMagicCookie

// quiet keeps the transaction layer from logging: what it has to say arrives
// as errors.
var quiet = slog.New(slog.DiscardHandler)

// clientTx is a request of ours until its last response can have come. The
// state machine of RFC 3261 §17.1 and RFC 6026 is sipgo's; which responses
// mean something to the owner is decided here, in the order they arrived.
type clientTx struct {
	key      string
	req      *sipmsg.Request
	flow     *flow
	fsm      *sipmsg.ClientTx
	final    int             // status of the final response, 0 = none yet
	ack      *sipmsg.Request // for a final response that is not 2xx
	response func(*sipmsg.Response)
	fail     func(error) // no final response came or will come; called once at most
}

// clientKey matches responses to requests (RFC 3261 §17.1.3).
func clientKey(branch string, method sipmsg.RequestMethod) string {
	return branch + " " + string(method)
}

// send starts a transaction. Failure to write is reported through fail, later.
func (u *UA) send(req *sipmsg.Request, f *flow, response func(*sipmsg.Response), fail func(error)) *clientTx {
	branch, _ := req.Via().Params.Get("branch")
	t := &clientTx{key: clientKey(branch, req.Method), req: req, flow: f, response: response, fail: fail}
	req.SetTransport(f.transport.network())
	req.SetDestination(f.remote.String())
	t.fsm = sipmsg.NewClientTx(t.key, req, f, quiet)
	u.clients[t.key] = t
	u.wg.Go(func() { u.watch(t) })
	if err := t.fsm.Init(); err != nil {
		t.fsm.Terminate()
		u.post(func() { u.clientEnded(t, err) })
	}
	return t
}

// watch takes what sipgo's transaction hands up, which it would wait with for
// ever, and reports its end.
func (u *UA) watch(t *clientTx) {
	for {
		select {
		case <-t.fsm.Responses():
		case <-t.fsm.Done():
			u.post(func() { u.clientEnded(t, t.fsm.Err()) })
			return
		}
	}
}

func (u *UA) clientEnded(t *clientTx, err error) {
	if u.clients[t.key] == t {
		delete(u.clients, t.key)
	}
	if t.final == 0 && t.fail != nil {
		fail := t.fail
		t.fail = nil
		fail(err)
	}
}

// receive handles a response to this request.
func (t *clientTx) receive(res *sipmsg.Response) {
	invite := t.req.Method == sipmsg.INVITE
	switch {
	case t.final == 0:
		t.first(res, invite)
	case !invite:
		// a repetition
	case res.IsSuccess():
		t.response(res) // repeated, or another fork (RFC 6026 §7.2)
	case res.StatusCode >= 300 && t.ack != nil:
		_ = t.flow.WriteMsg(t.ack) // RFC 3261 §17.1.1.2; the far end will repeat
	}
}

// first handles what comes before and with the final response.
func (t *clientTx) first(res *sipmsg.Response, invite bool) {
	if res.StatusCode >= 200 {
		t.final = res.StatusCode
	}
	if invite && t.final >= 300 {
		t.ack = ackFor(t.req, res)
	}
	t.fsm.Receive(res)
	if t.final != 0 && !invite {
		t.fsm.Terminate()
	}
	t.response(res)
}

// ackFor is the ACK that belongs to the INVITE's own transaction (RFC 3261
// §17.1.1.3).
func ackFor(invite *sipmsg.Request, res *sipmsg.Response) *sipmsg.Request {
	return follows(invite, sipmsg.ACK, res.To())
}

// cancelFor is the CANCEL of a request (RFC 3261 §9.1), no tag added.
func cancelFor(invite *sipmsg.Request) *sipmsg.Request {
	return follows(invite, sipmsg.CANCEL, invite.To())
}

// follows builds a request that goes exactly where an INVITE went: same URI,
// branch and route.
func follows(invite *sipmsg.Request, method sipmsg.RequestMethod, to *sipmsg.ToHeader) *sipmsg.Request {
	req := sipmsg.NewRequest(method, *invite.Recipient.Clone())
	req.AppendHeader(invite.Via().Clone())
	for _, h := range invite.GetHeaders("Route") {
		req.AppendHeader(sipmsg.HeaderClone(h))
	}
	req.AppendHeader(sipmsg.HeaderClone(invite.From()))
	req.AppendHeader(sipmsg.HeaderClone(to))
	appendCommon(req, invite.CallID().Value(), invite.CSeq().SeqNo)
	return req
}

// appendCommon adds Call-ID, CSeq, Max-Forwards and the length of no body.
func appendCommon(req *sipmsg.Request, callID string, seq uint32) {
	id, hops := sipmsg.CallIDHeader(callID), sipmsg.MaxForwardsHeader(70)
	req.AppendHeader(&id)
	req.AppendHeader(&sipmsg.CSeqHeader{SeqNo: seq, MethodName: req.Method})
	req.AppendHeader(&hops)
	req.SetBody(nil)
}

// serverTx is a request of a peer until it can no longer be repeated. All its
// responses carry the same To tag (RFC 3261 §8.2.6.2).
type serverTx struct {
	key    string
	req    *sipmsg.Request
	flow   *flow // where the request came from
	back   *flow // where responses go
	born   time.Time
	fsm    *sipmsg.ServerTx      // nil for CANCEL
	sent   *sipmsg.Response      // to CANCEL
	tag    string                // of To in our responses
	inside bool                  // the request named a dialog
	heard  bool                  // an ACK has shown that the caller knows tag
	last   int                   // status last sent, 0 = none
	cancel func(*sipmsg.Request) // takes a CANCEL of this request
}

// serverKey matches repetitions, ACK and CANCEL to the request (RFC 3261
// §17.2.3), which has the method given.
func serverKey(req *sipmsg.Request, method sipmsg.RequestMethod) string {
	var b strings.Builder
	via := req.Via()
	branch, _ := via.Params.Get("branch")
	if !strings.HasPrefix(branch, branchCookie) || len(branch) == len(branchCookie) {
		// RFC 2543 had no such branches
		from, _ := req.From().Params.Get("tag")
		branch = strings.Join([]string{branch, from, req.CallID().Value(), strconv.Itoa(int(req.CSeq().SeqNo))}, " ")
	}
	for _, part := range []string{branch, strings.ToLower(via.Host), strconv.Itoa(via.Port), string(method)} {
		b.WriteString(part)
		b.WriteByte(' ')
	}
	return b.String()
}

// accept starts a server transaction for a new request.
func (u *UA) accept(req *sipmsg.Request, f *flow, key string) *serverTx {
	t := &serverTx{key: key, req: req, flow: f, back: u.stack.replyFlow(req, f), born: time.Now(), tag: token(8)}
	if tag, ok := req.To().Params.Get("tag"); ok {
		t.tag, t.inside = tag, true
	} else {
		req.To().Params.Add("tag", t.tag)
	}
	u.servers[key] = t
	if req.Method == sipmsg.CANCEL {
		// sipgo's machine does not take responses to CANCEL; this is all of it
		u.after(timer64, func() { u.serverEnded(t) }) // Timer J
		return t
	}
	t.fsm = sipmsg.NewServerTx(key, req, t.back, quiet)
	t.fsm.OnTerminate(func(string, error) { u.post(func() { u.serverEnded(t) }) })
	_ = t.fsm.Init() // cannot fail
	return t
}

// repeated handles a repetition of the request: our last response goes out again.
func (t *serverTx) repeated() {
	if t.fsm != nil {
		_ = t.fsm.Receive(t.req)
	} else if t.sent != nil {
		_ = t.back.WriteMsg(t.sent) // the peer will ask again
	}
}

// finish ends the transaction before its time.
func (t *serverTx) finish() {
	if t.fsm != nil {
		t.fsm.Terminate()
	}
}

// makeRoom keeps the table of server transactions within its limit: the oldest
// that was answered goes. false: none was.
func (u *UA) makeRoom() bool {
	if len(u.servers) < u.opts.Limits.Transactions {
		return true
	}
	var oldest *serverTx
	for _, t := range u.servers {
		answered := t.last >= 300 || t.last >= 200 && t.req.Method != sipmsg.INVITE
		if answered && (oldest == nil || t.born.Before(oldest.born)) {
			oldest = t
		}
	}
	if oldest == nil {
		return false
	}
	oldest.finish()
	u.serverEnded(oldest)
	return true
}

func (u *UA) serverEnded(t *serverTx) {
	if u.servers[t.key] == t {
		delete(u.servers, t.key)
	}
}

// reply builds a response to the request.
func (t *serverTx) reply(code int, reason string, headers ...sipmsg.Header) *sipmsg.Response {
	if reason == "" {
		reason = reasonPhrase(code)
	}
	res := sipmsg.NewResponseFromRequest(t.req, code, reason, nil)
	res.SipVersion = "SIP/2.0"
	for _, h := range headers {
		res.AppendHeader(h)
	}
	return res
}

// respond sends a response. A provisional one after a final one is dropped.
func (t *serverTx) respond(res *sipmsg.Response) {
	if t.last >= 200 && res.StatusCode < 200 {
		return
	}
	t.last = res.StatusCode
	if t.fsm == nil {
		t.sent = res
		t.repeated()
		return
	}
	_ = t.fsm.Respond(res) // an error ends the transaction; the peer will repeat or give up
}

func (t *serverTx) answer(code int, headers ...sipmsg.Header) {
	t.respond(t.reply(code, "", headers...))
}

// replyFlow is where responses to a request go (RFC 3261 §18.2.2, RFC 3581 §4).
func (s *stack) replyFlow(req *sipmsg.Request, f *flow) *flow {
	if f.reliable() || req.Via().Params.Has("rport") {
		return f
	}
	port := req.Via().Port
	if port <= 0 || port > 65535 {
		port = 5060
	}
	r := *f
	r.remote = addrPortOf(f.remote.Addr(), port)
	return &r
}
