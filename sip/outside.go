package sip

import (
	"strconv"
	"strings"

	sipmsg "github.com/emiago/sipgo/sip"
)

// capabilities answers OPTIONS, with which proxies ask whether we are alive
// (RFC 3261 §11.2).
func (u *UA) capabilities(t *serverTx) *sipmsg.Response {
	return t.reply(200, "",
		sipmsg.NewHeader("Allow", allow), sipmsg.NewHeader("Accept", acceptTypes),
		sipmsg.NewHeader("Supported", supported), sipmsg.NewHeader("Allow-Events", allowEvents),
		sipmsg.NewHeader("User-Agent", oneLine(u.opts.UserAgent)))
}

func badEvent() rejection {
	return rejection{489, []sipmsg.Header{sipmsg.NewHeader("Allow-Events", allowEvents)}}
}

// onNotify takes what servers send unasked: the state of the mailbox (RFC 3842),
// and the wish for a look at the configuration.
func (u *UA) onNotify(t *serverTx) {
	event := headerValue(t.req, "Event")
	if w, ok := wishOf(event); ok {
		u.onCheckSync(t, w)
		return
	}
	token, _, _ := strings.Cut(event, ";")
	if !strings.EqualFold(strings.TrimSpace(token), "message-summary") {
		u.reject(t, badEvent())
		return
	}
	t.answer(200)
	if m, ok := summary(t.req.Body()); ok {
		u.notify(m)
	}
}

// summary reads a message summary (RFC 3842 §5.2).
func summary(body []byte) (m MessagesWaiting, ok bool) {
	for line := range strings.Lines(string(body)) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "messages-waiting":
			m.Waiting, ok = strings.EqualFold(value, "yes"), true
		case "voice-message":
			counts, _, _ := strings.Cut(value, "(")
			fresh, old, _ := strings.Cut(counts, "/")
			m.New, _ = strconv.Atoi(strings.TrimSpace(fresh))
			m.Old, _ = strconv.Atoi(strings.TrimSpace(old))
		}
	}
	return m, ok
}
