package sip

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/sdp"
)

// uas is what a call has while an INVITE of the far end is served: the first
// one of an incoming call, or one that changes a call (RFC 3261 §14.2).
type uas struct {
	server    *serverTx    // INVITE that waits for our answer or for ACK
	offer     *sdp.Session // of the first INVITE; nil = we make the offer
	ringTimer *timer       // repeats 180, or ends ringing
	expires   *timer
	byeOnAck  bool
	lateOffer bool // the ACK must bring an answer

	ok       *sipmsg.Response // 2xx that waits for its ACK
	repeat   *timer
	interval time.Duration
	waited   time.Duration

	reliable reliable
}

// onInvite takes a new call.
func (u *UA) onInvite(t *serverTx) {
	offer, r := u.screen(t)
	if r != nil {
		u.reject(t, *r)
		return
	}
	c := u.newCall(CallID(u.lastID.Add(1)), false, t.req.CallID().Value())
	c.state, c.server, c.offer, c.localTag = ringing, t, offer, t.tag
	c.dlg = dialogFromInvite(t.req, t.tag)
	c.peer = t.req.From().Address.String()
	c.home = t.flow.remote
	c.trust(t.flow.remote)
	c.trustTarget(c.dlg)
	t.cancel = func(req *sipmsg.Request) { u.current = c; c.cancelled(req) }
	c.limitRinging(t.req)
	e := incoming(t.req, u.trustsIdentity(t.flow))
	e.Call, e.CallID = c.id, c.sipID
	c.log.Info("incoming call", "callid", c.sipID) // who calls is nobody's business but the telephone's
	c.ringTimer = c.after(timer64, c.unnoticed)
	u.notify(e)
}

// unnoticed refuses a call that the line neither rings for nor answers or
// refuses: two of them would keep every other call away.
func (c *call) unnoticed() {
	if c.state == ringing {
		c.refuse(480, "", Ended{Code: 480, Text: "the line does not react"})
	}
}

// screen decides whether a call is offered to the line at all.
func (u *UA) screen(t *serverTx) (*sdp.Session, *rejection) {
	offer, err := sdpOf(t.req)
	if err == nil && offer != nil {
		_, err = usable(offer, newSession(u.voice, "0").voice)
	}
	if err != nil {
		u.log.Info("incoming call refused", "err", err)
		return nil, &rejection{488, []sipmsg.Header{warning(305, "incompatible media format")}}
	}
	if r := tooShort(t.req); r != nil {
		return nil, r
	}
	if u.ending {
		return nil, &rejection{code: 480}
	}
	waiting := 0
	for _, c := range u.calls {
		if c.state == ringing && !c.over {
			waiting++
		}
	}
	if waiting >= u.opts.Limits.Waiting {
		return nil, &rejection{code: 486}
	}
	return offer, nil
}

// warning is a Warning header (RFC 3261 §20.43).
func warning(code int, text string) sipmsg.Header {
	return sipmsg.NewHeader("Warning", strconv.Itoa(code)+` ata-agent "`+text+`"`)
}

// limitRinging ends ringing when the caller's Expires says so (RFC 3261
// §13.3.1).
func (c *call) limitRinging(req *sipmsg.Request) {
	if n, ok := number(headerValue(req, "Expires")); ok && n > 0 {
		c.expires = c.after(time.Duration(n)*time.Second, func() {
			if c.state == ringing {
				c.refuse(487, "", Ended{Code: 487, Text: "expired"})
			}
		})
	}
}

// Ring says that the telephone rings.
func (u *UA) Ring(id CallID) { u.byID(id, func(c *call) { c.ring() }) }

// ringAgain keeps proxies from timing out (RFC 3261 §13.3.1.1).
const ringAgain = time.Minute

func (c *call) ring() {
	if c.state != ringing {
		return
	}
	c.ringTimer.stop()
	if lists(c.server.req, "Require", "100rel") {
		c.ringReliably()
		return
	}
	c.server.respond(c.response(180))
	c.ringTimer = c.after(ringAgain, c.ring)
}

// response builds a response of ours to the INVITE in service, as one that
// makes or keeps a dialog.
func (c *call) response(code int) *sipmsg.Response {
	return c.server.reply(code, "",
		c.u.contactFor(c.server.req, c.server.flow),
		sipmsg.NewHeader("Allow", allow), sipmsg.NewHeader("Supported", supported),
		sipmsg.NewHeader("User-Agent", oneLine(c.u.opts.UserAgent)))
}

// Answer takes an incoming call. rtp is where the line takes voice.
func (u *UA) Answer(id CallID, rtp netip.AddrPort) {
	u.byID(id, func(c *call) { c.answer(rtp) })
}

func (c *call) answer(rtp netip.AddrPort) {
	if c.state != ringing {
		return
	}
	c.ringTimer.stop()
	c.expires.stop()
	c.reliable.timer.stop()
	c.sess.rtp = rtp
	body, err := c.describe(c.offer, true)
	if err != nil {
		c.refuse(488, "", Ended{Code: 488, Text: "no acceptable media"})
		return
	}
	c.state = accepting
	res := c.response(200)
	c.confirmRefresh(c.server.req, res)
	setSDP(res, body)
	c.sendOK(res)
	if !c.lateOffer { // voice may flow before the ACK: the first word counts
		c.u.notify(Changed{Call: c.id, Media: c.sess.media})
	}
}

// describe makes our description for a 2xx: the answer to an offer, or an
// offer if there was none.
func (c *call) describe(offer *sdp.Session, full bool) (*sdp.Session, error) {
	c.lateOffer = offer == nil
	if offer == nil {
		return c.sess.offer(full), nil
	}
	d, err := c.sess.answer(offer)
	if err != nil {
		c.log.Info("offer refused", "err", err)
	}
	return d, err
}

// sendOK sends a 2xx and repeats it until its ACK comes, over any transport
// (RFC 3261 §13.3.1.4).
func (c *call) sendOK(res *sipmsg.Response) {
	c.ok, c.interval, c.waited = res, timerT1, 0
	c.server.respond(res)
	c.repeat.stop()
	c.repeat = c.after(c.interval, c.repeatOK)
}

func (c *call) repeatOK() {
	c.waited += c.interval
	if c.waited >= timer64 {
		c.notAcknowledged()
		return
	}
	c.server.respond(c.ok)
	c.interval = min(2*c.interval, timerT2, timer64-c.waited)
	c.repeat = c.after(c.interval, c.repeatOK)
}

// notAcknowledged: the far end is there no more.
func (c *call) notAcknowledged() {
	c.ok, c.server = nil, nil
	c.drop(408, "answer not acknowledged")
}

// onAck handles the ACK of a 2xx.
func (c *call) onAck(req *sipmsg.Request) {
	if c.ok == nil || c.ok.CSeq().SeqNo != req.CSeq().SeqNo {
		return // repeated
	}
	c.repeat.stop()
	c.ok, c.server = nil, nil
	first := c.state == accepting
	c.state = confirmed
	if c.byeOnAck {
		c.bye(c.dlg)
		return
	}
	before := c.sess.media
	if c.lateOffer && !c.lateAnswer(req) {
		c.drop(488, "ACK without acceptable answer")
		return
	}
	if first {
		c.tellAnswered()
	} else {
		c.changed(before)
	}
	c.modifyNext()
}

// lateAnswer takes the answer in an ACK (RFC 3261 §13.2.1).
func (c *call) lateAnswer(req *sipmsg.Request) bool {
	c.lateOffer = false
	answer, err := sdpOf(req)
	if err != nil || answer == nil {
		c.sess.withdraw()
		return false
	}
	return c.accept(answer) == nil
}

// Reject refuses an incoming call with a status of 300 to 699 and a phrase,
// empty for the usual one.
func (u *UA) Reject(id CallID, code int, reason string) {
	u.byID(id, func(c *call) {
		if c.state == ringing {
			if code < 300 || code > 699 {
				code = 480
			}
			c.refuse(code, oneLine(reason), Ended{Local: true, Code: code})
		}
	})
}

// refuse ends a call that was not answered.
func (c *call) refuse(code int, reason string, e Ended) {
	c.server.respond(c.server.reply(code, reason))
	c.end(e)
	c.state = done
	c.settle()
}

// cancelled: the caller gave up, or another telephone answered.
func (c *call) cancelled(req *sipmsg.Request) {
	if c.state != ringing {
		return
	}
	e := endedBy(req)
	e.Code = 487
	c.refuse(487, "", e)
}

// incoming reads what a telephone shows of a call. Who calls is believed as
// far as callerOf says.
func incoming(req *sipmsg.Request, trusted bool) Incoming {
	who := callerOf(req, trusted)
	e := Incoming{
		Number: who.Number, Name: who.Name, Withheld: who.Withheld, Called: req.Recipient.User,
		Alert:    oneLine(headerValue(req, "Alert-Info")),
		Priority: strings.ToLower(oneLine(headerValue(req, "Priority"))),
	}
	if user := req.To().Address.User; user != "" {
		e.Called = user
	}
	return e
}
