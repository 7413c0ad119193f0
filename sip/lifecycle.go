package sip

import (
	"net"
	"net/netip"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

const (
	openAgain  = time.Second      // between attempts to open the socket
	checkLocal = 30 * time.Second // between looks at our own address

	serversAgain = 5 * time.Minute // between looks for the servers of an account that does not register
)

// start opens the transport as soon as there is an address for it, and then
// begins to register. Neither a network that is not up yet nor a port that the
// UA before us still holds is the end.
func (u *UA) start() {
	if a := u.opts.LocalAddr; a.IsValid() {
		u.open(a)
		return
	}
	u.findServers(func(list []target, err error) {
		for _, t := range list {
			if a, err := u.facing(t.addr); err == nil {
				u.open(a)
				return
			}
		}
		u.complain("no way to a server yet", err)
		u.after(openAgain, u.start)
	})
}

// complain logs a cause of delay once.
func (u *UA) complain(what string, err error) {
	text := what
	if err != nil {
		text += ": " + err.Error()
	}
	if text != u.complaint {
		u.complaint = text
		u.log.Warn(what, "err", err)
	}
}

func (u *UA) open(a netip.Addr) {
	if u.ending {
		return
	}
	if err := u.stack.open(addrPortOf(a, u.opts.LocalPort)); err != nil {
		u.complain("no socket yet", err)
		u.after(openAgain, u.start)
		return
	}
	u.complaint = ""
	u.log.Info("user agent up", "local", u.stack.local, "transport", string(u.acc.Transport))
	u.keepAlive()
	u.watchLocal()
	if u.acc.Register {
		u.regEvent(regStart{})
	} else {
		u.watchServers()
	}
}

// watchServers keeps knowing whom to take calls from; a registration does so by
// itself. After a power cut the name servers come up later than we do.
func (u *UA) watchServers() {
	u.findServers(func(_ []target, err error) {
		again := serversAgain
		if err != nil {
			u.complain("no server found yet", err)
			again = checkLocal
		}
		u.after(again, u.watchServers)
	})
}

// facing is our address on the way to a server. Connecting a UDP socket sends
// nothing; it asks the kernel for the route.
func facing(to netip.AddrPort) (netip.Addr, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}, err
	}
	a := addrPort(c.LocalAddr()).Addr()
	return a, c.Close()
}

// watchLocal notices that we got another address.
func (u *UA) watchLocal() {
	if u.opts.LocalAddr.IsValid() || u.acc.Transport != UDP {
		return // fixed, or a connection will break and tell
	}
	u.after(checkLocal, func() {
		u.lookAtLocal()
		u.watchLocal()
	})
}

func (u *UA) lookAtLocal() {
	to := u.server.addr
	if !to.IsValid() && len(u.trusted) > 0 {
		to = u.trusted[0]
	}
	if !to.IsValid() {
		return
	}
	if a, err := u.facing(to); err == nil && a != u.stack.local.Addr() {
		u.moveTo(a)
	}
}

// moveTo opens a socket at our new address. The registrar and the far ends of
// all calls are told where we are now.
func (u *UA) moveTo(a netip.Addr) {
	old := u.stack.local.Addr()
	u.log.Info("address changed", "from", old, "to", a)
	if err := u.stack.open(addrPortOf(a, u.opts.LocalPort)); err != nil {
		u.complain("no socket at new address", err)
		return
	}
	u.regEvent(regMoved{})
	for _, c := range u.calls {
		if c.sess.rtp.Addr() == old { // the line takes voice at every address
			c.sess.rtp = netip.AddrPortFrom(a, c.sess.rtp.Port())
			c.sess.forgetKeys()
		}
		c.relocated()
	}
}

// keepAlive keeps NATs between us and the server open (RFC 5626 §4.4.1): an
// empty line over UDP, two over connections.
func (u *UA) keepAlive() {
	every := u.opts.KeepAlive
	if every < 0 {
		return
	}
	if every == 0 {
		every = 18 * time.Second
		if u.acc.Transport != UDP {
			every = 100 * time.Second
		}
	}
	u.after(every*4/5+between(0, every/5), func() {
		u.ping()
		u.keepAlive()
	})
}

func (u *UA) ping() {
	if u.acc.Transport == UDP && u.server.addr.IsValid() {
		_ = u.stack.packetFlow(u.server.addr).put([]byte("\r\n")) // the next one follows soon
	}
	for _, f := range u.stack.conns {
		_ = f.put([]byte("\r\n\r\n")) // a dead connection shows in its reader
	}
}

// trustServers makes these the servers of the account: they may send requests.
func (u *UA) trustServers(list []target) {
	old := u.trusted
	u.trusted = nil
	for _, t := range append([]target{u.bind.machine.home}, list...) { // who has our binding calls us, whatever the DNS says now
		if t.addr.IsValid() {
			u.trusted = append(u.trusted, t.addr)
			u.guard.trust(t.addr)
		}
	}
	for _, a := range old {
		u.guard.distrust(a)
	}
}

// contactAt is our URI at an address.
func (u *UA) contactAt(a netip.AddrPort, tr Transport) sipmsg.Uri {
	uri := sipmsg.Uri{Scheme: "sip", User: u.user, Host: uriHost(a.Addr()), Port: int(a.Port())}
	if tr != UDP {
		uri.UriParams = sipmsg.NewParams()
		uri.UriParams.Add("transport", string(tr))
	}
	return uri
}
