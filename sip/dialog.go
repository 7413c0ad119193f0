package sip

import (
	sipmsg "github.com/emiago/sipgo/sip"
)

// dialog is the state two user agents share (RFC 3261 §12). It is data: it
// builds requests and takes note of what arrives, and sends nothing.
type dialog struct {
	callID    string
	localTag  string
	remoteTag string
	local     sipmsg.FromHeader // From of our requests
	remote    sipmsg.ToHeader   // To of our requests
	target    sipmsg.Uri        // Contact of the far end
	routes    []sipmsg.Uri      // in the order of our requests
	seq       uint32            // of our last request
	remoteSeq uint32            // of their last request, 0 = none yet
}

// dialogFromInvite is the callee's view (RFC 3261 §12.1.1).
func dialogFromInvite(req *sipmsg.Request, tag string) *dialog {
	from, to := req.From(), req.To()
	d := &dialog{
		callID: req.CallID().Value(), localTag: tag, remoteSeq: req.CSeq().SeqNo,
		local:  sipmsg.FromHeader{DisplayName: to.DisplayName, Address: *to.Address.Clone(), Params: withTag(to.Params, tag)},
		remote: sipmsg.ToHeader{DisplayName: from.DisplayName, Address: *from.Address.Clone(), Params: from.Params.Clone()},
	}
	d.remoteTag, _ = from.Params.Get("tag")
	for _, h := range req.GetHeaders("Record-Route") {
		if rr, ok := h.(*sipmsg.RecordRouteHeader); ok {
			d.routes = append(d.routes, *rr.Address.Clone())
		}
	}
	d.retarget(req.Contact())
	return d
}

// dialogFromResponse is the caller's view (RFC 3261 §12.1.2).
func dialogFromResponse(req *sipmsg.Request, res *sipmsg.Response) *dialog {
	from, to := req.From(), res.To()
	d := &dialog{
		callID: req.CallID().Value(), seq: req.CSeq().SeqNo,
		local:  sipmsg.FromHeader{DisplayName: from.DisplayName, Address: *from.Address.Clone(), Params: from.Params.Clone()},
		remote: sipmsg.ToHeader{DisplayName: to.DisplayName, Address: *to.Address.Clone(), Params: to.Params.Clone()},
	}
	d.localTag, _ = from.Params.Get("tag")
	d.remoteTag, _ = to.Params.Get("tag")
	d.target = *req.Recipient.Clone() // a 1xx may come without Contact
	d.routes = routesOf(res)
	d.retarget(res.Contact())
	return d
}

// routesOf is the route set that a response gives its caller: Record-Route
// backwards.
func routesOf(res *sipmsg.Response) (routes []sipmsg.Uri) {
	rrs := res.GetHeaders("Record-Route")
	for i := len(rrs) - 1; i >= 0; i-- {
		if rr, ok := rrs[i].(*sipmsg.RecordRouteHeader); ok {
			routes = append(routes, *rr.Address.Clone())
		}
	}
	return routes
}

func withTag(p sipmsg.HeaderParams, tag string) sipmsg.HeaderParams {
	p = p.Clone()
	p.Add("tag", tag)
	return p
}

// retarget takes a new Contact of the far end (target refresh, RFC 3261
// §12.2.1.2, RFC 3311 §5.1).
func (d *dialog) retarget(c *sipmsg.ContactHeader) {
	if c != nil && isSIP(&c.Address) {
		d.target = *c.Address.Clone()
		d.target.Headers = nil
	}
}

// inOrder takes note of the CSeq of a request from the far end; false: it is
// older than one we had (RFC 3261 §12.2.2).
func (d *dialog) inOrder(seq uint32) bool {
	if d.remoteSeq != 0 && seq <= d.remoteSeq {
		return false
	}
	d.remoteSeq = seq
	return true
}

// request builds the next request of the dialog, without Via and Contact.
func (d *dialog) request(method sipmsg.RequestMethod) *sipmsg.Request {
	d.seq++
	return d.numbered(method, d.seq)
}

// numbered builds a request with a CSeq given, as ACK has (RFC 3261 §12.2.1.1).
// A first route without lr is a strict router: the request goes to it, and the
// target moves to the end of the route.
func (d *dialog) numbered(method sipmsg.RequestMethod, seq uint32) *sipmsg.Request {
	uri, routes := d.target, d.routes
	if len(routes) > 0 && !routes[0].UriParams.Has("lr") {
		uri = routes[0]
		routes = append(append([]sipmsg.Uri{}, routes[1:]...), d.target)
	}
	req := sipmsg.NewRequest(method, *uri.Clone())
	req.Recipient.Headers = nil
	for i := range routes {
		req.AppendHeader(&sipmsg.RouteHeader{Address: *routes[i].Clone()})
	}
	req.AppendHeader(sipmsg.HeaderClone(&d.local))
	req.AppendHeader(sipmsg.HeaderClone(&d.remote))
	appendCommon(req, d.callID, seq)
	return req
}

// nextHop is the URI a request goes to: the first route, or the target.
func (d *dialog) nextHop() *sipmsg.Uri {
	if len(d.routes) > 0 {
		return &d.routes[0]
	}
	return &d.target
}
