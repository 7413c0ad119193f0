package sip

import (
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// refresh is the session timer (RFC 4028): without a sign of life in time a
// call is taken for dead.
type refresh struct {
	every     time.Duration // 0 = no timer
	ours      bool          // we refresh
	update    bool          // the far end knows UPDATE
	refresher *timer
}

// minSessionExpires is the shortest interval allowed (RFC 4028 §5).
const minSessionExpires = 90

// askRefresh proposes a session timer in an INVITE of ours.
func (c *call) askRefresh(req *sipmsg.Request) {
	want := int(c.u.opts.SessionExpires / time.Second)
	if want < 0 {
		return
	}
	least := max(minSessionExpires, c.minSE)
	req.AppendHeader(sipmsg.NewHeader("Session-Expires", strconv.Itoa(max(want, least))))
	req.AppendHeader(sipmsg.NewHeader("Min-SE", strconv.Itoa(least)))
}

// raiseRefresh takes the interval a 422 asks for; false: it names none.
func (c *call) raiseRefresh(res *sipmsg.Response) bool {
	n, ok := number(headerValue(res, "Min-SE"))
	if !ok || n < minSessionExpires {
		return false
	}
	c.minSE = n
	return true
}

// tooShort refuses a session timer below the minimum (RFC 4028 §9).
func tooShort(req *sipmsg.Request) *rejection {
	n, ok := number(headerValue(req, "Session-Expires"))
	if !ok || n >= minSessionExpires || !lists(req, "Supported", "timer") {
		return nil
	}
	return &rejection{422, []sipmsg.Header{sipmsg.NewHeader("Min-SE", strconv.Itoa(minSessionExpires))}}
}

// confirmRefresh answers a request's session timer in our 2xx. The caller
// refreshes unless it asked us to.
func (c *call) confirmRefresh(req *sipmsg.Request, res *sipmsg.Response) {
	c.noteUpdate(req)
	value := headerValue(req, "Session-Expires")
	n, ok := number(value)
	if !ok {
		c.proposeRefresh(req, res)
		return
	}
	n = max(n, minSessionExpires)
	who, named := param(value, "refresher")
	theirs := lists(req, "Supported", "timer") && (!named || strings.EqualFold(who, "uac"))
	refresher := "uas"
	if theirs {
		refresher = "uac"
		res.AppendHeader(sipmsg.NewHeader("Require", "timer"))
	}
	res.AppendHeader(sipmsg.NewHeader("Session-Expires", strconv.Itoa(n)+";refresher="+refresher))
	c.setRefresh(n, !theirs)
}

// proposeRefresh brings a timer into a call whose caller named none but knows
// what it is (RFC 4028 §9). We refresh: that works with every caller.
func (c *call) proposeRefresh(req *sipmsg.Request, res *sipmsg.Response) {
	want := int(c.u.opts.SessionExpires / time.Second)
	switch {
	case req.Method != sipmsg.INVITE:
	case want < 0 || !lists(req, "Supported", "timer"):
		c.setRefresh(0, false)
	default:
		want = max(want, minSessionExpires)
		res.AppendHeader(sipmsg.NewHeader("Session-Expires", strconv.Itoa(want)+";refresher=uas"))
		c.setRefresh(want, true)
	}
}

// agreeRefresh takes the session timer of a 2xx to a request of ours.
func (c *call) agreeRefresh(res *sipmsg.Response, invite bool) {
	c.noteUpdate(res)
	value := headerValue(res, "Session-Expires")
	n, ok := number(value)
	if !ok {
		if invite {
			c.setRefresh(0, false)
		}
		return
	}
	who, _ := param(value, "refresher")
	c.setRefresh(max(n, minSessionExpires), !strings.EqualFold(who, "uas"))
}

func (c *call) noteUpdate(msg sipmsg.Message) {
	if len(msg.GetHeaders("Allow")) > 0 {
		c.update = lists(msg, "Allow", "UPDATE")
	}
}

// setRefresh starts the timer anew: at half if we refresh, else shortly before
// the end to hang up (RFC 4028 §10).
func (c *call) setRefresh(seconds int, ours bool) {
	c.refresher.stop()
	c.every, c.ours = time.Duration(seconds)*time.Second, ours
	switch {
	case seconds == 0:
	case ours:
		c.refresher = c.after(c.every/2, c.sendRefresh)
	default:
		c.refresher = c.after(c.every-min(32*time.Second, c.every/3), func() {
			c.drop(408, "session not refreshed")
		})
	}
}

// refreshHeaders keep the refresher as it is.
func (c *call) refreshHeaders(req *sipmsg.Request) {
	if c.every == 0 {
		return
	}
	who := "uas"
	if c.ours {
		who = "uac"
	}
	req.AppendHeader(sipmsg.NewHeader("Session-Expires", strconv.Itoa(int(c.every/time.Second))+";refresher="+who))
	req.AppendHeader(sipmsg.NewHeader("Min-SE", strconv.Itoa(minSessionExpires)))
}

// sendRefresh shows that we live, by UPDATE if the far end knows it, else by a
// re-INVITE that changes nothing.
func (c *call) sendRefresh() {
	if c.over || c.state != confirmed {
		return
	}
	if !c.update {
		c.refresher = c.after(c.every/4, c.sendRefresh) // if this one fails
		c.wantRefresh = true
		c.modifyNext()
		return
	}
	c.inside(c.dlg, sipmsg.UPDATE, c.refreshHeaders, func(res *sipmsg.Response) {
		c.onRefreshed(res)
	})
}

// onRefreshed handles the end of an UPDATE. What says that the dialog is gone
// ends the call; after anything else there is a second try before the end.
func (c *call) onRefreshed(res *sipmsg.Response) {
	switch {
	case c.over:
	case gone(res):
		c.drop(408, "session refresh failed")
	case res.IsSuccess():
		c.dlg.retarget(res.Contact())
		c.agreeRefresh(res, true)
	default:
		c.update = false
		c.refresher = c.after(c.every/4, c.sendRefresh)
	}
}

// gone reports whether a response, or none, means that the dialog no longer
// exists (RFC 3261 §12.2.1.2).
func gone(res *sipmsg.Response) bool {
	return res == nil || res.StatusCode == 408 || res.StatusCode == 481
}
