package locate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeDNS answers from a table: "A host" to records. An error stands for a
// question that fails.
type fakeDNS struct {
	mu    sync.Mutex
	zone  map[string][]Record
	fails map[string]error
	dead  bool
	asked []string
}

var errDead = errors.New("no answer")

func (f *fakeDNS) Query(_ context.Context, kind Kind, name string) ([]Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	q := map[Kind]string{A: "A ", AAAA: "AAAA ", SRV: "SRV ", NAPTR: "NAPTR "}[kind] + name
	f.asked = append(f.asked, q)
	if f.dead {
		return nil, errDead
	}
	if err := f.fails[q]; err != nil {
		return nil, err
	}
	if r, ok := f.zone[q]; ok {
		return slices.Clone(r), nil
	}
	return nil, ErrNotFound
}

func (f *fakeDNS) set(q string, r ...Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.zone == nil {
		f.zone = map[string][]Record{}
	}
	f.zone[q] = r
}

func (f *fakeDNS) die(dead bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = dead
}

// count tells how often a question was asked.
func (f *fakeDNS) count(q string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.asked {
		if a == q {
			n++
		}
	}
	return n
}

func addr(ip string) Record { return Record{TTL: time.Hour, Addr: netip.MustParseAddr(ip)} }

func srv(priority, weight, port uint16, name string) Record {
	return Record{TTL: time.Hour, Priority: priority, Weight: weight, Port: port, Name: name}
}

func naptrTo(order, preference uint16, flags, service, name string) Record {
	return Record{TTL: time.Hour, Priority: order, Weight: preference, Flags: flags, Service: service, Name: name}
}

func show(list []Target) string {
	var parts []string
	for _, t := range list {
		parts = append(parts, t.Transport+" "+t.Addr.String())
	}
	return strings.Join(parts, ", ")
}

func locate(t *testing.T, l *Locator, host string, port int, transport string) string {
	t.Helper()
	list, err := l.Locate(t.Context(), host, port, transport)
	if err != nil {
		t.Fatal(err)
	}
	return show(list)
}

// TestLocate: RFC 3263 §4.1 and §4.2.
func TestLocate(t *testing.T) {
	zone := map[string][]Record{
		"NAPTR full.test": {
			naptrTo(50, 50, "s", "SIP+D2U", "_sip._udp.full.test"),
			naptrTo(10, 20, "s", "SIP+D2T", "_sip._tcp.full.test"),
			naptrTo(10, 10, "s", "SIPS+D2T", "_sips._tcp.full.test"),
			naptrTo(1, 1, "s", "SIP+D2S", "_sip._sctp.full.test"),
			naptrTo(1, 1, "u", "SIP+D2U", "wrong.full.test"),
		},
		"SRV _sip._udp.full.test":  {srv(2, 0, 5062, "b.full.test"), srv(1, 0, 5061, "a.full.test")},
		"SRV _sip._tcp.full.test":  {srv(1, 0, 5063, "a.full.test")},
		"SRV _sips._tcp.full.test": {srv(1, 0, 5064, "a.full.test")},
		"A a.full.test":            {addr("192.0.2.1"), addr("192.0.2.2")},
		"A b.full.test":            {addr("192.0.2.3")},
		"AAAA b.full.test":         {addr("2001:db8::3")},

		"SRV _sip._tcp.srv.test": {srv(1, 0, 5060, "a.full.test")},
		"SRV _sip._udp.srv.test": {srv(1, 0, 5070, "a.full.test")},

		"A plain.test":              {addr("192.0.2.9")},
		"AAAA six.test":             {addr("2001:db8::6")},
		"SRV _sip._udp.closed.test": {srv(0, 0, 0, "")},
		"SRV _sip._udp.lost.test":   {srv(0, 0, 5060, "nowhere.test")},
		"A lost.test":               {addr("192.0.2.8")},
		"SRV _sip._udp.ip.test":     {srv(0, 0, 5077, "192.0.2.77")},
	}
	tests := []struct {
		host      string
		port      int
		transport string
		want      string
	}{
		{"192.0.2.5", 0, "", "udp 192.0.2.5:5060"},
		{"192.0.2.5", 5080, "tcp", "tcp 192.0.2.5:5080"},
		{"[2001:db8::1]", 0, "tls", "tls [2001:db8::1]:5061"},
		{"full.test", 0, "", "tls 192.0.2.1:5064, tls 192.0.2.2:5064, tcp 192.0.2.1:5063, tcp 192.0.2.2:5063, udp 192.0.2.1:5061, udp 192.0.2.2:5061, udp 192.0.2.3:5062, udp [2001:db8::3]:5062"},
		{"full.test.", 0, "udp", "udp 192.0.2.1:5061, udp 192.0.2.2:5061, udp 192.0.2.3:5062, udp [2001:db8::3]:5062"},
		{"full.test", 0, "tls", "tls 192.0.2.1:5064, tls 192.0.2.2:5064"},
		{"srv.test", 0, "", "tcp 192.0.2.1:5060, tcp 192.0.2.2:5060, udp 192.0.2.1:5070, udp 192.0.2.2:5070"},
		{"srv.test", 0, "tcp", "tcp 192.0.2.1:5060, tcp 192.0.2.2:5060"},
		{"plain.test", 0, "", "udp 192.0.2.9:5060"},
		{"plain.test", 0, "tls", "tls 192.0.2.9:5061"},
		{"plain.test", 5099, "", "udp 192.0.2.9:5099"},
		{"b.full.test", 5099, "tcp", "tcp 192.0.2.3:5099, tcp [2001:db8::3]:5099"},
		{"six.test", 0, "udp", "udp [2001:db8::6]:5060"},
		{"lost.test", 0, "udp", "udp 192.0.2.8:5060"},
		{"ip.test", 0, "udp", "udp 192.0.2.77:5077"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %d %s", tt.host, tt.port, tt.transport), func(t *testing.T) {
			if got := locate(t, New(Opts{Resolver: &fakeDNS{zone: zone}}), tt.host, tt.port, tt.transport); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	for _, host := range []string{"closed.test", "unknown.test", ""} {
		l := New(Opts{Resolver: &fakeDNS{zone: zone}})
		if list, err := l.Locate(t.Context(), host, 0, "udp"); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v, %v", host, list, err)
		}
	}
	if _, err := New(Opts{Resolver: &fakeDNS{}}).Locate(t.Context(), "plain.test", 70000, ""); err == nil {
		t.Error("took port 70000")
	}
}

func TestServerNameIsTheNameAskedFor(t *testing.T) {
	dns := &fakeDNS{}
	dns.set("SRV _sips._tcp.home.test", srv(0, 0, 5061, "edge7.elsewhere.test"))
	dns.set("A edge7.elsewhere.test", addr("192.0.2.1"))
	list, err := New(Opts{Resolver: dns}).Locate(t.Context(), "home.test", 0, "tls")
	if err != nil || len(list) != 1 || list[0].ServerName != "home.test" {
		t.Errorf("Locate = %+v, %v", list, err)
	}
}

// TestWeights compares how often each record is drawn first with RFC 2782, by
// chi-square over 10 000 draws; 16.27 is passed by chance once in a thousand.
func TestWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	group := []Record{srv(0, 40, 4, "d"), srv(0, 10, 1, "a"), srv(0, 30, 3, "c"), srv(0, 20, 2, "b"), srv(9, 60000, 5, "later")}
	const n = 10_000
	var seen [5]int
	for range n {
		list := inOrder(group, random)
		if len(list) != 5 || list[4].Name != "later" {
			t.Fatalf("order %+v", list)
		}
		seen[list[0].Port]++
	}
	// The draw is from 0 to 100, and 0 falls to the first record too.
	chance := [5]float64{1: 11. / 101, 2: 20. / 101, 3: 30. / 101, 4: 40. / 101}
	chi := 0.0
	for port := 1; port <= 4; port++ {
		want := n * chance[port]
		chi += (float64(seen[port]) - want) * (float64(seen[port]) - want) / want
	}
	if chi > 16.27 {
		t.Errorf("chi-square %.1f, drawn first %v", chi, seen)
	}
}

func TestWeightZero(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	zeroFirst := 0
	for range 10_000 {
		if inOrder([]Record{srv(0, 0, 1, "zero"), srv(0, 99, 2, "heavy")}, random)[0].Name == "zero" {
			zeroFirst++
		}
	}
	if zeroFirst < 50 || zeroFirst > 160 { // one in a hundred
		t.Errorf("weight 0 was first %d times of 10000", zeroFirst)
	}
	first := map[string]int{}
	for range 1000 {
		first[inOrder([]Record{srv(0, 0, 1, "a"), srv(0, 0, 2, "b")}, random)[0].Name]++
	}
	if first["a"] == 0 {
		t.Errorf("all weights 0: %v", first)
	}
}

func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &fakeDNS{}
		asked := 0
		l := New(Opts{Resolver: dns, Asked: func(time.Duration) { asked++ }})
		ask := func(host string) { locate(t, l, host, 5060, "udp") }
		for q, ttl := range map[string]time.Duration{"A short.test": time.Second, "A usual.test": time.Minute, "A long.test": 1000 * time.Hour} {
			r := addr("192.0.2.1")
			r.TTL = ttl
			dns.set(q, r)
		}
		for _, tt := range []struct {
			host string
			life time.Duration
		}{{"short.test", 30 * time.Second}, {"usual.test", time.Minute}, {"long.test", 24 * time.Hour}} {
			q := "A " + tt.host
			ask(tt.host)
			ask(strings.ToUpper(tt.host))
			time.Sleep(tt.life - 1)
			ask(tt.host)
			if n := dns.count(q); n != 1 {
				t.Errorf("%s asked %d times within its life", q, n)
			}
			time.Sleep(time.Nanosecond)
			ask(tt.host)
			if n := dns.count(q); n != 2 {
				t.Errorf("%s asked %d times after its life", q, n)
			}
		}
		if n := len(dns.asked); asked != n {
			t.Errorf("%d questions were told of, %d were asked", asked, n)
		}
	})
}

func TestNegativeCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &fakeDNS{}
		l := New(Opts{Resolver: dns})
		for range 5 {
			if _, err := l.Locate(t.Context(), "new.test", 5060, ""); !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
		}
		if n := dns.count("A new.test"); n != 1 {
			t.Errorf("asked %d times", n)
		}
		dns.set("A new.test", addr("192.0.2.1"))
		time.Sleep(30 * time.Second)
		if got := locate(t, l, "new.test", 5060, ""); got != "udp 192.0.2.1:5060" {
			t.Error(got)
		}
	})
}

func TestDeadResolver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &fakeDNS{}
		dns.set("SRV _sip._udp.home.test", srv(0, 0, 5060, "a.home.test"))
		dns.set("A a.home.test", addr("192.0.2.1"))
		l := New(Opts{Resolver: dns})
		want := locate(t, l, "home.test", 0, "udp")
		dns.die(true)
		for range 100 {
			time.Sleep(time.Hour)
			if got := locate(t, l, "home.test", 0, "udp"); got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
		before := dns.count("A a.home.test")
		for range 10 {
			locate(t, l, "home.test", 0, "udp")
		}
		if n := dns.count("A a.home.test") - before; n != 0 {
			t.Errorf("a dead resolver was asked %d more times at once", n)
		}
		dns.die(false)
		dns.set("A a.home.test", addr("192.0.2.2"))
		time.Sleep(31 * time.Second)
		if got := locate(t, l, "home.test", 0, "udp"); got != "udp 192.0.2.2:5060" {
			t.Errorf("after its return: %s", got)
		}
		if _, err := New(Opts{Resolver: &fakeDNS{dead: true}}).Locate(t.Context(), "home.test", 0, ""); !errors.Is(err, errDead) {
			t.Errorf("dead from the start: %v", err)
		}
	})
}

// TestSilentSRV: a router that knows only addresses must not cost its time-out
// on every call.
func TestSilentSRV(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &fakeDNS{fails: map[string]error{"SRV _sip._udp.home.test": errDead, "AAAA home.test": errDead}}
		dns.set("A home.test", addr("192.0.2.1"))
		l := New(Opts{Resolver: dns})
		for range 5 {
			if got := locate(t, l, "home.test", 0, "udp"); got != "udp 192.0.2.1:5060" {
				t.Fatal(got)
			}
		}
		if n := dns.count("SRV _sip._udp.home.test") + dns.count("AAAA home.test"); n != 2 {
			t.Errorf("asked %d times, want 2", n)
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	l := New(Opts{Resolver: &fakeDNS{}})
	for i := range 1000 {
		l.Locate(t.Context(), fmt.Sprintf("h%d.test", i), 5060, "")
	}
	if len(l.cache) > maxCached {
		t.Errorf("%d answers kept", len(l.cache))
	}
}

// TestOrderStays: among equals the order is drawn once, and again only if the
// records change.
func TestOrderStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &fakeDNS{}
		var records []Record
		for i := range uint16(6) {
			name := fmt.Sprintf("s%d.test", i)
			records = append(records, srv(0, 10, 5060+i, name))
			dns.set("A "+name, addr(fmt.Sprintf("192.0.2.%d", i+1)))
		}
		dns.set("SRV _sip._udp.home.test", records...)
		l := New(Opts{Resolver: dns, Random: rand.New(rand.NewPCG(3, 4))})
		first := locate(t, l, "home.test", 0, "udp")
		for range 20 {
			time.Sleep(2 * time.Hour)
			slices.Reverse(records)
			records[0].TTL = time.Minute
			dns.set("SRV _sip._udp.home.test", records...)
			if got := locate(t, l, "home.test", 0, "udp"); got != first {
				t.Fatalf("order changed from\n%s to\n%s", first, got)
			}
		}
		time.Sleep(2 * time.Hour)
		dns.set("SRV _sip._udp.home.test", records[:3]...)
		if got := locate(t, l, "home.test", 0, "udp"); strings.Count(got, "udp") != 3 {
			t.Errorf("after a change: %s", got)
		}
	})
}

func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &fakeDNS{}
		dns.set("SRV _sip._udp.home.test", srv(1, 0, 5060, "a.test"), srv(2, 0, 5060, "b.test"))
		dns.set("A a.test", addr("192.0.2.1"))
		dns.set("A b.test", addr("192.0.2.2"))
		l := New(Opts{Resolver: dns})
		const ab, ba = "udp 192.0.2.1:5060, udp 192.0.2.2:5060", "udp 192.0.2.2:5060, udp 192.0.2.1:5060"
		expect := func(want string) {
			t.Helper()
			if got := locate(t, l, "home.test", 0, "udp"); got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
		list, err := l.Locate(t.Context(), "home.test", 0, "udp")
		if err != nil {
			t.Fatal(err)
		}
		a, b := list[0], list[1]
		for _, d := range []time.Duration{60, 120, 240, 480, 960, 1800, 1800} {
			d *= time.Second
			l.Fail(a, 0)
			expect(ba)
			time.Sleep(d - 1)
			expect(ba)
			time.Sleep(time.Nanosecond)
			expect(ab) // back to the primary
		}
		l.OK(a)
		l.Fail(a, 0)
		time.Sleep(60 * time.Second)
		expect(ab)

		l.Fail(a, 10*time.Minute) // Retry-After
		time.Sleep(10*time.Minute - 1)
		expect(ba)
		time.Sleep(time.Nanosecond)
		expect(ab)
		l.Fail(a, 100*time.Hour)
		time.Sleep(30 * time.Minute)
		expect(ab)

		l.OK(a)
		l.Fail(a, 0) // with both down, the one that is due first
		l.Fail(b, 20*time.Second)
		expect(ba)
	})
}

func TestFailuresAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Opts{Resolver: &fakeDNS{}})
		for i := range 1000 {
			time.Sleep(time.Second)
			l.Fail(Target{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 5060)}, 0)
		}
		if len(l.failed) > maxFailed {
			t.Errorf("%d failures kept", len(l.failed))
		}
	})
}

func TestFamilyThatWorked(t *testing.T) {
	dns := &fakeDNS{}
	dns.set("A both.test", addr("192.0.2.1"))
	dns.set("AAAA both.test", addr("2001:db8::1"))
	l := New(Opts{Resolver: dns})
	list, err := l.Locate(t.Context(), "both.test", 5060, "udp")
	if err != nil || !list[0].Addr.Addr().Is4() {
		t.Fatalf("Locate = %v, %v", list, err)
	}
	l.OK(list[1])
	if got := locate(t, l, "both.test", 5060, "udp"); got != "udp [2001:db8::1]:5060, udp 192.0.2.1:5060" {
		t.Error(got)
	}
}
