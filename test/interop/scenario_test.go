//go:build interop

package interop

import (
	"fmt"
	"strings"
)

// scenario is a SIPp scenario, written step by step.
type scenario struct {
	steps strings.Builder
	vars  int
}

func (s *scenario) xml(name string) string {
	var refs []string
	for i := range s.vars {
		refs = append(refs, fmt.Sprintf("v%d", i+1))
	}
	ref := ""
	if len(refs) > 0 {
		ref = fmt.Sprintf("<Reference variables=%q/>\n", strings.Join(refs, ","))
	}
	return fmt.Sprintf("<?xml version=\"1.0\"?>\n<scenario name=%q>\n%s%s</scenario>\n", name, s.steps.String(), ref)
}

func (s *scenario) add(format string, args ...any) *scenario {
	fmt.Fprintf(&s.steps, format+"\n", args...)
	return s
}

func (s *scenario) pause(ms int) *scenario { return s.add(`<pause milliseconds="%d"/>`, ms) }

// send sends a message; SIPp repeats it over UDP if again.
func (s *scenario) send(text string, again bool) *scenario {
	retrans := ""
	if again {
		retrans = ` retrans="500"`
	}
	return s.add("<send%s><![CDATA[\n%s\n]]></send>", retrans, text)
}

// check is an action: a regular expression must occur, or must not.
func (s *scenario) check(in, rx string, must bool) string {
	s.vars++
	kind := "check_it"
	if !must {
		kind = "check_it_inverse"
	}
	return fmt.Sprintf(`<ereg regexp="%s" search_in="%s" %s="true" assign_to="v%d"/>`, rx, in, kind, s.vars)
}

func (s *scenario) response(code int, actions ...string) *scenario {
	return s.add(`<recv response="%d"><action>%s</action></recv>`, code, strings.Join(actions, ""))
}

func (s *scenario) provisional() *scenario {
	for _, code := range []int{100, 180, 183} {
		s.add(`<recv response="%d" optional="true"/>`, code)
	}
	return s
}

func (s *scenario) request(method string, actions ...string) *scenario {
	return s.add(`<recv request="%s" timeout="20000"><action>%s</action></recv>`, method, strings.Join(actions, ""))
}

// media is a description of SIPp's end.
func media(version int, addr, direction string) string {
	return strings.Join([]string{
		"v=0", fmt.Sprintf("o=sipp 1 %d IN IP4 [local_ip]", version), "s=-", "c=IN IP4 " + addr, "t=0 0",
		"m=audio [media_port] RTP/AVP 0 8 101",
		"a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
		"a=ptime:20", "a=" + direction,
	}, "\n")
}

const sendrecv = "sendrecv"

func ours(version int, direction string) string { return media(version, "[local_ip]", direction) }

// caller builds a request of a calling SIPp. tag is what To gets.
func caller(method string, seq int, tag, body string, headers ...string) string {
	lines := []string{
		method + " sip:[service]@[remote_ip]:[remote_port] SIP/2.0",
		"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport",
		"Max-Forwards: 70",
		`From: "SIPp" <sip:sipp@[local_ip]:[local_port]>;tag=c[call_number]`,
		"To: <sip:[service]@[remote_ip]:[remote_port]>" + tag,
		"Call-ID: [call_id]",
		fmt.Sprintf("CSeq: %d %s", seq, method),
		"Contact: <sip:sipp@[local_ip]:[local_port]>",
	}
	return finish(append(lines, headers...), body)
}

const inDialog = "[peer_tag_param]"

func finish(lines []string, body string) string {
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	return strings.Join(append(lines, "Content-Length: [len]", "", body), "\n")
}

// keep remembers the headers of an INVITE, which a response much later needs.
const keep = `<ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>` +
	`<ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>` +
	`<ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>` +
	`<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="cseq"/>`

// kept answers the INVITE remembered.
func kept(status, tag, body string) string {
	return finish([]string{
		"SIP/2.0 " + status, "Via:[$via]", "From:[$from]", "To:[$to];tag=" + tag,
		"Call-ID: [call_id]", "CSeq:[$cseq]", "Contact: <sip:" + tag + "@[local_ip]:[local_port]>",
	}, body)
}

// last answers the request received last.
func last(status, body string, headers ...string) string {
	lines := []string{
		"SIP/2.0 " + status, "[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "[last_CSeq:]",
	}
	return finish(append(lines, headers...), body)
}
