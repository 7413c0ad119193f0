package sip

import (
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// compact forms of header names (RFC 3261 §7.3.3 and the IANA registry). The
// message layer knows some of them only, and for typed headers only.
var compact = map[string]string{
	"accept-contact": "a", "referred-by": "b", "content-type": "c", "request-disposition": "d",
	"content-encoding": "e", "from": "f", "call-id": "i", "reject-contact": "j", "supported": "k",
	"content-length": "l", "contact": "m", "event": "o", "refer-to": "r", "subject": "s", "to": "t",
	"allow-events": "u", "via": "v", "session-expires": "x",
}

// headerValues are the values of all headers of a name, long and compact form,
// one per line of the message.
func headerValues(msg sipmsg.Message, name string) (list []string) {
	for _, n := range []string{name, compact[strings.ToLower(name)]} {
		if n == "" {
			continue
		}
		for _, h := range msg.GetHeaders(n) {
			list = append(list, h.Value())
		}
	}
	return list
}

// headerValue is the first value of a header, long or compact form.
func headerValue(msg sipmsg.Message, name string) string {
	if list := headerValues(msg, name); len(list) > 0 {
		return list[0]
	}
	return ""
}

// listOf is a header whose values are separated by commas, all its lines.
func listOf(msg sipmsg.Message, name string) (list []string) {
	for _, v := range headerValues(msg, name) {
		list = append(list, splitOutside(v, ',')...)
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

// splitOutside cuts at a separator, but not inside quotes or angle brackets.
// Blanks around the parts and empty parts are dropped.
func splitOutside(s string, separator byte) (parts []string) {
	for s != "" {
		i := indexOutside(s, separator)
		part := strings.TrimSpace(s[:i])
		if part != "" {
			parts = append(parts, part)
		}
		s = s[min(i+1, len(s)):]
	}
	return parts
}

// indexOutside is the place of the first c outside quotes and angle brackets,
// or the length of s. A quote or bracket that is not closed hides the rest.
func indexOutside(s string, c byte) int {
	quoted, inside := false, false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case quoted:
		case s[i] == c && !inside:
			return i
		case s[i] == '<':
			inside = true
		case s[i] == '>':
			inside = false
		}
	}
	return len(s)
}

// param returns a parameter of a header value such as "1800;refresher=uac",
// unquoted. Parameters of a URI in angle brackets are not looked at.
func param(value, name string) (string, bool) {
	for _, p := range splitOutside(value[indexOutside(value, ';'):], ';') {
		k, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(k), name) {
			return unquote(strings.TrimSpace(v)), true
		}
	}
	return "", false
}

// unquote takes the quotes off a quoted string (RFC 3261 §25.1); other text
// stays as it is.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// number reads the number a header value begins with, up to 2^31-1.
func number(value string) (int, bool) {
	value = strings.TrimSpace(value)
	end := 0
	for end < len(value) && value[end] >= '0' && value[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(value[:end], 10, 31)
	return int(n), err == nil
}

// seconds reads a header of seconds, such as Min-Expires, or Retry-After with
// its comment and parameters (RFC 3261 §20.33). Absent or senseless is 0.
func seconds(msg sipmsg.Message, name string) time.Duration {
	n, _ := number(headerValue(msg, name))
	return time.Duration(n) * time.Second
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
// around it: it escapes nothing itself (RFC 3261 §25.1).
func displayName(s string) string {
	return strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(oneLine(s))
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

// unescapeUser is the way back. An escape that is none stays as it is.
func unescapeUser(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
