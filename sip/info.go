package sip

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// FlashKey is the Key of a Digit that is a hook flash.
const FlashKey = '!'

// onInfo reads a digit or a hook flash of the far end (the forms of RFC 6086
// §2.2, which no standard describes). Anything else is answered and ignored.
func (c *call) onInfo(t *serverTx) {
	t.answer(200)
	if c.over || c.state != confirmed {
		return
	}
	if d, ok := digitOf(contentType(t.req), t.req.Body()); ok {
		d.Call = c.id
		c.u.notify(d)
	}
}

const usualDigit = 160 * time.Millisecond

func digitOf(kind string, body []byte) (Digit, bool) {
	d := Digit{Duration: usualDigit}
	switch kind {
	case "application/hook-flash":
		d.Key = FlashKey
		return d, true
	case "application/dtmf":
		ok := false
		d.Key, ok = key(string(bytes.TrimSpace(body)))
		return d, ok
	case "application/dtmf-relay":
		return relayDigit(body)
	}
	return d, false
}

// relayDigit reads "Signal=5" and "Duration=160" lines.
func relayDigit(body []byte) (Digit, bool) {
	d, found := Digit{Duration: usualDigit}, false
	for line := range strings.Lines(string(body)) {
		name, value, _ := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "signal":
			d.Key, found = key(value)
		case "duration":
			if n, err := strconv.Atoi(value); err == nil && n > 0 && n <= 10000 {
				d.Duration = time.Duration(n) * time.Millisecond
			}
		}
	}
	return d, found
}

// key reads a telephone key, also as an event number of RFC 4733.
func key(s string) (byte, bool) {
	const events = "0123456789*#ABCD"
	if len(s) == 1 && strings.Contains(events, strings.ToUpper(s)) {
		return strings.ToUpper(s)[0], true
	}
	n, err := strconv.Atoi(s)
	switch {
	case err == nil && n == 16 || strings.EqualFold(s, "hf") || s == "!":
		return FlashKey, true
	case err == nil && n >= 0 && n < len(events):
		return events[n], true
	}
	return 0, false
}

// SendInfoDigit sends a key by SIP INFO, for far ends that did not agree on
// telephone-event. Keys are 0-9, *, #, A-D and FlashKey.
func (u *UA) SendInfoDigit(id CallID, k byte, d time.Duration) {
	u.byID(id, func(c *call) {
		if _, ok := key(string(rune(k))); !ok || c.state != confirmed {
			return
		}
		kind, body := "application/dtmf-relay", fmt.Sprintf("Signal=%c\r\nDuration=%d\r\n", k, d.Milliseconds())
		if k == FlashKey {
			kind, body = "application/hook-flash", "signal=hf\r\n"
		}
		c.inside(c.dlg, sipmsg.INFO, func(req *sipmsg.Request) {
			req.AppendHeader(sipmsg.NewHeader("Content-Type", kind))
			req.SetBody([]byte(body))
		}, func(res *sipmsg.Response) {
			if gone(res) {
				c.drop(408, "far end is gone")
			}
		})
	})
}
