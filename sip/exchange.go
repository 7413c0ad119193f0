package sip

import (
	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/digest"
)

// exchange is a request of ours with its repetitions: those asked for by a
// challenge are made here, unseen by the owner (RFC 3261 §22). Call-ID and
// From tag stay, CSeq and branch are new.
type exchange struct {
	u        *UA
	tx       *clientTx
	flow     *flow
	trusted  bool // the next hop is a server of ours: it may see credentials
	attempt  digest.Attempt
	nextSeq  func() uint32
	response func(*sipmsg.Response)
	fail     func(error)
	resent   func() // after a repetition was sent; may be nil
}

// start sends the request.
func (x *exchange) start(req *sipmsg.Request) {
	x.u.dress(req, x.flow)
	if x.trusted {
		x.authorizeAhead(req)
	}
	x.transmit(req)
}

func (x *exchange) transmit(req *sipmsg.Request) {
	x.tx = x.u.send(req, x.flow, x.received, x.fail)
}

// authorizeAhead adds credentials for the challenge answered last, which saves
// a round trip.
func (x *exchange) authorizeAhead(req *sipmsg.Request) {
	for _, proxy := range []bool{false, true} {
		name, value, ok := x.u.auth.Cached(string(req.Method), req.Recipient.String(), req.Body(), proxy)
		if ok {
			req.AppendHeader(sipmsg.NewHeader(name, value))
		}
	}
}

func (x *exchange) received(res *sipmsg.Response) {
	proxy := res.StatusCode == 407
	if !proxy && res.StatusCode != 401 || !x.trusted {
		x.info(res)
		x.response(res)
		return
	}
	req, err := x.authorized(res, proxy)
	if err != nil {
		x.u.log.Info("not authorized", "method", string(x.tx.req.Method), "err", err)
		x.response(res)
		return
	}
	x.transmit(req)
	if x.resent != nil {
		x.resent()
	}
}

// authorized is the request again, with the challenge answered.
func (x *exchange) authorized(res *sipmsg.Response, proxy bool) (*sipmsg.Request, error) {
	name := "WWW-Authenticate"
	if proxy {
		name = "Proxy-Authenticate"
	}
	var challenges []string
	for _, h := range res.GetHeaders(name) {
		challenges = append(challenges, h.Value())
	}
	if err := x.attempt.Allow(challenges, proxy); err != nil {
		return nil, err
	}
	old := x.tx.req
	name, value, err := x.u.auth.Authorize(string(old.Method), old.Recipient.String(), old.Body(), challenges, proxy)
	if err != nil {
		return nil, err
	}
	req := x.again()
	for req.RemoveHeader(name) {
	}
	req.AppendHeader(sipmsg.NewHeader(name, value))
	return req, nil
}

// again is the same request as a new transaction.
func (x *exchange) again() *sipmsg.Request {
	req := x.tx.req.Clone()
	req.ReplaceHeader(x.u.via(x.flow))
	req.ReplaceHeader(&sipmsg.CSeqHeader{SeqNo: x.nextSeq(), MethodName: req.Method})
	return req
}

// destroy ends an INVITE whose far end said something and then nothing more:
// its transaction would wait for ever (RFC 3261 §9.1, §17.1.1.2). The owner is
// not told.
func (x *exchange) destroy() {
	if x.tx != nil && x.tx.final == 0 {
		x.tx.fail = nil
		x.tx.fsm.Terminate()
	}
}

// info takes the nonce for next time.
func (x *exchange) info(res *sipmsg.Response) {
	if !res.IsSuccess() || !x.trusted {
		return
	}
	for _, name := range []string{"Authentication-Info", "Proxy-Authentication-Info"} {
		if v := headerValue(res, name); v != "" {
			if err := x.u.auth.Info(v, name[0] == 'P'); err != nil {
				x.u.log.Debug("unreadable header", "header", name, "err", err)
			}
		}
	}
}

func (u *UA) newDigest() *digest.Client {
	user := u.acc.AuthUser
	if user == "" {
		user = u.acc.User
	}
	return &digest.Client{User: user, Password: u.acc.Password}
}
