package sip

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	sipmsg "github.com/emiago/sipgo/sip"
)

// uac is what an outgoing call has besides.
type uac struct {
	uri     sipmsg.Uri
	seq     uint32
	invite  *exchange
	targets []target
	target  target // asked now
	heard   bool   // a response came to the INVITE under way
	early   map[string]*dialog
	rseq    map[string]uint32 // last reliable provisional response, by To tag and CSeq
	acks    map[string]*ack   // by To tag and CSeq
	reacks  []string          // of acks, those of re-INVITEs, oldest first
	minSE   int               // seconds, from a 422

	giveUp   *timer // bounds ringing, and waiting after CANCEL
	patience *timer // moves on to the next server
	stop     bool   // CANCEL as soon as we may
	stopped  bool   // CANCEL was sent
}

// ack repeats the ACK of a 2xx (RFC 3261 §13.2.2.4).
type ack struct {
	req  *sipmsg.Request
	flow *flow // nil until the next hop was found
}

func (a *ack) send() {
	if a.flow != nil {
		_ = a.flow.WriteMsg(a.req) // the 2xx comes again if it is lost
	}
}

// Invite starts a call to a number, or to a sip: URI. rtp is where the line
// takes voice. A call that cannot be made ends with Ended, which may come
// before Invite returns.
func (u *UA) Invite(to string, rtp netip.AddrPort) CallID {
	id := CallID(u.lastID.Add(1))
	u.post(func() { u.place(id, to, rtp, false) })
	return id
}

// InviteUrgently is Invite for an emergency: the voice is encrypted if the far
// end can, whatever the line requires, for to be heard comes first.
func (u *UA) InviteUrgently(to string, rtp netip.AddrPort) CallID {
	id := CallID(u.lastID.Add(1))
	u.post(func() { u.place(id, to, rtp, true) })
	return id
}

func (u *UA) place(id CallID, to string, rtp netip.AddrPort, urgent bool) {
	c := u.newCall(id, true, token(12))
	if urgent {
		c.sess.voice.Secrecy = min(c.sess.voice.Secrecy, SecrecyOptional)
	}
	c.early = map[string]*dialog{}
	c.peer = oneLine(to)
	if err := u.destination(to, &c.uri); err != nil || u.ending {
		c.failed(484, "not a number")
		return
	}
	if c.uri.IsEncrypted() && u.acc.Transport != TLS {
		c.failed(416, "a sips: address needs TLS") // RFC 5630 §3.3
		return
	}
	c.peer = c.uri.String()
	c.sess.rtp = rtp
	c.giveUp = c.after(u.opts.RingTimeout, func() { c.noAnswer() })
	u.findServers(func(list []target, err error) {
		u.current = c
		c.targets = list
		if err != nil {
			c.log.Warn("no server", "err", err)
		}
		c.tryNext()
	})
}

var errNumber = errors.New("sip: not a number or sip URI")

// destination makes the request URI of what was dialled.
func (u *UA) destination(to string, uri *sipmsg.Uri) error {
	if to == "" || len(to) > 256 || oneLine(to) != to || strings.ContainsAny(to, " <>\"") {
		return errNumber
	}
	if strings.HasPrefix(to, "sip:") || strings.HasPrefix(to, "sips:") {
		if err := sipmsg.ParseUri(strings.ReplaceAll(to, "#", "%23"), uri); err != nil || !isSIP(uri) {
			return errNumber
		}
		uri.Headers = nil
		return nil
	}
	p := placeOf(u.acc.Domain, u.acc.Transport)
	*uri = sipmsg.Uri{Scheme: "sip", User: escapeUser(to), Host: p.host, Port: p.port}
	if strings.Contains(p.host, ":") {
		uri.Host = "[" + p.host + "]"
	}
	return nil
}

// tryNext sends the INVITE to the next server, or gives up.
func (c *call) tryNext() {
	if c.over {
		c.state = done
		c.settle()
		return
	}
	if len(c.targets) == 0 {
		c.failed(503, "no server answers")
		return
	}
	t := c.targets[0]
	c.targets = c.targets[1:]
	c.u.stack.connect(t, func(f *flow, err error) {
		c.u.current = c
		if err != nil {
			c.log.Info("server out of reach", "server", t.addr, "err", err)
			c.u.blame(t, 0)
			c.tryNext()
			return
		}
		c.target = t
		c.sendInvite(f)
	})
}

func (c *call) sendInvite(f *flow) {
	if c.over {
		c.tryNext()
		return
	}
	c.state, c.heard, c.home = calling, false, f.remote
	c.trust(f.remote)
	x := &exchange{u: c.u, flow: f, trusted: true, nextSeq: func() uint32 { c.seq++; return c.seq }}
	x.response = func(res *sipmsg.Response) { c.u.current = c; c.onInviteResponse(x, res) }
	x.fail = func(err error) { c.u.current = c; c.onInviteFailure(x, err) }
	x.resent = func() { c.heard = false }
	c.invite = x
	if len(c.targets) > 0 {
		c.patience.stop()
		c.patience = c.after(invitePatience, func() { c.onInviteFailure(x, errImpatient) })
	}
	x.start(c.newInvite())
}

// invitePatience is how long a silent server keeps us if there is another.
const invitePatience = 12 * timerT1

var errImpatient = errors.New("sip: server is silent")

func (c *call) newInvite() *sipmsg.Request {
	c.seq++
	req := sipmsg.NewRequest(sipmsg.INVITE, *c.uri.Clone())
	for _, r := range c.u.initialRoutes() {
		req.AppendHeader(r)
	}
	for _, h := range c.u.identity(c.localTag) {
		req.AppendHeader(h)
	}
	req.AppendHeader(&sipmsg.ToHeader{Address: *c.uri.Clone()})
	appendCommon(req, c.sipID, c.seq)
	c.askRefresh(req)
	setSDP(req, c.sess.offer(true))
	return req
}

// proxyRoute is the outbound proxy as a preloaded route (RFC 3261 §8.1.2).
func (u *UA) proxyRoute() *sipmsg.RouteHeader {
	p := u.serverPlace()
	uri := sipmsg.Uri{Scheme: "sip", Host: p.host, Port: p.port, UriParams: sipmsg.NewParams()}
	if strings.Contains(p.host, ":") {
		uri.Host = "[" + p.host + "]"
	}
	if p.transport != UDP {
		uri.UriParams.Add("transport", string(p.transport))
	}
	uri.UriParams.Add("lr", "")
	return &sipmsg.RouteHeader{Address: uri}
}

// aor is the address of record.
func (u *UA) aor() sipmsg.Uri {
	p := placeOf(u.acc.Domain, u.acc.Transport)
	uri := sipmsg.Uri{Scheme: "sip", User: escapeUser(u.acc.User), Host: p.host, Port: p.port}
	if strings.Contains(p.host, ":") {
		uri.Host = "[" + p.host + "]"
	}
	return uri
}

func (u *UA) fromHeader(tag string) *sipmsg.FromHeader {
	params := sipmsg.NewParams()
	params.Add("tag", tag)
	return &sipmsg.FromHeader{DisplayName: displayName(u.acc.Display), Address: u.aor(), Params: params}
}

// onInviteResponse handles what an INVITE of ours is answered with, once
// challenges are out of the way.
func (c *call) onInviteResponse(x *exchange, res *sipmsg.Response) {
	switch {
	case res.IsSuccess():
		c.onSuccess(res)
	case x != c.invite || c.dlg != nil:
		// late words of a server or a fork we left
	case res.IsProvisional():
		c.onProvisional(res)
	default:
		c.onRefusal(res)
	}
}

// onProvisional handles 100 to 199.
func (c *call) onProvisional(res *sipmsg.Response) {
	c.patience.stop()
	c.heard = true
	if c.state == calling {
		c.state = proceeding
	}
	if c.stop {
		c.sendCancel()
		return
	}
	tag, ok := res.To().Params.Get("tag")
	if res.StatusCode == 100 || !ok || c.state != proceeding {
		return
	}
	if res.StatusCode == 199 {
		delete(c.early, tag) // this fork is over, RFC 6228 §4
		return
	}
	if c.early[tag] == nil && len(c.early) == maxForks {
		return
	}
	d := c.earlyDialog(tag, res)
	if !c.acknowledge(d, res) {
		return
	}
	p := Progress{Call: c.id, Code: res.StatusCode}
	if c.earlyMedia(res) {
		m := c.sess.media
		p.Media = &m
	}
	c.u.notify(p)
}

// maxForks bounds how many telephones may ring for one call of ours.
const maxForks = 32

// earlyDialog finds or makes the dialog of a fork that is not answered yet.
func (c *call) earlyDialog(tag string, res *sipmsg.Response) *dialog {
	d := c.early[tag]
	if d == nil {
		d = dialogFromResponse(c.invite.tx.req, res)
		c.early[tag] = d
		return d
	}
	d.retarget(res.Contact())
	return d
}

// earlyMedia takes the answer of a provisional response for what it is worth
// until the final one: each fork answers the same offer.
func (c *call) earlyMedia(res *sipmsg.Response) bool {
	answer, err := sdpOf(res)
	if err != nil || answer == nil {
		return false
	}
	offer := c.sess.sent
	if offer == nil {
		offer = c.sess.local
	}
	c.sess.sent = offer
	err = c.accept(answer)
	c.sess.sent = offer // the answer of another fork may still come
	return err == nil
}

// acknowledge sends PRACK for a reliable provisional response (RFC 3262 §4).
// false: it is a repetition, or one that came too early.
func (c *call) acknowledge(d *dialog, res *sipmsg.Response) bool {
	if !lists(res, "Require", "100rel") {
		return true
	}
	n, ok := number(headerValue(res, "RSeq"))
	key := ackKey(d.remoteTag, res.CSeq().SeqNo)
	rseq, last := uint32(n), c.rseq[key]
	if !ok || rseq == 0 || last != 0 && rseq != last+1 {
		return false
	}
	if c.rseq == nil {
		c.rseq = map[string]uint32{}
	}
	c.rseq[key] = rseq
	rack := strings.Join([]string{strconv.Itoa(n), strconv.Itoa(int(res.CSeq().SeqNo)), "INVITE"}, " ")
	c.inside(d, sipmsg.PRACK, func(req *sipmsg.Request) {
		req.AppendHeader(sipmsg.NewHeader("RAck", rack))
	}, func(*sipmsg.Response) {})
	return true
}

// onRefusal handles 300 to 699.
func (c *call) onRefusal(res *sipmsg.Response) {
	c.patience.stop()
	switch {
	case c.over:
		c.state = done
		c.settle()
	case res.StatusCode == 422 && c.minSE == 0 && c.raiseRefresh(res):
		c.sendInvite(c.invite.flow)
	case res.StatusCode == 503 && len(c.targets) > 0 && len(c.early) == 0:
		c.tryNext()
	default:
		e := endedBy(res)
		e.Code, e.Text = res.StatusCode, oneLine(res.Reason)
		c.end(e)
		c.state = done
		c.settle()
	}
}

// onInviteFailure handles an INVITE that got no final response (RFC 3261
// §8.1.3.1: time-out is as 408, a transport error as 503).
func (c *call) onInviteFailure(x *exchange, err error) {
	if x != c.invite || c.dlg != nil || c.state == done {
		return
	}
	c.log.Info("INVITE failed", "server", x.flow.remote, "err", err)
	if !c.heard && !c.over {
		c.u.avoid(c.target)
	}
	if !c.heard && !c.over && len(c.targets) > 0 {
		x.destroy() // no more repetitions
		c.tryNext()
		return
	}
	code := 503
	if errors.Is(err, sipmsg.ErrTransactionTimeout) || errors.Is(err, errImpatient) {
		code = 408
	}
	c.failed(code, "no answer from the server")
}

// failed ends an outgoing call that never came to be.
func (c *call) failed(code int, text string) {
	c.end(Ended{Code: code, Text: text})
	c.state = done
	c.settle()
}

// onSuccess handles 200 to 299 to an INVITE: the first is the call, every
// other fork is acknowledged and hung up (RFC 3261 §13.2.2.4), and so is the
// first if we have given up meanwhile.
func (c *call) onSuccess(res *sipmsg.Response) {
	tag, _ := res.To().Params.Get("tag")
	key := ackKey(tag, res.CSeq().SeqNo)
	if a := c.acks[key]; a != nil {
		a.send()
		return
	}
	if c.dlg != nil && c.dlg.remoteTag == tag {
		return // a re-INVITE of long ago
	}
	d := dialogFromResponse(c.invite.tx.req, res)
	if e := c.early[tag]; e != nil {
		d.seq, d.remoteSeq = e.seq, e.remoteSeq // PRACK and UPDATE have counted on
	}
	d.seq = max(d.seq, res.CSeq().SeqNo, c.seq)
	c.acknowledgeSuccess(c.invite.tx.req, d, key, res)
	if c.over || c.dlg != nil {
		c.surplus(d)
		return
	}
	c.answered(d, res)
}

func ackKey(tag string, seq uint32) string { return tag + " " + strconv.Itoa(int(seq)) }

// acknowledgeSuccess sends the ACK of a 2xx and keeps it for repetitions.
func (c *call) acknowledgeSuccess(invite *sipmsg.Request, d *dialog, key string, res *sipmsg.Response) {
	a := &ack{req: d.numbered(sipmsg.ACK, res.CSeq().SeqNo)}
	if c.acks == nil {
		c.acks = map[string]*ack{}
	}
	c.acks[key] = a
	c.u.reach(d.nextHop(), func(f *flow, err error) {
		if err != nil {
			c.log.Warn("ACK not sent", "err", err)
			return
		}
		if f.remote == c.home {
			copyCredentials(invite, a.req)
		}
		c.u.dress(a.req, f)
		a.req.SetTransport(f.transport.network())
		a.flow = f
		a.send()
	})
}

// copyCredentials: an ACK carries those of its INVITE, for nobody can ask for
// them (RFC 3261 §22.1).
func copyCredentials(from, to *sipmsg.Request) {
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		for _, h := range from.GetHeaders(name) {
			to.AppendHeader(sipmsg.HeaderClone(h))
		}
	}
}

// surplus hangs up a dialog nobody wants.
func (c *call) surplus(d *dialog) {
	if c.dlg == nil {
		c.dlg = d
	}
	c.bye(d)
}

// answered makes the dialog of the first 2xx the call.
func (c *call) answered(d *dialog, res *sipmsg.Response) {
	c.giveUp.stop()
	c.patience.stop()
	c.dlg, c.state, c.early = d, confirmed, map[string]*dialog{}
	c.trustTarget(d)
	answer, err := sdpOf(res)
	if err == nil && answer != nil {
		err = c.accept(answer)
	}
	c.sess.sent = nil
	if err != nil || c.sess.media.Codec == "" {
		c.drop(488, "answer without acceptable media")
		return
	}
	c.agreeRefresh(res, true)
	c.tellAnswered()
}

// cancel gives up a call that is not answered. CANCEL waits for a first
// response (RFC 3261 §9.1).
func (c *call) cancel() {
	c.stop = true
	c.patience.stop()
	c.giveUp.stop()
	if c.invite == nil {
		c.state = done // still looking for a server
		return
	}
	c.invite.trusted = false // a challenge is the end now
	c.state = cancelling
	c.giveUp = c.after(timer64, func() {
		c.invite.destroy()
		c.state = done
		c.settle()
	})
	if c.heard {
		c.sendCancel()
	}
}

func (c *call) sendCancel() {
	if c.stopped {
		return
	}
	c.stopped = true
	c.u.send(cancelFor(c.invite.tx.req), c.invite.flow, func(*sipmsg.Response) {}, nil)
}

// noAnswer ends a call that rang too long.
func (c *call) noAnswer() {
	c.end(Ended{Code: 408, Text: "no answer"})
	c.cancel()
	c.settle()
}

// endedBy reads the reason of the far end (RFC 3326).
func endedBy(msg sipmsg.Message) Ended {
	var e Ended
	for _, v := range listOf(msg, "Reason") {
		protocol, _, _ := strings.Cut(v, ";")
		cause, _ := param(v, "cause")
		n, _ := strconv.Atoi(cause)
		switch protocol = strings.TrimSpace(protocol); {
		case strings.EqualFold(protocol, "Q.850"):
			e.Cause = n
			e.Elsewhere = e.Elsewhere || n == 26
		case strings.EqualFold(protocol, "SIP"):
			e.Elsewhere = e.Elsewhere || n == 200
		}
		if t, ok := param(v, "text"); ok {
			e.Text = oneLine(t)
		}
	}
	return e
}
