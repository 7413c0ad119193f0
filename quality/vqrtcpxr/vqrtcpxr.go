// Package vqrtcpxr writes the voice quality report of RFC 6035, which tells a
// collector how a call was heard at either end, or that it has become bad:
//
//	quality.Report ─▶ Metrics ─┬─▶ Watch ─▶ Alert
//	                           └─▶ Report ─▶ text of application/vq-rtcpxr
//
// A figure that is not known is not in the text: nought is a figure too. Nothing
// here sends anything.
package vqrtcpxr

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Names of the event package and of its media type (RFC 6035 §5).
const (
	Event       = "vq-rtcpxr"
	ContentType = "application/vq-rtcpxr"
)

// Kind is why a report is made.
type Kind uint8

// Kinds of reports (RFC 6035 §4.6.1).
const (
	CallTerm Kind = iota // the call is over
	Interval             // it goes on
	OnAlert              // a figure passed a threshold
)

// Report is one report on one call.
type Report struct {
	Kind  Kind
	Alert Alert // of Kind OnAlert

	CallID             string // of the SIP dialog
	LocalTag, FarTag   string // of the dialog; empty: it is not told
	LocalID, RemoteID  ID     // who talks
	Incoming           bool   // the far end called
	Local, Remote      Endpoint
	Group, RemoteGroup string // what reports are summed up by; empty: "unknown"

	Heard Metrics  // of the far end's voice, as heard here
	Told  *Metrics // of our voice, as the far end told by RTCP XR; nil: it did not
}

// Endpoint is where one end takes voice. The zero value tells nothing.
type Endpoint struct {
	Addr netip.AddrPort
	SSRC uint32
}

// unknown stands for a group that nobody named: the grammar wants one.
const unknown = "unknown"

// Marshal returns the text (RFC 6035 §4.6.1), each line ended by CR LF. Times are
// told to the second. What came from elsewhere cannot break a line.
func (r *Report) Marshal() []byte {
	var b strings.Builder
	r.writeSession(&b)
	b.WriteString("LocalMetrics:\r\n")
	r.Heard.write(&b)
	if r.Told != nil {
		b.WriteString("RemoteMetrics:\r\n")
		r.Told.write(&b)
	}
	if from, to := r.tags(); from != "" && to != "" {
		fmt.Fprintf(&b, "DialogID: %s;to-tag=%s;from-tag=%s\r\n", word(r.CallID), to, from)
	}
	return []byte(b.String())
}

// tags are the caller's and the called party's.
func (r *Report) tags() (from, to string) {
	from, to = token(r.LocalTag), token(r.FarTag)
	if r.Incoming {
		return to, from
	}
	return from, to
}

// writeSession writes what the report is about.
func (r *Report) writeSession(b *strings.Builder) {
	switch r.Kind {
	case CallTerm:
		b.WriteString("VQSessionReport: CallTerm\r\n")
	case Interval:
		b.WriteString("VQIntervalReport\r\n")
	case OnAlert:
		fmt.Fprintf(b, "VQAlertReport: Type=%v Severity=%v Dir=local\r\n", r.Alert.Figure, r.Alert.Severity)
	}
	origin := r.LocalID
	if r.Incoming {
		origin = r.RemoteID
	}
	fmt.Fprintf(b, "CallID: %s\r\nLocalID: %v\r\nRemoteID: %v\r\nOrigID: %v\r\n", word(r.CallID), r.LocalID, r.RemoteID, origin)
	fmt.Fprintf(b, "LocalAddr: %v\r\nRemoteAddr: %v\r\n", r.Local, r.Remote)
	fmt.Fprintf(b, "LocalGroup: %s\r\nRemoteGroup: %s\r\n", word(r.Group), word(r.RemoteGroup))
}

// String is the address as a report has it. One that is not told is that of no
// host, for the grammar wants one.
func (e Endpoint) String() string {
	addr := e.Addr.Addr().Unmap().WithZone("")
	if !addr.IsValid() {
		addr = netip.IPv4Unspecified()
	}
	return fmt.Sprintf("IP=%v PORT=%d SSRC=0x%08X", addr, e.Addr.Port(), e.SSRC)
}

// ID is a party of a call.
type ID struct {
	User string // number, name or pseudonym; empty: nobody knows
	Host string // domain; empty: it is not told
}

// String is the party as a name-addr (RFC 3261 §25.1). Whoever is not known is
// anonymous (RFC 3323 §4.1.1.3).
func (i ID) String() string {
	user := escape(i.User)
	if user == "" {
		user = "anonymous"
	}
	return "<sip:" + user + "@" + host(i.Host) + ">"
}

// host is a domain or address fit for a URI.
func host(s string) string {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil && a.Is6() {
		return "[" + a.WithZone("").String() + "]"
	}
	if s == "" || only(s, isHost) != s {
		return "anonymous.invalid"
	}
	return s
}

// escape makes the user part of a URI.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; isAlnum(c) || strings.IndexByte("-_.!~*'()&=+$,", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// word is what of a text the grammar allows in a Call-ID or group: a word, or two
// with an @ between them.
func word(s string) string {
	left, right, _ := strings.Cut(s, "@")
	left, right = only(left, isWord), only(right, isWord)
	switch {
	case left == "" && right == "":
		return unknown
	case left == "" || right == "":
		return left + right
	}
	return left + "@" + right
}

// token is what of a text may be in a tag.
func token(s string) string { return only(s, isToken) }

func only(s string, allowed func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if allowed(s[i]) {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isToken and isWord: RFC 3261 §25.1.
func isToken(c byte) bool { return isAlnum(c) || strings.IndexByte("-.!%*_+`'~", c) >= 0 }
func isWord(c byte) bool  { return isToken(c) || strings.IndexByte("()<>:\\\"/[]?{}", c) >= 0 }
func isHost(c byte) bool  { return isAlnum(c) || c == '.' || c == '-' }

// timestamp is an instant as a report has it (RFC 3339, UTC).
func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
