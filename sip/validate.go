package sip

import (
	"strings"

	sipmsg "github.com/emiago/sipgo/sip"
)

// rejection is a response that refuses a request.
type rejection struct {
	code    int
	headers []sipmsg.Header
}

// What we understand, as Allow, Supported, Accept and Allow-Events say it.
const (
	allow       = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, PRACK, UPDATE"
	supported   = "100rel, timer"
	acceptTypes = "application/sdp"
	allowEvents = "message-summary"
)

var (
	allowed  = set("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "NOTIFY", "PRACK", "UPDATE")
	known    = set("REGISTER", "SUBSCRIBE", "REFER", "MESSAGE", "PUBLISH")
	options  = set("100rel", "timer")
	bodies   = set("application/sdp")
	infoType = set("application/dtmf-relay", "application/dtmf", "application/hook-flash")
	noteType = set("application/simple-message-summary", "message/sipfrag")
)

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// complete reports whether a request has what a response needs (RFC 3261
// §8.1.1), each once.
func complete(req *sipmsg.Request) bool {
	via, from, to, id, cseq := req.Via(), req.From(), req.To(), req.CallID(), req.CSeq()
	if via == nil || from == nil || to == nil || id == nil || cseq == nil {
		return false
	}
	if via.Host == "" || !strings.EqualFold(via.ProtocolName, "SIP") || !clean(req) {
		return false
	}
	if cseq.MethodName != req.Method || !strings.EqualFold(req.SipVersion, "SIP/2.0") {
		return false
	}
	for _, names := range [][2]string{{"from", "f"}, {"to", "t"}, {"call-id", "i"}, {"cseq", ""}, {"content-length", "l"}, {"max-forwards", ""}} {
		if countHeaders(req, names) > 1 {
			return false
		}
	}
	return contentLengthHolds(req)
}

// clean reports whether no header holds a control character. The parser ends
// lines at CR LF only, so a bare LF could add a line to a request of ours that
// repeats the value.
func clean(msg interface{ Headers() []sipmsg.Header }) bool {
	for _, h := range msg.Headers() {
		if v := h.Value(); oneLine(strings.ReplaceAll(v, "\t", " ")) != strings.ReplaceAll(v, "\t", " ") {
			return false
		}
	}
	return true
}

func countHeaders(req *sipmsg.Request, names [2]string) int {
	n := 0
	for _, h := range req.Headers() {
		name := strings.ToLower(h.Name())
		if name == names[0] || name == names[1] {
			n++
		}
	}
	return n
}

// contentLengthHolds reports whether the body is as long as announced; the
// parser cuts longer ones and reports shorter ones.
func contentLengthHolds(req *sipmsg.Request) bool {
	n := req.ContentLength()
	return n == nil || int(*n) == len(req.Body())
}

// validate checks a complete request in the order of RFC 3261 §8.2. nil means
// that it can be processed; ACK never comes here.
func validate(req *sipmsg.Request, inside bool) *rejection {
	switch method := string(req.Method); {
	case known[method]:
		return &rejection{405, []sipmsg.Header{sipmsg.NewHeader("Allow", allow)}}
	case !allowed[method]:
		return &rejection{501, []sipmsg.Header{sipmsg.NewHeader("Allow", allow)}}
	case !isSIP(&req.Recipient):
		return &rejection{code: 416}
	}
	if r := validateContact(req); r != nil {
		return r
	}
	if req.Method == sipmsg.CANCEL {
		return nil // Require is not looked at, §8.2.2.3
	}
	if bad := unknownOptions(req); len(bad) > 0 {
		return &rejection{420, []sipmsg.Header{sipmsg.NewHeader("Unsupported", strings.Join(bad, ", "))}}
	}
	return validateBody(req)
}

func isSIP(uri *sipmsg.Uri) bool {
	return (uri.Scheme == "sip" || uri.Scheme == "sips") && uri.Host != ""
}

// validateContact refuses a dialog whose far end cannot be reached (RFC 3261
// §12.1.1).
func validateContact(req *sipmsg.Request) *rejection {
	if req.Method != sipmsg.INVITE {
		return nil
	}
	contacts := req.GetHeaders("Contact")
	if len(contacts) == 0 {
		contacts = req.GetHeaders("m")
	}
	if len(contacts) != 1 || req.Contact() == nil || !isSIP(&req.Contact().Address) {
		return &rejection{code: 400}
	}
	return nil
}

func unknownOptions(req *sipmsg.Request) (bad []string) {
	for _, tag := range listOf(req, "Require") {
		if !options[strings.ToLower(tag)] {
			bad = append(bad, tag)
		}
	}
	return bad
}

// validateBody checks type and encoding (RFC 3261 §8.2.3). A body that says it
// is optional is let through and ignored by the reader.
func validateBody(req *sipmsg.Request) *rejection {
	if len(req.Body()) == 0 {
		return nil
	}
	encoding := strings.ToLower(headerValue(req, "Content-Encoding"))
	if encoding != "" && encoding != "identity" {
		return &rejection{415, []sipmsg.Header{sipmsg.NewHeader("Accept-Encoding", "identity")}}
	}
	types := bodies
	accept := acceptTypes
	switch req.Method {
	case sipmsg.INFO:
		types, accept = infoType, "application/dtmf-relay, application/dtmf, application/hook-flash"
	case sipmsg.NOTIFY:
		types, accept = noteType, "application/simple-message-summary"
	case sipmsg.INVITE, sipmsg.UPDATE, sipmsg.PRACK:
	default:
		return nil // nobody reads it
	}
	disposition := strings.ToLower(headerValue(req, "Content-Disposition"))
	if types[contentType(req)] || strings.Contains(disposition, "handling=optional") {
		return nil
	}
	return &rejection{415, []sipmsg.Header{sipmsg.NewHeader("Accept", accept)}}
}

// contentType is the media type of a body, without parameters, in lower case.
func contentType(msg sipmsg.Message) string {
	t, _, _ := strings.Cut(headerValue(msg, "Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}
