package sip

import (
	"slices"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/sdp"
)

// modify is what a call has for re-INVITEs of ours. One is under way at most;
// what the line asks for meanwhile is done afterwards.
type modify struct {
	offering    *exchange // our re-INVITE without final response
	wantHold    bool      // what the line asked for last
	wantData    bool      // the same
	wantRefresh bool
	unknown     bool   // the far end has not heard yet where we are now
	glare       *timer // waits after 491
}

// Hold puts the far end on hold, or takes it back. Changed follows if the far
// end agrees.
func (u *UA) Hold(id CallID, on bool) {
	u.byID(id, func(c *call) {
		c.wantHold = on
		c.modifyNext()
	})
}

// CarryData offers the far end what data of a fax or modem need: short packets
// and no pauses left out (ITU-T V.152); or takes that back. Changed follows if the
// far end agrees and something changes.
func (u *UA) CarryData(id CallID, on bool) {
	u.byID(id, func(c *call) {
		c.wantData = on
		c.modifyNext()
	})
}

// modifyNext sends a re-INVITE if one is wanted and possible now.
func (c *call) modifyNext() {
	if c.over || c.state != confirmed || c.offering != nil || c.ok != nil || c.glare != nil {
		return
	}
	switch {
	case c.wantHold != c.sess.held:
		c.sess.held = c.wantHold
		c.reinvite(c.sess.offer(false))
	case c.wantData != c.sess.data:
		c.sess.data = c.wantData
		c.reinvite(c.sess.offer(false))
	case c.wantRefresh:
		c.reinvite(c.sess.again())
	}
}

// relocated tells the far end where to find us: our address is new, or the
// connection that our Contact named is gone.
func (c *call) relocated() {
	if c.state != confirmed || c.over {
		return
	}
	c.unknown, c.wantRefresh = true, true
	c.modifyNext()
}

// reinvite offers a new description.
func (c *call) reinvite(offer *sdp.Session) {
	c.wantRefresh = false
	x := &exchange{}
	c.offering = x // from now on the far end's offers are glare
	c.u.reach(c.dlg.nextHop(), func(f *flow, err error) {
		c.u.current = c
		if err != nil || c.state != confirmed {
			c.log.Info("re-INVITE not sent", "err", err)
			c.offering = nil
			c.sess.withdraw()
			c.sess.fallBack()
			c.wantHold, c.wantData = c.sess.held, c.sess.data
			return
		}
		*x = *c.exchange(c.dlg, f)
		x.response = func(res *sipmsg.Response) { c.u.current = c; c.onReinviteResponse(x, res) }
		x.fail = func(error) { c.u.current = c; c.onReinviteRefused(x, nil) }
		req := c.dlg.request(sipmsg.INVITE)
		c.refreshHeaders(req)
		setSDP(req, offer)
		x.start(req)
		c.giveUp = c.after(timer64*2, func() {
			x.destroy()
			c.onReinviteRefused(x, nil)
		})
	})
}

func (c *call) onReinviteResponse(x *exchange, res *sipmsg.Response) {
	switch {
	case res.IsProvisional():
		c.acknowledge(c.dlg, res)
	case res.IsSuccess():
		c.onReinviteSuccess(x, res)
	default:
		c.onReinviteRefused(x, res)
	}
}

func (c *call) onReinviteSuccess(x *exchange, res *sipmsg.Response) {
	key := ackKey(c.dlg.remoteTag, res.CSeq().SeqNo)
	if a := c.acks[key]; a != nil {
		a.send()
		return
	}
	c.dlg.retarget(res.Contact())
	c.acknowledgeSuccess(x.tx.req, c.dlg, key, res)
	c.keepAck(key)
	if c.offering != x || c.over {
		return // it crossed a BYE
	}
	c.giveUp.stop()
	c.offering, c.unknown = nil, false
	before := c.sess.media
	answer, err := sdpOf(res)
	if err == nil && answer != nil {
		err = c.accept(answer)
	}
	c.sess.withdraw()
	if err != nil || answer == nil {
		c.drop(488, "answer without acceptable media")
		return
	}
	c.agreeRefresh(res, true)
	c.changed(before)
	c.modifyNext()
}

// keptAcks are the ACKs of re-INVITEs kept for repetitions of their 2xx, which
// come within half a minute.
const keptAcks = 4

// keepAck forgets the oldest: a call that is refreshed may last for weeks.
func (c *call) keepAck(key string) {
	c.reacks = append(c.reacks, key)
	if len(c.reacks) > keptAcks {
		delete(c.acks, c.reacks[0])
		c.reacks = slices.Delete(c.reacks, 0, 1)
	}
}

// onReinviteRefused leaves the session as it was (RFC 3261 §14.1). res is nil
// if no final response came.
func (c *call) onReinviteRefused(x *exchange, res *sipmsg.Response) {
	if c.offering != x {
		return
	}
	c.giveUp.stop()
	c.offering = nil
	c.sess.withdraw()
	c.sess.fallBack()
	switch {
	case c.over:
	case gone(res):
		c.drop(408, "far end is gone")
	case res.StatusCode == 491:
		c.retryAfterGlare()
	default:
		c.wantHold, c.wantData = c.sess.held, c.sess.data
		c.modifyNext()
	}
}

// retryAfterGlare waits as RFC 3261 §14.1 has it: the owner of the Call-ID
// longer, so that one of the two comes first.
func (c *call) retryAfterGlare() {
	d := between(0, 2*time.Second)
	if c.outgoing {
		d = between(2100*time.Millisecond, 4*time.Second)
	}
	c.glare = c.after(d, func() {
		c.glare = nil
		c.wantRefresh = c.wantRefresh || c.unknown
		c.modifyNext()
	})
}
