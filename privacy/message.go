package privacy

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// messageLimit bounds a SIP message that leaves, in bytes.
const messageLimit = 16 << 10

var (
	uriUser = regexp.MustCompile(`(?i)((?:sips?|tel):)([^@\s<>;:"]+)(:[^@\s<>]*)?(@|[;>\s]|$)`)
	display = regexp.MustCompile(`(?i)^((?:from|f|to|t|contact|m|p-asserted-identity|p-preferred-identity|remote-party-id|diversion)\s*:\s*)("(?:[^"\\]|\\.)*"|[^<"]*)(<)`)
)

// Message is a SIP message without credentials, keys, digits, names and numbers: what
// the owner may hand to a technician.
func (s *Scrubber) Message(msg []byte) []byte { return s.message(msg, Permit{}) }

// message is a SIP message without credentials, keys and digits dialled in the
// call, and with pseudonyms for whom it is about. Its SDP keeps what concerns
// the stream.
func (s *Scrubber) message(msg []byte, p Permit) []byte {
	head, body, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	sdp := false
	for i, l := range lines {
		if name, value, ok := strings.Cut(l, ":"); ok && i > 0 && is(name, "content-type", "c") {
			sdp = strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), "application/sdp")
		}
	}
	body = s.body(body, sdp, p)
	out := lines[:0]
	for i, l := range lines {
		out = append(out, s.headerLine(l, i == 0, len(body), p))
	}
	text := strings.Join(out, "\r\n") + "\r\n\r\n" + string(body)
	return []byte(text[:min(len(text), messageLimit)])
}

func is(name string, any ...string) bool {
	name = strings.TrimSpace(name)
	for _, a := range any {
		if strings.EqualFold(name, a) {
			return true
		}
	}
	return false
}

// headerLine is one line of the head, folded lines among them.
func (s *Scrubber) headerLine(l string, first bool, body int, p Permit) string {
	name, _, ok := strings.Cut(l, ":")
	switch {
	case mediaKey.MatchString(l):
		return hidden // of a body that follows no head
	case first || !ok:
	case is(name, "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate", "authentication-info", "identity", "geolocation"):
		return name + ": " + hidden
	case is(name, "content-length", "l"):
		return name + ": " + strconv.Itoa(body)
	}
	l = s.known(display.ReplaceAllString(l, "$1$3"))
	return uriUser.ReplaceAllStringFunc(l, func(m string) string {
		part := uriUser.FindStringSubmatch(m)
		if part[4] != "@" && !strings.EqualFold(part[1], "tel:") {
			return m // the host of a URI without user
		}
		return part[1] + s.phone(part[2], p) + part[4]
	})
}

func isLineEnd(r rune) bool { return r == '\r' || r == '\n' }

var blanks = strings.NewReplacer(" ", "", "\t", "", "\x00", "", "\v", "", "\f", "")

// body keeps a session description without its keys, and nothing else: digits
// dialled during a call and text messages are content.
func (s *Scrubber) body(body []byte, sdp bool, p Permit) []byte {
	if !sdp {
		return nil
	}
	var out []byte
	for l := range strings.FieldsFuncSeq(string(body), isLineEnd) {
		low := strings.ToLower(blanks.Replace(l)) // as a lenient reader takes it
		l += "\r\n"
		switch {
		case strings.HasPrefix(low, "a=crypto:"), strings.HasPrefix(low, "k="), strings.HasPrefix(low, "a=ice-pwd:"), strings.HasPrefix(low, "a=key-mgmt:"),
			strings.Contains(low, "inline:"),
			strings.HasPrefix(low, "i="), strings.HasPrefix(low, "u="), strings.HasPrefix(low, "e="), strings.HasPrefix(low, "p="):
			continue
		case strings.HasPrefix(low, "s="):
			l = "s=-\r\n"
		case strings.HasPrefix(low, "o="):
			if _, rest, ok := strings.Cut(l, " "); ok {
				l = "o=- " + rest
			}
		}
		out = append(out, s.known(l)...)
	}
	return out
}
