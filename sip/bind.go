package sip

import (
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// bind drives the registration: it does the actions that the state machine of
// register.go asks for.
type bind struct {
	machine *registration
	wake    *timer
	callID  string // one for as long as the UA lives (RFC 3261 §10.2)
	seq     uint32
	public  netip.AddrPort // our address as the server sees it, if we name that
	routes  []sipmsg.Uri   // Service-Route (RFC 3608)
	times   RegisterTimes
}

func (u *UA) newBind() bind {
	cfg := regConfig{Expires: u.acc.Expires, LongRetry: u.opts.LongRetry, Jitter: u.opts.StartJitter, Rewrite: u.opts.NATRewrite}
	random := rand.New(rand.NewPCG(uint64(random32())<<32|uint64(random32()), uint64(random32())))
	return bind{machine: newRegistration(cfg, random), callID: token(12)}
}

// regEvent feeds the state machine and does what it says.
func (u *UA) regEvent(e regEvent) {
	b := &u.bind
	for _, a := range b.machine.next(time.Now(), e) {
		u.regAction(a)
	}
	b.wake.stop()
	if at := b.machine.deadline(); !at.IsZero() {
		b.wake = u.after(time.Until(at), func() { u.regEvent(regWake{}) })
	}
}

func (u *UA) regAction(a regAction) {
	switch a := a.(type) {
	case regLocate:
		u.locateRegistrar()
	case regSend:
		u.sendRegister(a)
	case regBlame:
		u.blame(a.Target, a.After)
	case regPraise:
		u.praise(a.Target)
	case regReport:
		u.onRegistration(a.Registration)
	}
}

func (u *UA) onRegistration(r Registration) {
	u.reg = r
	u.server = target{}
	if r.State == Registered {
		u.server, u.silent = u.bind.machine.home, netip.AddrPort{}
		for _, c := range u.calls {
			if c.unknown { // it could not be told before
				c.relocated()
			}
		}
	}
	u.log.Debug("registration", "state", r.State.String(), "server", r.Server, "until", r.Until, "code", r.Code, "reason", r.Reason)
	u.notify(r)
}

func (u *UA) locateRegistrar() {
	u.locate(u.serverPlace(), func(list []target, err error) {
		if err != nil {
			u.log.Warn("no registrar found", "err", err)
		} else {
			u.trustServers(list)
		}
		u.regEvent(regLocated{Targets: list, Busy: u.talking()})
	})
}

func (u *UA) talking() bool {
	for _, c := range u.calls {
		if !c.over {
			return true
		}
	}
	return false
}

// sendRegister sends a REGISTER and reports its end as an event.
func (u *UA) sendRegister(a regSend) {
	u.stack.connect(a.To, func(f *flow, err error) {
		if err != nil {
			u.log.Info("registrar out of reach", "server", a.To.addr, "err", err)
			u.bind.count(a, 0, 0)
			u.post(func() { u.regEvent(noAnswerBecause(err)) }) // not from within regEvent
			return
		}
		b, began := &u.bind, time.Now()
		b.seq++
		b.public = a.Public
		contact := u.contact(f).Address
		x := &exchange{u: u, flow: f, trusted: true, nextSeq: func() uint32 { b.seq++; return b.seq }}
		x.response = func(res *sipmsg.Response) {
			if res.StatusCode >= 200 {
				b.count(a, res.StatusCode, time.Since(began))
				u.onRegistered(a, contact, res)
			}
		}
		x.fail = func(err error) {
			u.log.Info("REGISTER failed", "server", a.To.addr, "err", err)
			b.count(a, 0, 0)
			u.regEvent(noAnswerBecause(f.ended))
		}
		x.start(u.newRegister(a, contact, f))
	})
}

func noAnswerBecause(err error) regFailed {
	trouble, words := troubleOf(err)
	return regFailed{trouble, words}
}

// count counts a request that was to bring or refresh the binding.
func (b *bind) count(a regSend, code int, took time.Duration) {
	if a.Expires > 0 {
		b.times.answered(code, took)
	}
}

func (u *UA) onRegistered(a regSend, contact sipmsg.Uri, res *sipmsg.Response) {
	if res.IsSuccess() && a.Expires > 0 {
		u.bind.routes = serviceRoutes(res)
	}
	u.regEvent(regAnswered{readRegAnswer(res, &contact, u.opts.InstanceID, a.Expires)})
}

// newRegister builds a REGISTER (RFC 3261 §10.2): to the domain, from and to
// the address of record.
func (u *UA) newRegister(a regSend, contact sipmsg.Uri, f *flow) *sipmsg.Request {
	aor := u.aor()
	req := sipmsg.NewRequest(sipmsg.REGISTER, sipmsg.Uri{Scheme: "sip", Host: aor.Host, Port: aor.Port})
	if u.acc.Proxy != "" {
		req.AppendHeader(u.proxyRoute())
	}
	req.AppendHeader(u.fromHeader(token(8)))
	req.AppendHeader(&sipmsg.ToHeader{Address: aor})
	appendCommon(req, u.bind.callID, u.bind.seq)
	req.AppendHeader(u.bindingHeader(contact, a.Expires))
	if a.Remove.IsValid() && a.Remove != uriAddr(&contact) {
		old := sipmsg.ContactHeader{Address: u.contactAt(a.Remove, f.transport), Params: sipmsg.NewParams()}
		old.Params.Add("expires", "0")
		req.AppendHeader(&old)
	}
	req.AppendHeader(sipmsg.NewHeader("Expires", strconv.Itoa(int(a.Expires/time.Second))))
	return req
}

func (u *UA) bindingHeader(contact sipmsg.Uri, expires time.Duration) *sipmsg.ContactHeader {
	params := sipmsg.NewParams()
	params.Add("expires", strconv.Itoa(int(expires/time.Second)))
	if u.opts.InstanceID != "" {
		params.Add("+sip.instance", `"<`+oneLine(u.opts.InstanceID)+`>"`)
	}
	return &sipmsg.ContactHeader{Address: contact, Params: params}
}

// serviceRoutes is the route that requests outside dialogs take from now on.
func serviceRoutes(res *sipmsg.Response) (routes []sipmsg.Uri) {
	for _, v := range listOf(res, "Service-Route") {
		var uri sipmsg.Uri
		var params sipmsg.HeaderParams
		if _, err := sipmsg.ParseAddressValue(v, &uri, &params); err == nil && isSIP(&uri) {
			routes = append(routes, uri)
		}
	}
	return routes
}

// initialRoutes are the Route headers of a request outside a dialog: the
// outbound proxy, then what the registrar told us.
func (u *UA) initialRoutes() (headers []sipmsg.Header) {
	routes := u.bind.routes
	if u.acc.Proxy != "" {
		proxy := u.proxyRoute()
		headers = append(headers, proxy)
		if len(routes) > 0 && sameURI(&routes[0], &proxy.Address) {
			routes = routes[1:]
		}
	}
	for i := range routes {
		headers = append(headers, &sipmsg.RouteHeader{Address: *routes[i].Clone()})
	}
	return headers
}

func (u *UA) unregister() {
	if u.acc.Register {
		u.regEvent(regStop{})
	}
}

// flowLost: our connection to the server is gone, and with it the way back.
func (u *UA) flowLost(f *flow) {
	if u.acc.Register && f.remote == u.bind.machine.home.addr {
		u.regEvent(regFlowLost{})
	}
}
