package sip

import (
	"slices"
	"strings"

	sipmsg "github.com/emiago/sipgo/sip"
)

// caller is who calls, as far as we may show it.
type caller struct {
	Number   string // telephone number without separators, or another user name
	Name     string
	Withheld bool // privacy was asked for; the rest is empty
}

// callerOf reads who calls: from P-Asserted-Identity if a server of ours says
// so (RFC 3325 §9.1), else from Remote-Party-ID, which older servers send, else
// from From. A wish for privacy in any of them counts.
func callerOf(req *sipmsg.Request, trusted bool) caller {
	from := parseAddress(req.From().Value())
	if wantsPrivacy(req) || from.isAnonymous() {
		return caller{Withheld: true}
	}
	if trusted {
		if a, ok := asserted(listOf(req, "P-Asserted-Identity")); ok {
			return a.caller()
		}
	}
	for _, v := range listOf(req, "Remote-Party-ID") {
		a := parseAddress(v)
		if party, ok := param(a.params, "party"); ok && !strings.EqualFold(party, "calling") {
			continue
		}
		if privacy, _ := param(a.params, "privacy"); privacy != "" && !strings.EqualFold(privacy, "off") {
			return caller{Withheld: true}
		}
		return a.caller()
	}
	return from.caller()
}

// wantsPrivacy reads Privacy (RFC 3323 §4.2, RFC 3325 §9.3).
func wantsPrivacy(req *sipmsg.Request) bool {
	for _, v := range listOf(req, "Privacy") {
		for _, p := range splitOutside(v, ';') {
			switch strings.ToLower(p) {
			case "id", "user", "header", "full":
				return true
			}
		}
	}
	return false
}

// asserted chooses among one SIP and one tel URI (RFC 3325 §9.1): the first
// that names somebody, with the name of the other if it has none.
func asserted(values []string) (address, bool) {
	var best address
	for _, v := range values {
		a := parseAddress(v)
		if a.user == "" {
			continue
		}
		if best.user == "" {
			best.user, best.host = a.user, a.host
		}
		if best.name == "" {
			best.name = a.name
		}
	}
	return best, best.user != ""
}

// address is a name-addr or addr-spec (RFC 3261 §25.1).
type address struct {
	name   string
	user   string // of a SIP URI, or the number of a tel URI, unescaped, without parameters
	host   string // lower case
	params string // of the header, from the first semicolon on
}

// parseAddress reads what it can; the rest is empty.
func parseAddress(s string) (a address) {
	uri := s
	if open := indexUnquoted(s, '<'); open < len(s) {
		a.name = cleanName(s[:open])
		uri = s[open+1:]
		end := strings.IndexByte(uri, '>')
		if end < 0 {
			return a
		}
		a.params = uri[end+1:]
		uri = uri[:end]
	} else {
		end := indexOutside(s, ';')
		uri, a.params = s[:end], s[end:]
	}
	a.user, a.host = splitURI(strings.TrimSpace(uri))
	return a
}

// indexUnquoted is the place of the first c outside quotes, or the length of s.
func indexUnquoted(s string, c byte) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && s[i] == c:
			return i
		}
	}
	return len(s)
}

func cleanName(s string) string {
	return strings.TrimSpace(oneLine(strings.ToValidUTF8(unquote(strings.TrimSpace(s)), "")))
}

// splitURI takes user and host out of a sip, sips or tel URI. Parameters of
// either are dropped (verstat, phone-context, transport), as is a password.
func splitURI(uri string) (user, host string) {
	scheme, rest, _ := strings.Cut(uri, ":")
	switch strings.ToLower(scheme) {
	case "tel":
		user = rest
	case "sip", "sips":
		at := strings.IndexByte(rest, '@')
		if at >= 0 {
			user, rest = rest[:at], rest[at+1:]
		}
		host = strings.ToLower(hostOf(rest))
	}
	user, _, _ = strings.Cut(user, ";")
	user, _, _ = strings.Cut(user, ":")
	return cleanName(unescapeUser(user)), host
}

// hostOf cuts port, parameters and headers off.
func hostOf(s string) string {
	if end := strings.IndexByte(s, ']'); strings.HasPrefix(s, "[") && end > 0 {
		return s[:end+1]
	}
	if i := strings.IndexAny(s, ":;?"); i >= 0 {
		return s[:i]
	}
	return s
}

// isAnonymous knows the address of somebody who does not want to be known
// (RFC 3323 §4.1.1.3).
func (a address) isAnonymous() bool {
	return a.host == "anonymous.invalid" || strings.EqualFold(a.user, "anonymous")
}

func (a address) caller() caller {
	switch {
	case a.isAnonymous():
		return caller{Withheld: true}
	case strings.HasSuffix(a.host, ".invalid"):
		return caller{Name: a.name} // a gateway that knows no number
	}
	return caller{Number: plainNumber(a.user), Name: a.name}
}

// plainNumber takes the visual separators out of a telephone number (RFC 3966
// §5.1.1). A user name that is no number stays as it is.
func plainNumber(user string) string {
	var b strings.Builder
	for i := range len(user) {
		switch c := user[i]; {
		case c >= '0' && c <= '9' || c == '*' || c == '#' || c == '+' && i == 0:
			b.WriteByte(c)
		case strings.IndexByte("-.() ", c) < 0:
			return user
		}
	}
	return b.String()
}

// trustsIdentity reports whether a request comes from a server of the account.
func (u *UA) trustsIdentity(f *flow) bool { return slices.Contains(u.trusted, f.remote) }

// identity is how an outgoing call says who calls. A subscriber who withholds
// the number is anonymous to everybody but the server, which must know whom
// to serve (RFC 3323 §4.1.1, RFC 3325 §9.2).
func (u *UA) identity(tag string) []sipmsg.Header {
	from := u.fromHeader(tag)
	if !u.acc.Withhold {
		return []sipmsg.Header{from}
	}
	preferred := &sipmsg.FromHeader{DisplayName: from.DisplayName, Address: from.Address}
	from.DisplayName = "Anonymous"
	from.Address = sipmsg.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}
	return []sipmsg.Header{
		from,
		sipmsg.NewHeader("P-Preferred-Identity", preferred.Value()),
		sipmsg.NewHeader("Privacy", "id"),
	}
}
