package siptest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/digest"
)

var server = netip.MustParseAddrPort("10.0.0.9:5060")

// peer is a telephone that does what the test says, message by message.
type peer struct {
	t      *testing.T
	conn   *Conn
	name   string
	auth   digest.Client
	branch int
}

// world runs f in a bubble with a registrar and two peers that are its users.
func world(t *testing.T, opts Opts, f func(r *Registrar, a, b *peer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := NewNet()
		opts.Users = map[string]string{"alice": "secret-a", "bob": "secret-b", "carol": "secret-c"}
		r, err := NewRegistrar(listen(t, n, server), opts)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		f(r,
			&peer{t: t, conn: listen(t, n, alice), name: "alice", auth: digest.Client{User: "alice", Password: "secret-a"}},
			&peer{t: t, conn: listen(t, n, bob), name: "bob", auth: digest.Client{User: "bob", Password: "secret-b"}})
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func (p *peer) send(text string) {
	p.t.Helper()
	text = strings.ReplaceAll(strings.TrimLeft(text, "\n"), "\n", "\r\n") + "\r\n\r\n"
	if _, err := p.conn.WriteToUDPAddrPort([]byte(text), server); err != nil {
		p.t.Fatal(err)
	}
}

// receive gives the next message, nil if none comes within a second.
func (p *peer) receive() sipmsg.Message {
	p.t.Helper()
	p.conn.SetReadDeadline(time.Now().Add(time.Second))
	buf := make([]byte, 65535)
	n, _, err := p.conn.ReadFromUDPAddrPort(buf)
	if err != nil {
		return nil
	}
	msg, err := sipmsg.ParseMessage(buf[:n])
	if err != nil {
		p.t.Fatalf("%v in\n%s", err, buf[:n])
	}
	return msg
}

func (p *peer) response(code int) *sipmsg.Response {
	p.t.Helper()
	msg := p.receive()
	res, ok := msg.(*sipmsg.Response)
	if !ok || res.StatusCode != code {
		p.t.Fatalf("%s got %v, want a %d", p.name, msg, code)
	}
	return res
}

func (p *peer) request(method sipmsg.RequestMethod) *sipmsg.Request {
	p.t.Helper()
	msg := p.receive()
	req, ok := msg.(*sipmsg.Request)
	if !ok || req.Method != method {
		p.t.Fatalf("%s got %v, want %s", p.name, msg, method)
	}
	return req
}

func (p *peer) nothing() {
	p.t.Helper()
	if msg := p.receive(); msg != nil {
		p.t.Fatalf("%s got %v, want nothing", p.name, msg)
	}
}

// start sends a request of our own; extra are more header lines.
func (p *peer) start(method, uri, to string, extra ...string) {
	p.t.Helper()
	p.branch++
	lines := append([]string{
		method + " " + uri + " SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK%s%d;rport", p.conn.AddrPort(), p.name, p.branch),
		"Max-Forwards: 70",
		fmt.Sprintf("From: <sip:%s@ata.test>;tag=from-%s", p.name, p.name),
		"To: " + to,
		"Call-ID: call-" + p.name,
		fmt.Sprintf("CSeq: %d %s", p.branch, method),
		fmt.Sprintf("Contact: <sip:%s@%s>", p.name, p.conn.AddrPort()),
	}, extra...)
	p.send(strings.Join(lines, "\n"))
}

// prove answers a challenge for the same request.
func (p *peer) prove(res *sipmsg.Response, method, uri string) string {
	p.t.Helper()
	name, proxy := "WWW-Authenticate", res.StatusCode == 407
	if proxy {
		name = "Proxy-Authenticate"
	}
	header, value, err := p.auth.Authorize(method, uri, nil, values(res, name), proxy)
	if err != nil {
		p.t.Fatal(err)
	}
	return header + ": " + value
}

// register goes through a whole registration; it returns the last answer.
func (p *peer) register(code int, extra ...string) *sipmsg.Response {
	p.t.Helper()
	to := "<sip:" + p.name + "@ata.test>"
	p.start("REGISTER", "sip:ata.test", to, extra...)
	proof := p.prove(p.response(401), "REGISTER", "sip:ata.test")
	p.start("REGISTER", "sip:ata.test", to, append(extra, proof)...)
	return p.response(code)
}

func TestRegister(t *testing.T) {
	for _, algorithms := range [][]string{nil, {"SHA-256"}, {"SHA-512-256", "MD5"}} {
		world(t, Opts{Algorithms: algorithms}, func(r *Registrar, a, _ *peer) {
			res := a.register(200, "Expires: 600")
			if got := values(res, "Contact"); len(got) != 1 || got[0] != "<sip:alice@10.0.0.1:5060>;expires=600" {
				t.Errorf("Contact = %q", got)
			}
			if via := res.Via(); via.Params.GetOr("received", "") != "10.0.0.1" || via.Params.GetOr("rport", "") != "5060" {
				t.Errorf("Via = %s", via.Value())
			}
			if list := r.Bindings("alice"); len(list) != 1 || list[0].From != alice || !list[0].Until.Equal(time.Now().Add(600*time.Second)) {
				t.Errorf("Bindings = %+v", list)
			}
			time.Sleep(599 * time.Second)
			if len(r.Bindings("alice")) != 1 {
				t.Error("binding gone too early")
			}
			time.Sleep(time.Second)
			if len(r.Bindings("alice")) != 0 {
				t.Error("binding did not end")
			}
		})
	}
}

func TestRegisterAgain(t *testing.T) {
	world(t, Opts{}, func(r *Registrar, a, _ *peer) {
		const old = `Contact: <sip:old@10.0.0.1:1>;+sip.instance="<urn:uuid:1>"`
		const now = `Contact: <sip:new@10.0.0.1:2>;+sip.instance="<urn:uuid:1>";expires=60`
		a.register(200, old)
		a.register(200, now)
		list := r.Bindings("alice")
		if len(list) != 2 || list[0].Contact != "sip:alice@10.0.0.1:5060" || list[1].Contact != "sip:new@10.0.0.1:2" {
			t.Errorf("Bindings = %+v", list)
		}
		a.register(200, "Expires: 0", now) // its own Contact goes by Expires, this one stays
		if list := r.Bindings("alice"); len(list) != 1 || list[0].Contact != "sip:new@10.0.0.1:2" {
			t.Errorf("after un-register: %+v", list)
		}
		r.Forget()
		if list := r.Bindings("alice"); len(list) != 0 {
			t.Errorf("after Forget: %+v", list)
		}
	})
}

func TestRegisterRefused(t *testing.T) {
	world(t, Opts{MinExpires: time.Minute, NonceLifetime: time.Second}, func(r *Registrar, a, b *peer) {
		if got := values(a.register(423, "Expires: 30"), "Min-Expires"); len(got) != 1 || got[0] != "60" {
			t.Errorf("Min-Expires = %q", got)
		}
		a.register(400, "Expires: never")
		a.auth.Password = "wrong"
		a.register(401)

		b.start("REGISTER", "sip:ata.test", "<sip:bob@ata.test>")
		proof := b.prove(b.response(401), "REGISTER", "sip:ata.test")
		time.Sleep(2 * time.Second)
		b.start("REGISTER", "sip:ata.test", "<sip:bob@ata.test>", proof)
		if got := values(b.response(401), "WWW-Authenticate"); !strings.Contains(got[0], "stale=TRUE") {
			t.Errorf("late answer: %q", got)
		}
		b.auth = digest.Client{User: "alice", Password: "secret-a"}
		b.register(403)
		if len(r.Bindings("alice"))+len(r.Bindings("bob")) != 0 {
			t.Error("somebody is registered")
		}
	})
}

// call brings an INVITE of alice to bob and returns it as bob got it.
func call(a, b *peer) *sipmsg.Request {
	a.t.Helper()
	b.register(200)
	a.start("INVITE", "sip:bob@ata.test", "<sip:bob@ata.test>")
	res := a.response(407)
	a.start("ACK", "sip:bob@ata.test", res.To().Value())
	a.start("INVITE", "sip:bob@ata.test", "<sip:bob@ata.test>", a.prove(res, "INVITE", "sip:bob@ata.test"))
	return b.request(sipmsg.INVITE)
}

// answer sends a response of bob's to what he got.
func (p *peer) answer(req *sipmsg.Request, code int) {
	p.t.Helper()
	res := sipmsg.NewResponseFromRequest(req, code, "Bob", nil)
	res.To().Params.Add("tag", "to-"+p.name)
	res.AppendHeader(sipmsg.NewHeader("Contact", fmt.Sprintf("<sip:%s@%s>", p.name, p.conn.AddrPort())))
	if _, err := p.conn.WriteToUDPAddrPort([]byte(res.String()), server); err != nil {
		p.t.Fatal(err)
	}
}

func TestCall(t *testing.T) {
	world(t, Opts{}, func(_ *Registrar, a, b *peer) {
		invite := call(a, b)
		if got := invite.Recipient.String(); got != "sip:bob@10.0.0.2:5060" {
			t.Errorf("Request-URI = %s", got)
		}
		if got := values(invite, "Record-Route"); len(got) != 1 || got[0] != "<sip:10.0.0.9:5060;lr>" {
			t.Errorf("Record-Route = %q", got)
		}
		if len(values(invite, "Via")) != 2 || len(values(invite, "Proxy-Authorization")) != 0 || invite.MaxForwards().Val() != 69 {
			t.Errorf("forwarded:\n%s", invite)
		}
		b.answer(invite, 180)
		b.answer(invite, 200)
		a.response(180)
		ok := a.response(200)
		if len(values(ok, "Via")) != 1 {
			t.Errorf("Via = %q", values(ok, "Via"))
		}
		route := "Route: " + ok.RecordRoute().Value()
		a.start("ACK", "sip:bob@10.0.0.2:5060", ok.To().Value(), route)
		if ack := b.request(sipmsg.ACK); len(values(ack, "Route")) != 0 || len(values(ack, "Record-Route")) != 0 {
			t.Errorf("ACK:\n%s", ack)
		}
		a.start("BYE", "sip:bob@10.0.0.2:5060", ok.To().Value(), route)
		bye := b.request(sipmsg.BYE)
		b.answer(bye, 200)
		a.response(200)
	})
}

func TestRepetitionOfProvenInvitePasses(t *testing.T) {
	world(t, Opts{}, func(_ *Registrar, a, b *peer) {
		b.register(200)
		a.start("INVITE", "sip:bob@ata.test", "<sip:bob@ata.test>")
		proof := a.prove(a.response(407), "INVITE", "sip:bob@ata.test")
		a.start("INVITE", "sip:bob@ata.test", "<sip:bob@ata.test>", proof)
		first := b.request(sipmsg.INVITE)
		a.branch-- // the same branch and CSeq again
		a.start("INVITE", "sip:bob@ata.test", "<sip:bob@ata.test>", proof)
		second := b.request(sipmsg.INVITE)
		if first.Via().Value() != second.Via().Value() {
			t.Errorf("Via %s and %s", first.Via().Value(), second.Via().Value())
		}
		time.Sleep(33 * time.Second)
		a.branch--
		a.start("INVITE", "sip:bob@ata.test", "<sip:bob@ata.test>", proof)
		a.response(407)
	})
}

// TestCancelAndAckTakeTheSameWay: both carry the INVITE's branch.
func TestCancelAndAckTakeTheSameWay(t *testing.T) {
	world(t, Opts{}, func(_ *Registrar, a, b *peer) {
		invite := call(a, b)
		b.answer(invite, 180)
		a.response(180)
		again := func(method, to string) {
			a.branch--
			a.start(method, "sip:bob@ata.test", to)
		}
		again("CANCEL", "<sip:bob@ata.test>")
		cancel := b.request(sipmsg.CANCEL)
		b.answer(cancel, 200)
		b.answer(invite, 487)
		a.response(200)
		res := a.response(487)
		again("ACK", res.To().Value())
		ack := b.request(sipmsg.ACK)
		for _, req := range []*sipmsg.Request{cancel, ack} {
			if req.Via().Value() != invite.Via().Value() {
				t.Errorf("%s has Via %s, want %s", req.Method, req.Via().Value(), invite.Via().Value())
			}
		}
	})
}

func TestAnswersOfTheProxy(t *testing.T) {
	for uri, code := range map[string]int{
		"sip:nobody@ata.test":     404,
		"sip:carol@ata.test":      480,
		"sip:9486@ata.test":       486,
		"sip:9603@ata.test":       603,
		"sip:9999@ata.test":       404,
		"sip:ata.test":            484,
		"sip:x@elsewhere.example": 404,
		"sip:carol@10.0.0.9":      480, // our address for want of a domain
	} {
		world(t, Opts{Header: map[int][]string{486: {"Retry-After: 7"}}}, func(_ *Registrar, a, _ *peer) {
			a.start("INVITE", uri, "<"+uri+">")
			proof := a.prove(a.response(407), "INVITE", uri)
			a.start("INVITE", uri, "<"+uri+">", proof)
			res := a.response(code)
			if got := values(res, "Retry-After"); (code == 486) != (len(got) == 1 && got[0] == "7") {
				t.Errorf("%d: Retry-After = %q", code, got)
			}
			a.start("ACK", uri, res.To().Value())
			a.nothing()
		})
	}
}

func TestOtherRequests(t *testing.T) {
	world(t, Opts{Intercept: func(req *sipmsg.Request) int {
		if req.Method == sipmsg.MESSAGE {
			return 503
		}
		return 0
	}}, func(_ *Registrar, a, b *peer) {
		a.start("OPTIONS", "sip:ata.test", "<sip:ata.test>")
		a.response(200)
		a.start("MESSAGE", "sip:bob@ata.test", "<sip:bob@ata.test>")
		a.response(503)
		a.send("garbage")
		a.send("OPTIONS sip:ata.test SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKx")
		a.send("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKforeign\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKx\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>\nCall-ID: 1\nCSeq: 1 INVITE")
		a.nothing()
		b.nothing()
		a.send("OPTIONS sip:bob@10.0.0.2:5060 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKmf\nMax-Forwards: 0\nFrom: <sip:x@other>;tag=1\nTo: <sip:bob@ata.test>\nCall-ID: 1\nCSeq: 1 OPTIONS")
		a.response(483)
		a.send("OPTIONS sip:bob@10.0.0.2:5060 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKmf\nFrom: <sip:x@other>;tag=1\nTo: <sip:bob@ata.test>\nCall-ID: 1\nCSeq: 1 OPTIONS")
		if req := b.request(sipmsg.OPTIONS); req.MaxForwards().Val() != 69 {
			t.Errorf("Max-Forwards = %v", req.MaxForwards())
		}
	})
}

func TestNotify(t *testing.T) {
	world(t, Opts{}, func(r *Registrar, a, _ *peer) {
		if err := r.Notify("alice", "message-summary", "text/plain", nil); err == nil {
			t.Error("Notify to nobody")
		}
		a.register(200)
		if err := r.Notify("alice", "message-summary", "application/simple-message-summary", []byte("Messages-Waiting: yes\r\n")); err != nil {
			t.Fatal(err)
		}
		req := a.request(sipmsg.NOTIFY)
		if string(req.Body()) != "Messages-Waiting: yes\r\n" || values(req, "Event")[0] != "message-summary" {
			t.Errorf("got\n%s", req)
		}
		a.answer(req, 200)
		a.nothing()
	})
}

// TestStream registers over TCP and gets a call on the same connection.
func TestStream(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", conn.LocalAddr().String())
	if err != nil {
		t.Skip("port not free for TCP:", err)
	}
	r, err := NewRegistrar(conn, Opts{Users: map[string]string{"bob": "x"}, Listener: listener})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	c, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	read := func() string {
		buf := make([]byte, 65535)
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	fmt.Fprint(c, "\r\n\r\n")
	if pong := read(); pong != "\r\n" {
		t.Fatalf("pong = %q", pong)
	}
	auth := digest.Client{User: "bob", Password: "x"}
	register := func(extra string) string {
		fmt.Fprintf(c, "REGISTER sip:ata.test SIP/2.0\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bK%d\r\nFrom: <sip:bob@ata.test>;tag=1\r\nTo: <sip:bob@ata.test>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContact: <sip:bob@%s;transport=tcp>\r\n%sContent-Length: 0\r\n\r\n",
			c.LocalAddr(), len(extra), c.LocalAddr(), extra)
		return read()
	}
	msg, err := sipmsg.ParseMessage([]byte(register("")))
	if err != nil {
		t.Fatal(err)
	}
	header, value, err := auth.Authorize("REGISTER", "sip:ata.test", nil, values(msg, "WWW-Authenticate"), false)
	if err != nil {
		t.Fatal(err)
	}
	if res := register(header + ": " + value + "\r\n"); !strings.HasPrefix(res, "SIP/2.0 200 ") {
		t.Fatalf("REGISTER: %s", res)
	}
	caller, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer caller.Close()
	invite := fmt.Sprintf("INVITE sip:bob@ata.test SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKi;rport\r\nFrom: <sip:x@other>;tag=1\r\nTo: <sip:bob@ata.test>\r\nCall-ID: 2\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n", caller.LocalAddr())
	if _, err := caller.WriteTo([]byte(invite), conn.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	got := read()
	for _, part := range []string{"INVITE sip:bob@", "Via: SIP/2.0/TCP ", ";transport=tcp;lr>", "Record-Route: <sip:"} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in\n%s", part, got)
		}
	}
	req, err := sipmsg.ParseMessage([]byte(got))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, sipmsg.NewResponseFromRequest(req.(*sipmsg.Request), 486, "Busy", nil))
	buf := make([]byte, 2000)
	caller.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, _, err := caller.ReadFrom(buf)
	if err != nil || !strings.HasPrefix(string(buf[:n]), "SIP/2.0 486 ") {
		t.Errorf("caller got %q, %v", buf[:n], err)
	}
}

func TestNewRegistrarWantsAConcreteAddress(t *testing.T) {
	conn, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := NewRegistrar(conn, Opts{}); err == nil {
		t.Error("took a wildcard address")
	}
}
