package siptest

import (
	"net/netip"
	"strconv"
	"strings"

	sipmsg "github.com/emiago/sipgo/sip"
)

// cookie starts every branch of ours; the rest is for telling us from others.
const cookie = sipmsg.RFC3261BranchMagicCookie + "-st"

// stamp notes in a Via where the request came from (RFC 3261 §18.2.1, RFC
// 3581). On a stream the port is that of the connection, asked for or not.
func stamp(via *sipmsg.ViaHeader, from hop) {
	if via.Params.Has("rport") || from.transport == "TCP" {
		via.Params.Add("rport", strconv.Itoa(int(from.addr.Port())))
	}
	if via.Params.Has("rport") || via.Host != from.addr.Addr().String() {
		via.Params.Add("received", from.addr.Addr().String())
	}
	via.Transport = from.transport
}

// back is where an answer goes by its top Via (RFC 3261 §18.2.2, RFC 3581 §4).
func back(via *sipmsg.ViaHeader) (hop, bool) {
	ip, err := netip.ParseAddr(via.Params.GetOr("received", strings.Trim(via.Host, "[]")))
	if err != nil {
		return hop{}, false
	}
	port := via.Port
	if port == 0 {
		port = 5060
	}
	if n, err := strconv.ParseUint(via.Params.GetOr("rport", ""), 10, 16); err == nil {
		port = int(n)
	}
	return hop{strings.ToUpper(via.Transport), netip.AddrPortFrom(ip.Unmap(), uint16(port))}, true
}

// popRoutes removes the Routes that name us (RFC 3261 §16.4).
func (r *Registrar) popRoutes(req *sipmsg.Request) {
	for route := req.Route(); route != nil && r.isMe(&route.Address); route = req.Route() {
		if !req.RemoveHeader(route.Name()) {
			return
		}
	}
}

// proxy finds the next hop of a request and passes it on.
func (r *Registrar) proxy(req *sipmsg.Request, from hop) {
	if hops := req.MaxForwards(); hops == nil {
		h := sipmsg.MaxForwardsHeader(70)
		req.AppendHeader(&h)
	} else if hops.Val() == 0 {
		r.reply(req, 483, "Too Many Hops")
		return
	}
	if route := req.Route(); route != nil {
		r.forwardTo(&route.Address, req, from)
		return
	}
	if !r.isMe(&req.Recipient) {
		r.forwardTo(&req.Recipient, req, from)
		return
	}
	r.deliver(req, from)
}

// deliver passes a request to the telephone of one of our users.
func (r *Registrar) deliver(req *sipmsg.Request, from hop) {
	user := req.Recipient.User
	_, known := r.opts.Users[user]
	code := failing(user)
	switch {
	case code != 0:
		r.reply(req, code, "Test")
		return
	case user == "":
		r.reply(req, 484, "Address Incomplete")
		return
	case !known:
		r.reply(req, 404, "Not Found")
		return
	}
	b, ok := r.latest(user)
	if !ok {
		r.reply(req, 480, "Temporarily Unavailable")
		return
	}
	req.Recipient = *b.contact.Clone()
	r.forward(req, from, b.from)
}

// failing is the status that a number of the form 9xxx stands for.
func failing(user string) int {
	code, err := strconv.Atoi(strings.TrimPrefix(user, "9"))
	if err != nil || len(user) != 4 || code < 300 || code > 699 {
		return 0
	}
	return code
}

// forwardTo passes a request to an address in a URI. We resolve no names.
func (r *Registrar) forwardTo(uri *sipmsg.Uri, req *sipmsg.Request, from hop) {
	addr, ok := literal(uri)
	if !ok {
		r.reply(req, 404, "Not Here")
		return
	}
	transport := "UDP"
	switch strings.ToLower(uri.UriParams.GetOr("transport", "")) {
	case "tcp", "tls": // the Listener may be one of TLS
		transport = "TCP"
	}
	r.forward(req, from, hop{transport, addr})
}

// forward passes a request on (RFC 3261 §16.6).
func (r *Registrar) forward(req *sipmsg.Request, from, to hop) {
	req.MaxForwards().Dec()
	if opensDialog(req) {
		r.recordRoute(req, from, to)
	}
	for req.RemoveHeader("Proxy-Authorization") {
	}
	top := req.Via()
	req.PrependHeader(&sipmsg.ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: to.transport,
		Host: r.addr.Addr().String(), Port: int(r.addr.Port()),
		Params: sipmsg.HeaderParams{{K: "branch", V: cookie + r.hash("branch", top.Params.GetOr("branch", ""), top.SentBy(),
			req.CallID().Value(), req.From().Params.GetOr("tag", ""), strconv.Itoa(int(req.CSeq().SeqNo)))}},
	})
	r.send(req, to)
}

func opensDialog(req *sipmsg.Request) bool {
	switch req.Method {
	case sipmsg.INVITE, sipmsg.SUBSCRIBE, sipmsg.REFER:
		return !req.To().Params.Has("tag")
	}
	return false
}

// recordRoute keeps us in the dialog, with one entry per side if the sides
// differ in transport (RFC 5658).
func (r *Registrar) recordRoute(req *sipmsg.Request, from, to hop) {
	req.PrependHeader(r.routeEntry(from.transport))
	if to.transport != from.transport {
		req.PrependHeader(r.routeEntry(to.transport))
	}
}

func (r *Registrar) routeEntry(transport string) *sipmsg.RecordRouteHeader {
	uri := sipmsg.Uri{Scheme: "sip", Host: r.addr.Addr().String(), Port: int(r.addr.Port())}
	if transport == "TCP" {
		uri.UriParams = append(uri.UriParams, sipmsg.HeaderKV{K: "transport", V: "tcp"})
	}
	uri.UriParams = append(uri.UriParams, sipmsg.HeaderKV{K: "lr"})
	return &sipmsg.RecordRouteHeader{Address: uri}
}

// response passes an answer back along the Vias (RFC 3261 §16.7).
func (r *Registrar) response(res *sipmsg.Response) {
	if !strings.HasPrefix(res.Via().Params.GetOr("branch", ""), cookie) {
		return
	}
	res.RemoveHeader("Via")
	if res.Via() == nil { // it answers a request of our own
		return
	}
	if to, ok := back(res.Via()); ok {
		r.send(res, to)
	}
}
