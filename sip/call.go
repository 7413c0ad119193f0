package sip

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/sdp"
)

// callState is where a call stands.
//
//	outgoing:  calling -> proceeding ------> confirmed -> terminating -> done
//	              |           |                  ^            ^
//	              +-> cancelling --(2xx anyway)--|------------+
//	incoming:  ringing -> accepting -------------+
//	              +-> done (refused, cancelled)
type callState uint8

const (
	calling     callState = iota // INVITE on its way, nobody has said anything
	proceeding                   // a provisional response came
	cancelling                   // we gave up before an answer
	ringing                      // incoming, not answered
	accepting                    // our 2xx waits for its ACK
	confirmed                    // up
	terminating                  // our BYE waits for its answer
	done
)

var callStateNames = [...]string{
	"calling", "proceeding", "cancelling", "ringing", "accepting", "confirmed", "terminating", "done",
}

func (s callState) String() string { return callStateNames[s] }

// RFC 3261 §17.1.1.1 and table 4.
const (
	timerT1 = 500 * time.Millisecond
	timerT2 = 4 * time.Second
	timer64 = 64 * timerT1
)

// call is one call. After the line was told that it ended (over) it stays
// until the last request of its own has an answer.
type call struct {
	u        *UA
	log      *slog.Logger
	id       CallID
	outgoing bool
	state    callState
	over     bool
	since    time.Time
	sipID    string
	localTag string
	peer     string
	home     netip.AddrPort // the server the call runs through; it may ask who we are
	trusted  []netip.AddrPort
	sess     *session
	dlg      *dialog // nil until an outgoing call is answered
	busy     int     // exchanges that must end before the call is forgotten

	measure func() RTPStat // how the voice fares; nil: nobody is told

	uac
	uas
	refresh
	modify
}

func (u *UA) newCall(id CallID, outgoing bool, sipID string) *call {
	c := &call{
		u: u, id: id, outgoing: outgoing, sipID: sipID, localTag: token(8), since: time.Now(),
		sess: newSession(u.voice, sessionID()), log: u.log.With("call", uint32(id)),
	}
	u.calls[id] = c
	u.current = c
	return c
}

// sessionID is the number in our o= line (RFC 8866 §5.2).
func sessionID() string {
	return strings.TrimLeft(strings.Map(func(r rune) rune {
		if r >= 'a' {
			return r - 'a' + '0'
		}
		return r
	}, token(7)), "0") + "1"
}

func (c *call) status() CallStatus {
	return CallStatus{Call: c.id, CallID: c.sipID, Outgoing: c.outgoing, State: c.state.String(), Peer: c.peer, Since: c.since}
}

// byID runs f with the call, if it is still there, on the UA's goroutine.
func (u *UA) byID(id CallID, f func(*call)) {
	u.post(func() {
		if c := u.calls[id]; c != nil && !c.over {
			u.current = c
			f(c)
		}
	})
}

// own wraps a callback so that a fault in it is laid to this call.
func (c *call) own(f func()) func() {
	return func() { c.u.current = c; f() }
}

func (c *call) after(d time.Duration, f func()) *timer { return c.u.after(d, c.own(f)) }

// end tells the line that the call is over.
func (c *call) end(e Ended) {
	if c.over {
		return
	}
	c.over = true
	e.Call = c.id
	c.log.Debug("call ended", "state", c.state.String(), "code", e.Code, "cause", e.Cause, "local", e.Local, "text", e.Text)
	c.u.notify(e)
}

// settle forgets the call once nothing of it is left to do.
func (c *call) settle() {
	if c.over && c.busy == 0 && (c.state == done || c.state == terminating) {
		c.state = done
		c.u.forget(c)
	}
}

func (u *UA) forget(c *call) {
	if u.calls[c.id] != c {
		return
	}
	c.stopTimers()
	for _, a := range c.trusted {
		u.guard.distrust(a)
	}
	c.trusted = nil
	delete(u.calls, c.id)
}

// release ends a call after a fault of ours, without asking it anything.
func (u *UA) release(c *call) {
	defer func() {
		if r := recover(); r != nil { // the receiver of events is at fault
			u.count.panics.Add(1)
		}
	}()
	defer u.forget(c)
	if s := c.server; s != nil && s.last < 200 {
		s.answer(500)
	}
	c.state = done
	c.end(Ended{Local: true, Code: 500, Text: "fault"})
}

func (c *call) stopTimers() {
	for _, t := range []*timer{c.giveUp, c.patience, c.ringTimer, c.expires, c.repeat, c.reliable.timer, c.refresher, c.glare} {
		t.stop()
	}
}

// trust lets a peer of this call send requests as long as the call lives.
func (c *call) trust(a netip.AddrPort) {
	c.u.guard.trust(a)
	c.trusted = append(c.trusted, a)
}

// trustTarget lets the far end reach us from where our requests go to.
func (c *call) trustTarget(d *dialog) {
	c.u.locate(placeOfURI(d.nextHop(), c.u.acc.Transport), func(list []target, err error) {
		for _, t := range list {
			if !c.over {
				c.trust(t.addr)
			}
		}
	})
}

// hasRemote reports whether a tag is that of the far end, or of one of several
// before the answer.
func (c *call) hasRemote(tag string) bool { return c.dialog(tag) != nil }

func (c *call) dialog(tag string) *dialog {
	if c.dlg != nil && c.dlg.remoteTag == tag {
		return c.dlg
	}
	return c.early[tag]
}

// inside sends a request in a dialog of this call. handle gets the final
// response, or nil if there was none.
func (c *call) inside(d *dialog, method sipmsg.RequestMethod, edit func(*sipmsg.Request), handle func(*sipmsg.Response)) {
	c.busy++
	finish := func(res *sipmsg.Response) {
		c.u.current = c
		c.busy--
		handle(res)
		c.settle()
	}
	c.u.reach(d.nextHop(), func(f *flow, err error) {
		if err != nil {
			c.log.Info("request not sent", "method", string(method), "err", err)
			finish(nil)
			return
		}
		req := d.request(method)
		if edit != nil {
			edit(req)
		}
		x := c.exchange(d, f)
		x.response = func(res *sipmsg.Response) {
			if res.StatusCode >= 200 {
				finish(res)
			}
		}
		x.fail = func(error) { finish(nil) }
		x.start(req)
	})
}

func (c *call) exchange(d *dialog, f *flow) *exchange {
	return &exchange{
		u: c.u, flow: f, trusted: f.remote == c.home,
		nextSeq: func() uint32 { d.seq++; return d.seq },
	}
}

// bye ends a dialog of this call.
func (c *call) bye(d *dialog) {
	if d == c.dlg {
		c.state = terminating
	}
	c.inside(d, sipmsg.BYE, func(req *sipmsg.Request) {
		if d == c.dlg { // not one of a fork that nobody talked to
			c.tellStat(req)
		}
	}, func(res *sipmsg.Response) {
		if res != nil && res.IsSuccess() {
			c.takeStat(res)
		}
		if d == c.dlg {
			c.state = done
		}
	})
}

// hangup ends the call in whatever way its state asks for.
func (c *call) hangup() {
	c.u.current = c
	switch c.state {
	case calling, proceeding:
		c.end(Ended{Local: true})
		c.cancel()
	case ringing:
		c.refuse(480, "", Ended{Local: true, Code: 480})
	case accepting:
		c.end(Ended{Local: true})
		c.byeOnAck = true // a callee must not send BYE before the ACK, RFC 3261 §15
	case confirmed:
		c.end(Ended{Local: true})
		c.bye(c.dlg)
	}
	c.settle()
}

// drop ends a call that cannot go on.
func (c *call) drop(code int, text string) {
	c.end(Ended{Code: code, Text: text})
	if c.dlg != nil && c.state != terminating && c.state != done {
		c.bye(c.dlg)
	}
	c.settle()
}

// sdpOf reads the description in a message: nil without error if there is none.
func sdpOf(msg sipmsg.Message) (*sdp.Session, error) {
	if len(msg.Body()) == 0 || contentType(msg) != "application/sdp" {
		return nil, nil
	}
	return sdp.Parse(msg.Body())
}

// accept takes the answer to our offer, and logs why not.
func (c *call) accept(answer *sdp.Session) error {
	err := c.sess.accept(answer)
	if err != nil {
		c.log.Info("answer refused", "err", err)
	}
	return err
}

// setSDP makes a description the body of a message.
func setSDP(msg sipmsg.Message, d *sdp.Session) {
	msg.AppendHeader(sipmsg.NewHeader("Content-Type", "application/sdp"))
	msg.SetBody(d.Marshal())
}

// tellAnswered tells the line that the call is up.
func (c *call) tellAnswered() {
	c.u.notify(Answered{Call: c.id, Media: c.sess.media, Dialog: c.known()})
}

// known is what servers know the call by.
func (c *call) known() Dialog {
	d := Dialog{CallID: c.sipID, LocalTag: c.localTag}
	if c.dlg != nil {
		d.FarTag = c.dlg.remoteTag
	}
	return d
}

// changed tells the line about new media.
func (c *call) changed(before Media) {
	if !c.over && c.sess.media != before && c.sess.media.Codec != "" {
		c.u.notify(Changed{Call: c.id, Media: c.sess.media})
	}
}

// Hangup ends a call in any state. Ended follows at once.
func (u *UA) Hangup(id CallID) { u.byID(id, func(c *call) { c.hangup() }) }
