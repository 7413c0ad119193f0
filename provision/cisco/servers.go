package cisco

import (
	"math"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/provision/foreign"
)

// servers takes the registrar and the outbound proxy.
func (l lineParams) servers() {
	use, wanted := l.yes("Use_Outbound_Proxy", false)
	outbound := l.entry("Outbound_Proxy")
	if outbound != nil && !wanted {
		l.draft.Ignore(outbound, "Use_Outbound_Proxy is not Yes")
		outbound = nil
	}
	switch {
	case use != nil && wanted && outbound == nil:
		l.draft.Ignore(use, "there is no outbound proxy to use")
	default:
		l.confirm(use)
	}
	srv, bySRV := l.yes("Use_DNS_SRV", false)
	l.confirm(srv)
	if outbound != nil {
		l.server(outbound, "sip/outbound_proxy", !bySRV)
	}
	proxy := l.entry("Proxy")
	registrar := l.entry("Registrar_Server")
	if registrar != nil && proxy != nil {
		if registrar.Value != proxy.Value {
			l.draft.Ignore(registrar, "there is one server for registration and calls: Proxy")
		}
		registrar = nil
	}
	if proxy == nil {
		proxy = registrar
	}
	if proxy != nil {
		// Behind an outbound proxy the address is a name and not looked up.
		l.server(proxy, "sip/registrar", !bySRV && outbound == nil)
	}
}

// server takes a server's address. Without DNS SRV the port that others would
// look up is the standard one.
func (l lineParams) server(e *foreign.Entry, key string, fixed bool) {
	address, note := firstOfSRV(e.Value)
	if fixed {
		address = l.draft.WithPort(address, l.n)
	}
	l.set(e, key, address, note)
}

// firstOfSRV takes the server with the lowest priority number out of a list like
// name:SRV=host:port:p=0|other:port:p=1. An address that is no such list is
// returned as it is.
func firstOfSRV(value string) (address, note string) {
	_, list, ok := strings.Cut(value, ":SRV=")
	if !ok {
		return value, ""
	}
	best := math.MaxInt
	for item := range strings.SplitSeq(list, "|") {
		host, p := priority(item)
		if host != "" && p < best {
			best, address = p, host
		}
	}
	if !strings.Contains(list, "|") {
		return address, ""
	}
	return address, "of the list only the first choice, " + address
}

// priority parts the address of an item from its priority, 0 without one.
func priority(item string) (address string, p int) {
	parts := strings.Split(strings.TrimSpace(item), ":")
	for len(parts) > 1 && strings.Contains(parts[len(parts)-1], "=") {
		if n, ok := strings.CutPrefix(parts[len(parts)-1], "p="); ok {
			p, _ = strconv.Atoi(n) // what is no number is the first choice
		}
		parts = parts[:len(parts)-1]
	}
	return strings.Join(parts, ":"), p
}
