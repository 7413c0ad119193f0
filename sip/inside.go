package sip

import (
	"strconv"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// onRequest handles a request of the far end inside a dialog of this call.
func (c *call) onRequest(t *serverTx) {
	tag, _ := t.req.From().Params.Get("tag")
	if !c.dialog(tag).inOrder(t.req.CSeq().SeqNo) {
		c.u.reject(t, rejection{code: 500}) // out of order, RFC 3261 §12.2.2
		return
	}
	if c.over && t.req.Method != sipmsg.BYE {
		c.u.reject(t, rejection{code: 481}) // it crossed our BYE, RFC 5407 §3.2.2
		return
	}
	switch t.req.Method {
	case sipmsg.BYE:
		c.onBye(t)
	case sipmsg.INVITE:
		c.onReinvite(t)
	case sipmsg.UPDATE:
		c.onUpdate(t)
	case sipmsg.PRACK:
		c.onPrack(t)
	case sipmsg.INFO:
		c.onInfo(t)
	case sipmsg.OPTIONS:
		t.respond(c.u.capabilities(t))
	case sipmsg.NOTIFY:
		c.u.reject(t, badEvent())
	}
}

// onBye ends the call. A caller may send it before the answer (RFC 3261 §15).
func (c *call) onBye(t *serverTx) {
	res := t.reply(200, "")
	c.tellStat(res)
	t.respond(res)
	c.takeStat(t.req)
	if c.server != nil && c.server.last < 200 {
		c.server.answer(487)
	}
	c.ok = nil
	c.repeat.stop()
	c.end(endedBy(t.req))
	if c.outgoing && c.dlg == nil { // a fork ended itself; nobody should, but some do
		c.cancel()
		return
	}
	c.state = done
	c.settle()
}

// pending says why the far end's offer must wait (RFC 3261 §14.2, RFC 3311
// §5.2), nil if it need not.
func (c *call) pending() *rejection {
	switch {
	case c.state == ringing:
		return &rejection{500, []sipmsg.Header{retryAfter()}} // we owe the answer to their first offer
	case c.state == proceeding && c.sess.media.Codec != "":
		return nil // early media changes, RFC 6337 §3.1
	case c.state == accepting && c.lateOffer, c.state != accepting && c.state != confirmed:
		return &rejection{code: 491}
	case c.offering != nil, c.ok != nil && c.lateOffer:
		return &rejection{code: 491}
	}
	return nil
}

func retryAfter() sipmsg.Header {
	return sipmsg.NewHeader("Retry-After", strconv.Itoa(int(between(0, 10*time.Second)/time.Second)))
}

// onReinvite lets the far end change the call. If our last 2xx was not
// acknowledged, this INVITE shows that it arrived (RFC 5407 §3.1.5).
func (c *call) onReinvite(t *serverTx) {
	r := c.pending()
	if r == nil && c.state == proceeding {
		r = &rejection{code: 491} // INVITE needs a call that is up
	}
	if r == nil {
		r = tooShort(t.req)
	}
	if r != nil {
		c.u.reject(t, *r)
		return
	}
	c.impliedAck()
	before := c.sess.media
	offer, err := sdpOf(t.req)
	if err != nil {
		c.u.reject(t, rejection{code: 488})
		return
	}
	c.server = t
	body, err := c.describe(offer, true)
	if err != nil {
		c.server = nil
		c.u.reject(t, rejection{488, []sipmsg.Header{warning(305, "incompatible media format")}})
		return
	}
	c.dlg.retarget(t.req.Contact())
	res := c.response(200)
	c.confirmRefresh(t.req, res)
	setSDP(res, body)
	c.sendOK(res)
	c.changed(before)
}

// impliedAck takes note that our 2xx arrived although its ACK did not.
func (c *call) impliedAck() {
	if c.ok == nil {
		return
	}
	c.repeat.stop()
	c.ok, c.server = nil, nil
	if c.state == accepting {
		c.state = confirmed
		if !c.over {
			c.tellAnswered()
		}
	}
}

// onUpdate is as a re-INVITE, in one round trip (RFC 3311 §5.2). Without a
// description it refreshes target and session timer.
func (c *call) onUpdate(t *serverTx) {
	offer, err := sdpOf(t.req)
	r := tooShort(t.req)
	switch {
	case r != nil:
	case err != nil:
		r = &rejection{code: 488}
	case offer != nil:
		r = c.pending()
	}
	if r != nil {
		c.u.reject(t, *r)
		return
	}
	res := t.reply(200, "", c.u.contactFor(t.req, t.flow), sipmsg.NewHeader("Allow", allow), sipmsg.NewHeader("Supported", supported))
	before := c.sess.media
	if offer != nil {
		body, err := c.sess.answer(offer)
		if err != nil {
			c.log.Info("offer refused", "err", err)
			c.u.reject(t, rejection{code: 488})
			return
		}
		setSDP(res, body)
	}
	tag, _ := t.req.From().Params.Get("tag")
	c.dialog(tag).retarget(t.req.Contact())
	c.confirmRefresh(t.req, res)
	t.respond(res)
	if c.state == proceeding {
		c.earlyChange(before)
		return
	}
	c.changed(before)
}

// earlyChange tells the line about new media before the answer.
func (c *call) earlyChange(before Media) {
	if m := c.sess.media; m != before {
		c.u.notify(Progress{Call: c.id, Code: 183, Media: &m})
	}
}
