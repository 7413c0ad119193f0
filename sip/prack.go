package sip

import (
	"crypto/rand"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// reliable is a provisional response that is repeated until PRACK comes (RFC
// 3262 §3).
type reliable struct {
	seq      uint32 // RSeq, 0 = none sent
	acked    bool
	res      *sipmsg.Response
	timer    *timer
	interval time.Duration
	waited   time.Duration
}

// ringReliably sends 180 so that it cannot be lost. A caller who left the
// offer to us would need it here already (RFC 3261 §13.2.1), before the line
// has a place for voice: then nothing is sent until the call is answered.
func (c *call) ringReliably() {
	r := &c.reliable
	if c.offer == nil || r.seq != 0 {
		return
	}
	r.seq = 1 + random32()>>2
	r.res = c.response(180)
	r.res.AppendHeader(sipmsg.NewHeader("Require", "100rel"))
	r.res.AppendHeader(sipmsg.NewHeader("RSeq", strconv.FormatUint(uint64(r.seq), 10)))
	r.interval = timerT1
	c.server.respond(r.res)
	r.timer = c.after(r.interval, c.repeatReliable)
}

func (c *call) repeatReliable() {
	r := &c.reliable
	if c.state != ringing || r.acked {
		return
	}
	r.waited += r.interval
	if r.waited >= timer64 {
		c.refuse(504, "", Ended{Code: 504, Text: "ringing not acknowledged"})
		return
	}
	c.server.respond(r.res)
	r.interval = min(2*r.interval, timer64-r.waited)
	r.timer = c.after(r.interval, c.repeatReliable)
}

// onPrack handles PRACK: RAck names the response by its number, and the INVITE.
func (c *call) onPrack(t *serverTx) {
	r := &c.reliable
	f := strings.Fields(headerValue(t.req, "RAck"))
	if len(f) != 3 || c.server == nil || r.seq == 0 || r.acked ||
		f[0] != strconv.FormatUint(uint64(r.seq), 10) ||
		f[1] != strconv.FormatUint(uint64(c.server.req.CSeq().SeqNo), 10) || f[2] != "INVITE" {
		c.u.reject(t, rejection{code: 481})
		return
	}
	r.acked = true
	r.timer.stop()
	if len(t.req.Body()) > 0 {
		c.u.reject(t, rejection{code: 488}) // an offer before our answer is none (RFC 3262 §5)
		return
	}
	t.answer(200)
}

func random32() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return binary.BigEndian.Uint32(b[:])
}
