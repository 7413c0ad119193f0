package sip

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// regAnswer is what counts of a final response to a REGISTER.
type regAnswer struct {
	Code       int
	Reason     string
	Granted    time.Duration  // life of our own binding, 0 = it is not in the list
	MinExpires time.Duration  // of a 423
	RetryAfter time.Duration  // 0 = not said
	Contact    netip.AddrPort // address in the Contact we sent
	Public     netip.AddrPort // where the server saw the request come from; invalid = not said
}

// readRegAnswer reads a response. contact and instance are those of the
// request, asked the interval it named.
func readRegAnswer(res *sipmsg.Response, contact *sipmsg.Uri, instance string, asked time.Duration) regAnswer {
	a := regAnswer{
		Code: res.StatusCode, Reason: oneLine(res.Reason),
		MinExpires: seconds(res, "Min-Expires"), RetryAfter: seconds(res, "Retry-After"),
		Contact: uriAddr(contact), Public: publicAddr(res.Via()),
	}
	if own := ownBinding(res, contact, instance); own != nil {
		a.Granted = granted(own, res, asked)
	}
	return a
}

// ownBinding finds our binding among all of the subscriber (RFC 3261 §10.2.4):
// the one with our URI, else with our instance (RFC 5626 §4.2).
func ownBinding(res *sipmsg.Response, contact *sipmsg.Uri, instance string) *sipmsg.ContactHeader {
	var byInstance *sipmsg.ContactHeader
	for _, h := range res.GetHeaders("Contact") {
		c, ok := h.(*sipmsg.ContactHeader)
		if !ok {
			continue
		}
		if sameURI(&c.Address, contact) {
			return c
		}
		if v, ok := headerParam(c.Params, "+sip.instance"); ok && instance != "" && strings.EqualFold(strings.Trim(v, `"<>`), strings.Trim(instance, `"<>`)) {
			byInstance = c
		}
	}
	return byInstance
}

// granted is the life of a binding: its own, that of the message, or as asked.
func granted(c *sipmsg.ContactHeader, res *sipmsg.Response, asked time.Duration) time.Duration {
	text, ok := headerParam(c.Params, "expires")
	if !ok {
		text = headerValue(res, "Expires")
	}
	if n, ok := number(text); ok {
		return time.Duration(n) * time.Second
	}
	return asked
}

// headerParam finds a parameter, whose name is case-insensitive (RFC 3261
// §7.3.1).
func headerParam(params sipmsg.HeaderParams, name string) (string, bool) {
	for _, kv := range params {
		if strings.EqualFold(strings.TrimSpace(kv.K), name) {
			return strings.TrimSpace(kv.V), true
		}
	}
	return "", false
}

// sameURI compares as RFC 3261 §19.1.4 does what our Contacts can differ in:
// scheme, user, host, port and the parameters that must match even if one
// side has none.
func sameURI(a, b *sipmsg.Uri) bool {
	if a.Scheme != b.Scheme || unescapeUser(a.User) != unescapeUser(b.User) || !strings.EqualFold(a.Host, b.Host) || a.Port != b.Port {
		return false
	}
	for _, name := range []string{"transport", "user", "method", "maddr", "ttl"} {
		x, hasX := headerParam(a.UriParams, name)
		y, hasY := headerParam(b.UriParams, name)
		if hasX != hasY || !strings.EqualFold(x, y) {
			return false
		}
	}
	return true
}

// uriAddr is the address in a URI, not valid if it has a name.
func uriAddr(uri *sipmsg.Uri) netip.AddrPort {
	ip, err := netip.ParseAddr(strings.Trim(uri.Host, "[]"))
	if err != nil || uri.Port < 0 || uri.Port > 65535 {
		return netip.AddrPort{}
	}
	port := uri.Port
	if port == 0 {
		port = 5060
	}
	return addrPortOf(ip, port)
}

// publicAddr is where a server saw our request come from (RFC 3581 §4).
func publicAddr(via *sipmsg.ViaHeader) netip.AddrPort {
	if via == nil {
		return netip.AddrPort{}
	}
	received, _ := headerParam(via.Params, "received")
	if received == "" {
		received = via.Host
	}
	ip, err := netip.ParseAddr(strings.Trim(received, "[]"))
	rport, _ := headerParam(via.Params, "rport")
	port, portErr := strconv.ParseUint(rport, 10, 16)
	if err != nil || portErr != nil || port == 0 {
		return netip.AddrPort{}
	}
	return addrPortOf(ip, int(port))
}
