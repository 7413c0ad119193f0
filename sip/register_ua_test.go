package sip

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/siptest"
)

// A subscriber is a UA with the events it reported.
type subscriber struct {
	ua     *UA
	stop   func()
	mu     sync.Mutex
	events []Event
}

func (s *subscriber) note(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// wait returns the first event of type T, which it removes; it gives the world
// time to bring it.
func wait[T Event](t *testing.T, s *subscriber) T {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		for i, e := range s.events {
			if e, ok := e.(T); ok {
				s.events = append(s.events[:i], s.events[i+1:]...)
				s.mu.Unlock()
				return e
			}
		}
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Fatalf("no %T, but %+v", *new(T), s.events)
	panic("unreachable")
}

func subscribe(t *testing.T, acc Account, opts Opts) *subscriber {
	t.Helper()
	s := &subscriber{}
	opts.Notify, opts.Logger = s.note, testLog()
	ua, err := New(acc, Voice{Events: true}, opts)
	if err != nil {
		t.Fatal(err)
	}
	s.ua = ua
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- ua.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	return s
}

var users = map[string]string{"ata1": "secret1", "ata2": "secret2"}

// serve runs a registrar; end stops it.
func serve(t *testing.T, pc net.PacketConn, opts siptest.Opts) (*siptest.Registrar, func()) {
	t.Helper()
	opts.Users, opts.Logger = users, testLog()
	r, err := siptest.NewRegistrar(pc, opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return r, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("registrar: %v", err)
		}
	}
}

func account(user string, server netip.AddrPort, tr Transport) Account {
	return Account{User: user, Password: users[user], Domain: "ata.test", Registrar: server.String(), Transport: tr, Register: true}
}

// Two subscribers register, call each other, hold and hang up, and take their
// bindings back at the end.
func TestSubscribersCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet()
		pc, err := n.Listen(peerAddr)
		if err != nil {
			t.Fatal(err)
		}
		r, end := serve(t, pc, siptest.Opts{Algorithms: []string{"SHA-256", "MD5"}, NonceLifetime: time.Minute})
		defer end()
		phone := func(user, addr string) *subscriber {
			return subscribe(t, account(user, peerAddr, UDP), Opts{LocalAddr: netip.MustParseAddr(addr), LocalPort: 5060, Listen: n.ListenPacket})
		}
		one, two := phone("ata1", "10.0.0.11"), phone("ata2", "10.0.0.12")
		defer one.stop()
		defer two.stop()
		for _, s := range []*subscriber{one, two} {
			wait[Registration](t, s)
			if reg := wait[Registration](t, s); reg.State != Registered || reg.Server != peerAddr {
				t.Fatalf("registration %+v", reg)
			}
		}
		talk(t, one, two)
		time.Sleep(3 * time.Hour) // refreshes, with stale nonces
		for _, user := range []string{"ata1", "ata2"} {
			if b := r.Bindings(user); len(b) != 1 {
				t.Errorf("%s has bindings %+v", user, b)
			}
		}
		talk(t, two, one)
		one.stop()
		if b := r.Bindings("ata1"); len(b) != 0 {
			t.Errorf("bindings left: %+v", b)
		}
		id := two.ua.Invite("ata1", rtpAddr)
		if e := wait[Ended](t, two); e.Call != id || e.Code != 480 {
			t.Errorf("ended %+v", e)
		}
	})
}

// talk makes a call from a to b.
func talk(t *testing.T, a, b *subscriber) {
	t.Helper()
	id := a.ua.Invite(b.ua.acc.User, netip.MustParseAddrPort("10.0.0.11:40000"))
	in := wait[Incoming](t, b)
	if in.Number != a.ua.acc.User {
		t.Errorf("incoming %+v", in)
	}
	b.ua.Ring(in.Call)
	if p := wait[Progress](t, a); p.Code != 180 {
		t.Errorf("progress %+v", p)
	}
	b.ua.Answer(in.Call, netip.MustParseAddrPort("10.0.0.12:40002"))
	if c := wait[Changed](t, b); c.Media.Remote.Port() != 40000 || !c.Media.Send {
		t.Errorf("agreed with the answer: %+v", c.Media)
	}
	up, theirs := wait[Answered](t, a), wait[Answered](t, b)
	if up.Media.Remote.Port() != 40002 || theirs.Media.Remote.Port() != 40000 {
		t.Errorf("media %+v, %+v", up.Media, theirs.Media)
	}
	b.ua.Hold(in.Call, true)
	if c := wait[Changed](t, a); c.Media.Send || !c.Media.Receive {
		t.Errorf("held: %+v", c.Media)
	}
	if c := wait[Changed](t, b); c.Media.Receive || !c.Media.Send {
		t.Errorf("holding: %+v", c.Media)
	}
	b.ua.Hold(in.Call, false)
	if c := wait[Changed](t, a); !c.Media.Send || !c.Media.Receive {
		t.Errorf("resumed: %+v", c.Media)
	}
	wait[Changed](t, b)
	a.ua.SendInfoDigit(id, '7', 100*time.Millisecond)
	if d := wait[Digit](t, b); d.Key != '7' {
		t.Errorf("digit %+v", d)
	}
	a.ua.Hangup(id)
	if e := wait[Ended](t, b); e.Local {
		t.Errorf("ended %+v", e)
	}
	wait[Ended](t, a)
}

// A server that is silent is left for the other; calls go where we are
// registered.
func TestRegisteredElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet()
		dead := netip.MustParseAddrPort("10.0.0.9:5060")
		pc, err := n.Listen(peerAddr)
		if err != nil {
			t.Fatal(err)
		}
		_, end := serve(t, pc, siptest.Opts{})
		defer end()
		acc := account("ata1", dead, UDP)
		acc.Registrar = "sip.ata.test"
		s := subscribe(t, acc, Opts{LocalAddr: uaAddr.Addr(), Listen: n.ListenPacket, Locate: func(context.Context, string, int, Transport) ([]Target, error) {
			return []Target{{Addr: dead, Transport: UDP}, {Addr: peerAddr, Transport: UDP}}, nil
		}})
		defer s.stop()
		time.Sleep(40 * time.Second)
		wait[Registration](t, s)
		if reg := wait[Registration](t, s); reg.State != Registered || reg.Server != peerAddr {
			t.Fatalf("registration %+v", reg)
		}
		start := time.Now()
		s.ua.Invite("9486", rtpAddr)
		if e := wait[Ended](t, s); e.Code != 486 || time.Since(start) > time.Second {
			t.Errorf("ended %+v after %v", e, time.Since(start))
		}
	})
}

// Over TCP the far end reaches us on the connection that we opened.
func TestSubscribersOverTCP(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pc, err := net.ListenPacket("udp4", l.Addr().String())
	if err != nil {
		t.Skip("no port that is free for both")
	}
	_, end := serve(t, pc, siptest.Opts{Listener: l})
	defer end()
	server := addrPort(l.Addr())
	one := subscribe(t, account("ata1", server, TCP), Opts{LocalAddr: netip.MustParseAddr("127.0.0.1")})
	two := subscribe(t, account("ata2", server, UDP), Opts{})
	defer one.stop()
	defer two.stop()
	for _, s := range []*subscriber{one, two} {
		for wait[Registration](t, s).State != Registered {
		}
	}
	talk(t, two, one)
	talk(t, one, two)
	if c := one.ua.Status().Contact; c == "" {
		t.Error("no contact")
	}
}

// A connection that breaks is noticed and the way to us opened anew.
func TestConnectionLost(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pc, err := net.ListenPacket("udp4", l.Addr().String())
	if err != nil {
		t.Skip("no port that is free for both")
	}
	_, end := serve(t, pc, siptest.Opts{Listener: l})
	server := addrPort(l.Addr())
	s := subscribe(t, account("ata1", server, TCP), Opts{LocalAddr: netip.MustParseAddr("127.0.0.1")})
	defer s.stop()
	for wait[Registration](t, s).State != Registered {
	}
	end()
	if reg := wait[Registration](t, s); reg.State != Registering {
		t.Errorf("registration %+v", reg)
	}
	s.ua.Invite("200", rtpAddr)
	if e := wait[Ended](t, s); e.Code != 503 {
		t.Errorf("ended %+v", e)
	}
}

// A refused registration is reported and not repeated at once.
func TestRefusedRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet()
		pc, err := n.Listen(peerAddr)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		_, end := serve(t, pc, siptest.Opts{Intercept: func(req *sipmsg.Request) int { count++; return 0 }})
		defer end()
		acc := account("ata1", peerAddr, UDP)
		acc.Password = "wrong"
		s := subscribe(t, acc, Opts{LocalAddr: uaAddr.Addr(), Listen: n.ListenPacket})
		defer s.stop()
		wait[Registration](t, s)
		reg := wait[Registration](t, s)
		if d := time.Until(reg.Until); reg.State != Refused || d < 19*time.Minute {
			t.Errorf("registration %+v, next try in %v", reg, d)
		}
		time.Sleep(10 * time.Minute)
		if count != 2 {
			t.Errorf("%d REGISTERs, want 2", count)
		}
	})
}
