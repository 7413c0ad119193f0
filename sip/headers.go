package sip

import (
	"net/netip"
	"strconv"
	"strings"

	sipmsg "github.com/emiago/sipgo/sip"
)

// headerValue is the first value of a header, long or compact form.
func headerValue(msg sipmsg.Message, name string) string {
	for _, n := range []string{name, compact[strings.ToLower(name)]} {
		if n == "" {
			continue
		}
		if hs := msg.GetHeaders(n); len(hs) > 0 {
			return hs[0].Value()
		}
	}
	return ""
}

// compact forms (RFC 3261 §7.3.3 and the registry).
var compact = map[string]string{
	"content-type": "c", "content-encoding": "e", "supported": "k", "event": "o",
	"session-expires": "x", "contact": "m", "allow-events": "u", "refer-to": "r",
}

// listOf is a header of tokens separated by commas, all its lines.
func listOf(msg sipmsg.Message, name string) (list []string) {
	for _, n := range []string{name, compact[strings.ToLower(name)]} {
		if n == "" {
			continue
		}
		for _, h := range msg.GetHeaders(n) {
			for part := range strings.SplitSeq(h.Value(), ",") {
				if part = strings.TrimSpace(part); part != "" {
					list = append(list, part)
				}
			}
		}
	}
	return list
}

// lists reports whether a header of tokens has this one.
func lists(msg sipmsg.Message, name, token string) bool {
	for _, t := range listOf(msg, name) {
		if strings.EqualFold(t, token) {
			return true
		}
	}
	return false
}

// param returns a parameter of a header value such as "1800;refresher=uac".
func param(value, name string) (string, bool) {
	for i, p := range strings.Split(value, ";") {
		k, v, _ := strings.Cut(p, "=")
		if i > 0 && strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.Trim(strings.TrimSpace(v), `"`), true
		}
	}
	return "", false
}

// number reads the number a header value begins with.
func number(value string) (int, bool) {
	value, _, _ = strings.Cut(value, ";")
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
	return int(n), err == nil
}

// addrPortOf joins an address and a port that a URI or a header named.
func addrPortOf(a netip.Addr, port int) netip.AddrPort {
	return netip.AddrPortFrom(a.Unmap(), uint16(port))
}

// oneLine takes out of a value what would end a header line or break it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// displayName is fit for the quoted string that the message layer writes
// around it and does not escape.
func displayName(s string) string {
	return strings.NewReplacer(`"`, "", `\`, "").Replace(oneLine(s))
}

// escapeUser makes a user part of a URI (RFC 3261 §25.1); a star code's # is
// %23 there.
func escapeUser(s string) string {
	const plain = "-_.!~*'()&=+$,;?/"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		const hex = "0123456789ABCDEF"
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}

func reasonPhrase(code int) string {
	if s, ok := phrases[code]; ok {
		return s
	}
	switch code / 100 {
	case 1:
		return "Session Progress"
	case 2:
		return "OK"
	case 3:
		return "Moved"
	case 4:
		return "Client Error"
	case 5:
		return "Server Error"
	}
	return "Decline"
}

// RFC 3261 §21.
var phrases = map[int]string{
	180: "Ringing", 183: "Session Progress", 200: "OK",
	400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
	415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension",
	422: "Session Interval Too Small", 480: "Temporarily Unavailable",
	481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 486: "Busy Here",
	487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
	500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable",
	504: "Server Time-out", 505: "Version Not Supported", 513: "Message Too Large",
	600: "Busy Everywhere", 603: "Decline",
}
