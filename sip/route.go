package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/locate"
)

// errNoServer means that a name leads nowhere.
var errNoServer = errors.New("sip: no server found")

// place is a host as settings and URIs name it.
type place struct {
	host      string
	port      int // 0 = not said
	transport Transport
}

// placeOf reads "host", "host:port" or "[v6]:port".
func placeOf(s string, tr Transport) place {
	if host, port, err := net.SplitHostPort(s); err == nil {
		n, _ := strconv.Atoi(port)
		return place{host, n, tr}
	}
	return place{strings.Trim(s, "[]"), 0, tr}
}

// placeOfURI is where RFC 3263 §4 starts from.
func placeOfURI(uri *sipmsg.Uri, def Transport) place {
	p := place{strings.Trim(uri.Host, "[]"), uri.Port, def}
	if t, ok := uri.UriParams.Get("transport"); ok {
		switch t := Transport(strings.ToLower(t)); t {
		case UDP, TCP, TLS:
			p.transport = t
		}
	}
	if m, ok := uri.UriParams.Get("maddr"); ok && m != "" {
		p.host = strings.Trim(m, "[]")
	}
	if uri.Scheme == "sips" || def == TLS && p.transport == TCP {
		p.transport = TLS
	}
	return p
}

// server is the host that out-of-dialog requests go to.
func (u *UA) serverPlace() place {
	for _, s := range []string{u.acc.Proxy, u.acc.Registrar} {
		if s != "" {
			return placeOf(s, u.acc.Transport)
		}
	}
	return placeOf(u.acc.Domain, u.acc.Transport)
}

// locate finds the targets of a place. done is called at once for an address,
// later for a name, always on the UA's goroutine.
func (u *UA) locate(p place, done func([]target, error)) {
	if a, err := netip.ParseAddr(p.host); err == nil {
		done([]target{literal(a, p)}, nil)
		return
	}
	u.wg.Go(func() {
		found, err := u.find(u.ctx, p)
		u.post(func() { done(targetsOf(found, p, err)) })
	})
}

// find asks the DNS, or whoever the settings name in its place. It may take
// long.
func (u *UA) find(ctx context.Context, p place) ([]Target, error) {
	if u.opts.Locate != nil {
		return u.opts.Locate(ctx, p.host, p.port, p.transport)
	}
	found, err := u.locator.Locate(ctx, p.host, p.port, string(p.transport))
	list := make([]Target, 0, len(found))
	for _, t := range found {
		list = append(list, Target{Addr: t.Addr, Transport: Transport(t.Transport), ServerName: t.ServerName})
	}
	return list, err
}

// blame puts a server that failed behind the others, for after if not 0.
func (u *UA) blame(t target, after time.Duration) { u.locator.Fail(located(t), after) }

// avoid keeps the calls to come from a server that did not answer one, also if
// we are registered there, until it answers a REGISTER.
func (u *UA) avoid(t target) {
	u.blame(t, 0)
	u.silent = t.addr
}

func (u *UA) silence(t target) int {
	if t.addr == u.silent {
		return 1
	}
	return 0
}

// praise forgives a server that works.
func (u *UA) praise(t target) { u.locator.OK(located(t)) }

func located(t target) locate.Target {
	return locate.Target{Addr: t.addr, Transport: string(t.transport), ServerName: t.name}
}

func literal(a netip.Addr, p place) target {
	port := p.port
	if port == 0 {
		port = 5060
		if p.transport == TLS {
			port = 5061
		}
	}
	return target{addr: addrPortOf(a, port), transport: p.transport, name: p.host}
}

func targetsOf(found []Target, p place, err error) ([]target, error) {
	var list []target
	for _, t := range found {
		name := t.ServerName
		if name == "" {
			name = p.host
		}
		list = append(list, target{addr: t.Addr, transport: t.Transport, name: name})
	}
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%w: %s", errNoServer, p.host)
	}
	return list, err
}

// findServers finds where a request outside a dialog goes, the server we are
// registered with first (RFC 5626 §4.3), one that was silent last.
func (u *UA) findServers(done func([]target, error)) {
	u.locate(u.serverPlace(), func(list []target, err error) {
		if err == nil {
			u.trustServers(list)
		}
		if u.server.addr.IsValid() {
			first := []target{u.server}
			for _, t := range list {
				if t.addr != u.server.addr {
					first = append(first, t)
				}
			}
			list, err = first, nil
		}
		slices.SortStableFunc(list, func(a, b target) int { return u.silence(a) - u.silence(b) })
		done(list, err)
	})
}

// reach calls done with the flow to the next hop of a URI.
func (u *UA) reach(uri *sipmsg.Uri, done func(*flow, error)) {
	u.locate(placeOfURI(uri, u.acc.Transport), func(list []target, err error) {
		if err != nil {
			done(nil, err)
			return
		}
		u.stack.connect(list[0], done)
	})
}

// contact is our address as seen on a flow, or by the server.
func (u *UA) contact(f *flow) *sipmsg.ContactHeader {
	a := f.local
	if u.bind.public.IsValid() {
		a = u.bind.public
	}
	return &sipmsg.ContactHeader{Address: u.contactAt(a, f.transport)}
}

// contactFor is contact in the dialog of a request: a sips: URI where that is
// asked for (RFC 3261 §8.1.1.8, §12.1.1).
func (u *UA) contactFor(req *sipmsg.Request, f *flow) *sipmsg.ContactHeader {
	c := u.contact(f)
	if wantsSIPS(req) && f.transport == TLS {
		c.Address.Scheme = "sips"
		c.Address.UriParams = sipmsg.NewParams() // sips: says it (RFC 5630 §3.1.4)
	}
	return c
}

// wantsSIPS says whether every hop of a request's dialog must be over TLS: its
// target is a sips: URI, or the first hop recorded is, or the caller's Contact if
// there is none.
func wantsSIPS(req *sipmsg.Request) bool {
	if req.Recipient.IsEncrypted() {
		return true
	}
	if r := req.RecordRoute(); r != nil {
		return r.Address.IsEncrypted()
	}
	if r := req.Route(); r != nil {
		return r.Address.IsEncrypted()
	}
	c := req.Contact()
	return c != nil && c.Address.IsEncrypted()
}

// via is the top Via of a request of ours. The branch starts with what the
// guard knows us by.
func (u *UA) via(f *flow) *sipmsg.ViaHeader {
	params := sipmsg.NewParams()
	params.Add("branch", u.branch+token(8))
	params.Add("rport", "")
	return &sipmsg.ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: f.transport.network(),
		Host: uriHost(f.local.Addr()), Port: int(f.local.Port()), Params: params,
	}
}

func uriHost(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.WithZone("").String() + "]"
	}
	return a.String()
}

// dress adds what every request of ours has; dialog-making and target-refresh
// requests have a Contact, too.
func (u *UA) dress(req *sipmsg.Request, f *flow) {
	req.PrependHeader(u.via(f))
	switch req.Method {
	case sipmsg.INVITE, sipmsg.UPDATE:
		req.AppendHeader(u.contactFor(req, f))
		fallthrough
	case sipmsg.OPTIONS, sipmsg.REGISTER:
		req.AppendHeader(sipmsg.NewHeader("Allow", allow))
		req.AppendHeader(sipmsg.NewHeader("Supported", supportedBy(req.Method)))
	}
	req.AppendHeader(sipmsg.NewHeader("User-Agent", oneLine(u.opts.UserAgent)))
}

// supportedBy are the extensions a request of ours names.
func supportedBy(method sipmsg.RequestMethod) string {
	if method == sipmsg.REGISTER {
		return "path" // RFC 3327 §5.1
	}
	return supported
}
