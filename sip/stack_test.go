package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// The mark of signalling packets reaches the kernel (RFC 4594 §4.2).
func TestDSCP(t *testing.T) {
	o := Opts{DSCP: 24}
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		pc, err := o.listen("udp", addr)
		if err != nil {
			t.Logf("%s: %v", addr, err)
			continue
		}
		raw, err := pc.(*net.UDPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		level, name := syscall.IPPROTO_IP, syscall.IP_TOS
		if addr[0] == '[' {
			level, name = syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS
		}
		var got int
		_ = raw.Control(func(fd uintptr) { got, err = syscall.GetsockoptInt(int(fd), level, name) })
		if err != nil || got != 24<<2 {
			t.Errorf("%s: mark %#x, %v", addr, got, err)
		}
		_ = pc.Close()
	}
}

// A far end on a connection: messages in pieces, pings, then garbage, which
// ends the connection.
func TestStream(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var mu sync.Mutex
	traced := map[string]int{}
	s := subscribe(t, Account{User: "ata1", Domain: l.Addr().String(), Transport: TCP}, Opts{
		LocalAddr: netip.MustParseAddr("127.0.0.1"), SessionExpires: -1,
		Trace: func(dir, transport, local, remote string, msg []byte) {
			mu.Lock()
			defer mu.Unlock()
			traced[dir+" "+transport]++
			if dir == "received" && !strings.HasPrefix(string(msg), "SIP/2.0 486") {
				t.Errorf("traced a piece: %q", msg)
			}
		},
	})
	defer s.stop()
	s.ua.Invite("200", netip.MustParseAddrPort("127.0.0.1:40000"))
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	invite := readRequest(t, conn)
	if got := invite.Contact().Address.String(); got != fmt.Sprintf("sip:ata1@%v;transport=tcp", conn.RemoteAddr()) {
		t.Errorf("contact %s", got)
	}
	res := sipmsg.NewResponseFromRequest(withToTag(invite, "a"), 486, "Busy Here", nil).String()
	for _, part := range []string{"\r\n\r\n", res[:10], res[10:100], res[100:]} {
		if _, err := conn.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if e := wait[Ended](t, s); e.Code != 486 {
		t.Errorf("ended %+v", e)
	}
	buf := make([]byte, 4096)
	n, _ := conn.Read(buf)
	if got := string(buf[:n]); !strings.HasPrefix(got, "\r\n") {
		t.Errorf("no answer to the ping: %q", got)
	}
	_, _ = conn.Write([]byte("this is not SIP\r\n\r\n"))
	for err == nil {
		_, err = conn.Read(buf)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("connection stays open")
	}
	mu.Lock()
	defer mu.Unlock()
	if traced["sent tcp"] < 2 || traced["received tcp"] != 1 {
		t.Errorf("traced %v", traced)
	}
}

func readRequest(t *testing.T, conn net.Conn) *sipmsg.Request {
	t.Helper()
	buf := make([]byte, 8192)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := sipmsg.ParseMessage(buf[:n])
	if err != nil {
		t.Fatal(err)
	}
	return msg.(*sipmsg.Request)
}

// The guard, without a UA: what is parsed and what is not.
func TestGuard(t *testing.T) {
	var count counters
	g := newGuard(Limits{}.withDefaults(), branchCookie+"me", &count)
	any, exact := netip.MustParseAddrPort("192.0.2.1:0"), netip.MustParseAddrPort("192.0.2.2:5060")
	g.trust(any)
	g.trust(exact)
	g.trust(exact)
	g.distrust(exact)
	request := "OPTIONS sip:x SIP/2.0\r\nVia: v\r\n\r\n"
	for _, tt := range []struct {
		name, msg, from string
		want            bool
	}{
		{"peer", request, "192.0.2.2:5060", true},
		{"peer, wrong port", request, "192.0.2.2:5061", false},
		{"peer, any port", request, "192.0.2.1:1234", true},
		{"stranger", request, "192.0.2.3:5060", false},
		{"our response from anywhere", "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKme1\r\n\r\n", "198.51.100.1:1", true},
		{"foreign response", "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKyou\r\n\r\n", "192.0.2.2:5060", false},
		{"keep-alive", "\r\n\r\n", "192.0.2.2:5060", false},
		{"STUN", "\x00\x01\x00\x00\x21\x12\xa4\x42", "192.0.2.2:5060", false},
		{"no end", "OPTIONS sip:x SIP/2.0\r\nVia: v\r\n", "192.0.2.2:5060", false},
		{"text", "hello\r\n\r\n", "192.0.2.2:5060", false},
		{"long header", "OPTIONS sip:x SIP/2.0\r\nVia: " + strings.Repeat("v", 9000) + "\r\n\r\n", "192.0.2.2:5060", false},
		{"long body", request + strings.Repeat("v", 17000), "192.0.2.2:5060", false},
	} {
		if got := g.admit([]byte(tt.msg), netip.MustParseAddrPort(tt.from), time.Unix(0, 0)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	g.distrust(exact)
	if g.isPeer(exact) {
		t.Error("still a peer")
	}
	if n := testing.AllocsPerRun(100, func() { g.admit([]byte(request), netip.MustParseAddrPort("192.0.2.3:5060"), time.Unix(0, 0)) }); n > 1 {
		t.Errorf("%v allocations for a stranger", n)
	}
}
