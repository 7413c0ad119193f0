package sip

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// A UA that starts without network waits for it, and one whose address changes
// tells registrar and far ends where it is now.
func TestAddressComesAndChanges(t *testing.T) {
	later := netip.MustParseAddr("10.0.0.77")
	var addr atomic.Pointer[netip.Addr]
	inWorldWith(t, func(a *Account, _ *Voice, o *Opts) {
		a.Register = true
		o.LocalAddr = netip.Addr{}
	}, func(u *UA) {
		u.facing = func(netip.AddrPort) (netip.Addr, error) {
			if a := addr.Load(); a != nil {
				return *a, nil
			}
			return netip.Addr{}, errors.New("network is unreachable")
		}
	}, func(w *world) {
		time.Sleep(time.Minute)
		w.peer.nothing()
		first := uaAddr.Addr()
		addr.Store(&first)
		time.Sleep(openAgain)
		reg := w.peer.request(sipmsg.REGISTER)
		w.bind(reg)
		event[Registration](w)
		if r := event[Registration](w); r.State != Registered {
			t.Fatalf("registration %+v", r)
		}
		w.ua.Invite("200", rtpAddr)
		w.peer.reply(w.peer.request(sipmsg.INVITE), 200, "a", description())
		event[Answered](w)
		w.peer.request(sipmsg.ACK)

		addr.Store(&later)
		time.Sleep(checkLocal)
		reg, re := w.peer.request(sipmsg.REGISTER), w.peer.request(sipmsg.INVITE)
		if re.Contact().Address.Host != later.String() {
			t.Errorf("re-INVITE with %s", re.Contact().Value())
		}
		if body := string(re.Body()); !strings.Contains(body, "c=IN IP4 10.0.0.77\r\n") || strings.Contains(body, "10.0.0.2") {
			t.Errorf("voice is still taken at the old address:\n%s", body)
		}
		var contacts []string
		for _, h := range reg.GetHeaders("Contact") {
			contacts = append(contacts, h.Value())
		}
		if len(contacts) != 2 || !strings.Contains(contacts[0], "@10.0.0.77:5060>;expires=3600") || !strings.Contains(contacts[1], "@10.0.0.2:5060>;expires=0") {
			t.Errorf("contacts %q", contacts)
		}
	})
}

// bind grants a REGISTER for an hour.
func (w *world) bind(reg *sipmsg.Request, headers ...string) {
	res := sipmsg.NewResponseFromRequest(withToTag(reg, "r"), 200, "OK", nil)
	res.AppendHeader(reg.Contact().Clone())
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		res.AppendHeader(sipmsg.NewHeader(name, value))
	}
	w.peer.send(res.String())
}

// Requests outside dialogs go by the outbound proxy and what Service-Route
// says (RFC 3608), and stay below the size that asks for TCP (RFC 3261
// §18.1.1).
func TestInitialRoutes(t *testing.T) {
	inWorld(t, func(a *Account, _ *Voice, o *Opts) {
		a.Register, a.Domain, a.Proxy = true, "subscribers.provider.test", "10.0.0.1:5060"
		o.InstanceID, o.UserAgent = "urn:uuid:00000000-0000-1000-8000-000a95a0e128", "ata-agent/1.0 (two lines, board 7)"
	}, func(w *world) {
		reg := w.peer.request(sipmsg.REGISTER)
		if got := reg.Recipient.String() + " " + routesIn(reg); got != "sip:subscribers.provider.test <sip:10.0.0.1:5060;lr>" {
			t.Errorf("REGISTER to %s", got)
		}
		if c := reg.Contact().Value(); !strings.Contains(c, `+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"`) {
			t.Errorf("contact %s", c)
		}
		w.bind(reg, "Service-Route: <sip:10.0.0.1:5060;lr>, <sip:core.provider.test;lr>")
		synctest.Wait()
		w.ua.Invite("00441632960961", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		w.peer.reply(invite, 407, "x", "", `Proxy-Authenticate: Digest realm="subscribers.provider.test", nonce="4bK3yEPZyhxnMjXy0hOQ2tGcS0cOyT2a", algorithm=SHA-256, qop="auth", opaque="7e3b1a5c9f"`)
		w.peer.request(sipmsg.ACK)
		invite = w.peer.request(sipmsg.INVITE)
		if got := invite.Recipient.String() + " " + routesIn(invite); got != "sip:00441632960961@subscribers.provider.test <sip:10.0.0.1:5060;lr> <sip:core.provider.test;lr>" {
			t.Errorf("INVITE to %s", got)
		}
		if n := len(invite.String()); n > 1300 {
			t.Errorf("INVITE of %d bytes", n)
		}
	})
}

// An account that does not register takes calls from its server as soon as its
// name is known, and from the next server when the name moves.
func TestServersOfUnregisteredAccount(t *testing.T) {
	var server atomic.Pointer[netip.AddrPort]
	inWorld(t, func(a *Account, _ *Voice, o *Opts) {
		a.Domain = "trunk.test"
		o.Locate = func(context.Context, string, int, Transport) ([]Target, error) {
			if s := server.Load(); s != nil {
				return []Target{{Addr: *s, Transport: UDP}}, nil
			}
			return nil, errNoServer
		}
	}, func(w *world) {
		rings := func() bool {
			w.peer.leg("ata1").send("OPTIONS", "")
			return w.peer.take() != nil
		}
		if rings() {
			t.Error("a stranger is answered")
		}
		server.Store(&peerAddr)
		time.Sleep(checkLocal + time.Second)
		if !rings() {
			t.Error("the server is not answered")
		}
		elsewhere := netip.MustParseAddrPort("10.0.0.9:5060")
		server.Store(&elsewhere)
		time.Sleep(serversAgain)
		if rings() {
			t.Error("the old server is still answered")
		}
	})
}

func TestInviteExpires(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.peer.leg("ata1").send("INVITE", description(), "Expires: 20")
		event[Incoming](w)
		time.Sleep(20*time.Second - time.Millisecond)
		w.noEvent()
		time.Sleep(2 * time.Millisecond)
		if e := event[Ended](w); e.Code != 487 {
			t.Errorf("ended %+v", e)
		}
	})
}

// The mapping of a NAT is kept open, with empty lines that nobody answers.
func TestKeepAlive(t *testing.T) {
	inWorld(t, func(a *Account, _ *Voice, o *Opts) { a.Register, o.KeepAlive = true, 0 }, func(w *world) {
		w.bind(w.peer.request(sipmsg.REGISTER))
		synctest.Wait()
		w.peer.tolerant = true
		before := w.net.Sent()
		time.Sleep(time.Minute)
		if n := w.net.Sent() - before; n < 3 || n > 5 {
			t.Errorf("%d packets in a minute", n)
		}
		w.peer.nothing()
	})
}

// The table of server transactions is bounded: what was answered goes first.
func TestTransactionTable(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for range 500 {
			w.peer.leg("ata1").send("OPTIONS", "")
			w.peer.response(200)
			w.peer.leg("ata1").send("CANCEL", "") // waits for its INVITE
			time.Sleep(cancelPatience)
			w.peer.response(481)
		}
		synctest.Wait()
		if n := len(w.ua.servers); n > 64 {
			t.Errorf("%d transactions", n)
		}
	})
}

// What comes faster than it can be handled is dropped, not kept.
func TestMailbox(t *testing.T) {
	m := newMailbox()
	for i := range 2 * maxNetworkBacklog {
		if got, want := m.postMessage(func() {}), i < maxNetworkBacklog; got != want {
			t.Fatalf("message %d: %v", i, got)
		}
	}
	m.post(func() {})
	if n := len(m.take()); n != maxNetworkBacklog+1 {
		t.Errorf("%d taken", n)
	}
	m.close()
	m.post(func() {})
	if n := len(m.take()); n != 0 {
		t.Errorf("%d taken after close", n)
	}
}
