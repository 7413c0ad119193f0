package sip

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/siptest"
)

// A journal notes the REGISTERs that reach a registrar.
type journal struct {
	mu      sync.Mutex
	entries []journalEntry
	code    int // what the registrar is to answer, 0 = as usual
}

type journalEntry struct {
	at   time.Time
	auth string // Authorization
	seq  uint32
	id   string
	req  string
}

func (j *journal) intercept(req *sipmsg.Request) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, journalEntry{
		at: time.Now(), auth: headerValue(req, "Authorization"), seq: req.CSeq().SeqNo, id: req.CallID().Value(), req: req.String(),
	})
	return j.code
}

func (j *journal) answer(code int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.code = code
}

// take returns what was noted since the last time.
func (j *journal) take() []journalEntry {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := j.entries
	j.entries = nil
	return list
}

// withRegistrar runs f in a bubble with a registrar that keeps a journal and a
// subscriber that registers with it.
func withRegistrar(t *testing.T, o siptest.Opts, edit func(*Account, *Opts), f func(*siptest.Registrar, *journal, *subscriber)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet()
		pc, err := n.Listen(peerAddr)
		if err != nil {
			t.Fatal(err)
		}
		j := &journal{}
		o.Intercept = j.intercept
		r, end := serve(t, pc, o)
		defer end()
		acc := account("ata1", peerAddr, UDP)
		opts := Opts{LocalAddr: uaAddr.Addr(), LocalPort: 5060, Listen: n.ListenPacket, InstanceID: "urn:uuid:00000000-0000-1000-8000-000000000001"}
		if edit != nil {
			edit(&acc, &opts)
		}
		s := subscribe(t, acc, opts)
		defer s.stop()
		f(r, j, s)
	})
}

// until returns the next report of a state.
func until(t *testing.T, s *subscriber, state RegState) Registration {
	t.Helper()
	for {
		if r := wait[Registration](t, s); r.State == state {
			return r
		}
	}
}

func TestFirstRegistration(t *testing.T) {
	withRegistrar(t, siptest.Opts{}, func(a *Account, _ *Opts) { a.Expires = 10 * time.Minute }, func(r *siptest.Registrar, j *journal, s *subscriber) {
		reg := until(t, s, Registered)
		if reg.Server != peerAddr || reg.Code != 200 {
			t.Errorf("registration %+v", reg)
		}
		list := j.take()
		if len(list) != 2 || list[0].auth != "" || list[1].auth == "" || list[0].id != list[1].id || list[0].seq+1 != list[1].seq {
			t.Fatalf("REGISTERs %+v", list)
		}
		for _, part := range []string{
			"REGISTER sip:ata.test SIP/2.0\r\n", "\r\nTo: <sip:ata1@ata.test>\r\n", ";expires=600", "\r\nExpires: 600\r\n",
			`;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000000000001>"`, "\r\nMax-Forwards: 70\r\n", ";rport",
		} {
			if !strings.Contains(list[0].req, part) {
				t.Errorf("no %q in\n%s", part, list[0].req)
			}
		}
		if b := r.Bindings("ata1"); len(b) != 1 || !b[0].Until.Equal(reg.Until) {
			t.Errorf("bindings %+v, reported until %v", b, reg.Until)
		}
	})
}

// One challenge serves until its nonce is old: the count grows, and a stale
// nonce costs one round trip.
func TestNonceIsUsedAgain(t *testing.T) {
	withRegistrar(t, siptest.Opts{NonceLifetime: 10 * time.Minute}, func(a *Account, _ *Opts) { a.Expires = 2 * time.Minute }, func(r *siptest.Registrar, j *journal, s *subscriber) {
		until(t, s, Registered)
		time.Sleep(9 * time.Minute)
		list := j.take()
		if list[0].auth != "" {
			t.Error("credentials before a challenge")
		}
		for i, e := range list[1:] {
			if nc := fmt.Sprintf("nc=%08x", i+1); !strings.Contains(e.auth, nc) {
				t.Errorf("REGISTER %d has %s, want %s", i+1, e.auth, nc)
			}
		}
		if n := len(list); n < 9 || n > 12 { // each 54 to 60 s
			t.Errorf("%d REGISTERs in 9 minutes", n)
		}
		time.Sleep(time.Hour)
		again := 0
		for _, e := range j.take() {
			if strings.Contains(e.auth, "nc=00000001") {
				again++
			}
		}
		if again < 5 || again > 7 {
			t.Errorf("%d new nonces in an hour, want 6 of 10 minutes", again)
		}
		if len(r.Bindings("ata1")) != 1 || s.ua.Status().Registration.State != Registered {
			t.Error("not registered")
		}
	})
}

func TestAlgorithms(t *testing.T) {
	for want, offered := range map[string][]string{
		"algorithm=MD5,":         {"MD5"},
		"algorithm=SHA-256,":     {"SHA-256", "MD5"},
		"algorithm=SHA-512-256,": {"AKAv1-MD5", "SHA-512-256", "SHA-256"},
		"algorithm=MD5-sess,":    {"Unknown", "MD5-sess"},
	} {
		withRegistrar(t, siptest.Opts{Algorithms: offered}, nil, func(_ *siptest.Registrar, j *journal, s *subscriber) {
			until(t, s, Registered)
			list := j.take()
			if len(list) != 2 || !strings.Contains(list[1].auth, want) {
				t.Errorf("offered %q: %+v", offered, list)
			}
		})
	}
	withRegistrar(t, siptest.Opts{Algorithms: []string{"AKAv1-MD5"}}, nil, func(_ *siptest.Registrar, j *journal, s *subscriber) {
		if reg := until(t, s, Refused); reg.Code != 401 || len(j.take()) != 1 {
			t.Errorf("nothing to answer: %+v", reg)
		}
	})
}

func TestIntervalTooBrief(t *testing.T) {
	withRegistrar(t, siptest.Opts{MinExpires: 20 * time.Minute}, func(a *Account, _ *Opts) { a.Expires = time.Minute }, func(r *siptest.Registrar, j *journal, s *subscriber) {
		reg := until(t, s, Registered)
		if d := time.Until(reg.Until); d < 19*time.Minute || d > 20*time.Minute {
			t.Errorf("registered for %v", d)
		}
		j.take()
		time.Sleep(11 * time.Minute)
		if list := j.take(); len(list) == 0 || !strings.Contains(list[0].req, "\r\nExpires: 1200\r\n") {
			t.Errorf("refresh forgot the interval: %+v", list)
		}
		if len(r.Bindings("ata1")) != 1 {
			t.Error("not registered")
		}
	})
}

func TestForbiddenIsTriedRarely(t *testing.T) {
	withRegistrar(t, siptest.Opts{}, func(_ *Account, o *Opts) { o.StartJitter = 10 * time.Second }, func(_ *siptest.Registrar, j *journal, s *subscriber) {
		j.answer(403)
		if reg := until(t, s, Refused); reg.Code != 403 {
			t.Errorf("registration %+v", reg)
		}
		first := j.take()[0].at
		time.Sleep(19 * time.Minute)
		if n := len(j.take()); n != 0 {
			t.Errorf("%d more within 19 minutes", n)
		}
		j.answer(0)
		time.Sleep(2 * time.Minute)
		if list := j.take(); len(list) != 2 || list[0].at.Sub(first) != 20*time.Minute || s.ua.Status().Registration.State != Registered {
			t.Errorf("after 20 minutes: %+v", list)
		}
	})
}

func TestOverloadedRegistrar(t *testing.T) {
	later := map[int][]string{503: {"Retry-After: 300 (busy)"}}
	withRegistrar(t, siptest.Opts{Header: later}, func(_ *Account, o *Opts) { o.StartJitter = 10 * time.Second }, func(_ *siptest.Registrar, j *journal, s *subscriber) {
		j.answer(503)
		var reg Registration
		for reg.Code != 503 {
			reg = until(t, s, Registering)
		}
		if d := time.Until(reg.Until); d < 299*time.Second || d > 300*time.Second {
			t.Errorf("next try in %v", d)
		}
		j.answer(0)
		time.Sleep(301 * time.Second)
		if got := s.ua.Status().Registration.State; got != Registered {
			t.Errorf("state %v", got)
		}
	})
}

// TestSilentRegistrar: every try takes the 32 s of RFC 3261 §17.1.2.2, then
// RFC 5626 §4.5 says how long to wait.
func TestSilentRegistrar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet()
		s := subscribe(t, account("ata1", peerAddr, UDP), Opts{LocalAddr: uaAddr.Addr(), Listen: n.ListenPacket})
		defer s.stop()
		time.Sleep(time.Millisecond)
		last := time.Now()
		for i, upper := range []time.Duration{60, 120, 240, 480, 960, 1800, 1800} {
			upper *= time.Second
			time.Sleep(time.Until(last.Add(33 * time.Second)))
			reg := s.ua.Status().Registration
			wait := reg.Until.Sub(last) - 32*time.Second
			if reg.State != Registering || wait < upper/2-time.Second || wait > upper+time.Second {
				t.Fatalf("failure %d: %+v, waits %v", i+1, reg, wait)
			}
			last = reg.Until
		}
		pc, err := n.Listen(peerAddr)
		if err != nil {
			t.Fatal(err)
		}
		_, end := serve(t, pc, siptest.Opts{})
		defer end()
		time.Sleep(31 * time.Minute)
		if got := s.ua.Status().Registration.State; got != Registered {
			t.Errorf("state %v after the registrar came back", got)
		}
	})
}

func TestRegistrarForgets(t *testing.T) {
	withRegistrar(t, siptest.Opts{}, func(a *Account, _ *Opts) { a.Expires = 10 * time.Minute }, func(r *siptest.Registrar, _ *journal, s *subscriber) {
		until(t, s, Registered)
		r.Forget()
		time.Sleep(5 * time.Minute)
		if len(r.Bindings("ata1")) != 1 {
			t.Error("not registered again within half the interval")
		}
	})
}

// natConn is a socket behind a NAT: it believes in its private address.
type natConn struct {
	net.PacketConn
	private *net.UDPAddr
}

func (c natConn) LocalAddr() net.Addr { return c.private }

func TestContactBehindNAT(t *testing.T) {
	private, public := netip.MustParseAddrPort("192.168.1.2:5060"), netip.MustParseAddrPort("203.0.113.7:40000")
	for _, rewrite := range []bool{false, true} {
		var r *siptest.Registrar
		withRegistrar(t, siptest.Opts{}, func(_ *Account, o *Opts) {
			listen := o.Listen
			o.NATRewrite, o.LocalAddr = rewrite, private.Addr()
			o.Listen = func(network, _ string) (net.PacketConn, error) {
				pc, err := listen(network, public.String())
				return natConn{pc, net.UDPAddrFromAddrPort(private)}, err
			}
		}, func(registrar *siptest.Registrar, _ *journal, s *subscriber) {
			r = registrar
			until(t, s, Registered)
			want := private
			if rewrite {
				want = public
			}
			b := r.Bindings("ata1")
			if len(b) != 1 || !strings.HasSuffix(b[0].Contact, "@"+want.String()) || b[0].From != public {
				t.Errorf("rewrite %v: bindings %+v", rewrite, b)
			}
			s.stop()
			if b := r.Bindings("ata1"); len(b) != 0 {
				t.Errorf("rewrite %v: left %+v", rewrite, b)
			}
		})
	}
}

// A day with every fifth packet lost and the rest late: the line is reachable
// nearly always, and there is never a second binding.
func TestRegisteredThroughLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := siptest.NewNet()
		random := rand.New(rand.NewPCG(5, 6))
		n.Route(func(siptest.Packet) (time.Duration, bool) {
			return time.Duration(random.IntN(200)) * time.Millisecond, random.IntN(5) > 0
		})
		pc, err := n.Listen(peerAddr)
		if err != nil {
			t.Fatal(err)
		}
		r, end := serve(t, pc, siptest.Opts{NonceLifetime: time.Minute})
		defer end()
		acc := account("ata1", peerAddr, UDP)
		acc.Expires = 10 * time.Minute
		s := subscribe(t, acc, Opts{LocalAddr: uaAddr.Addr(), LocalPort: 5060, Listen: n.ListenPacket})
		defer s.stop()
		time.Sleep(time.Minute)
		reachable := 0
		const minutes = 24 * 60
		for range minutes {
			time.Sleep(time.Minute)
			switch len(r.Bindings("ata1")) {
			case 0:
			case 1:
				reachable++
			default:
				t.Fatalf("bindings %+v", r.Bindings("ata1"))
			}
		}
		if reachable < minutes*99/100 {
			t.Errorf("reachable in %d of %d minutes", reachable, minutes)
		}
	})
}
