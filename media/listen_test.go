package media

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var loopback = netip.MustParseAddr("127.0.0.1")

func listenTest(t *testing.T, portMin, portMax int) (rtp, rtcp *socket) {
	t.Helper()
	a, b, err := Listen(loopback, portMin, portMax, 46)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a.(*socket), b.(*socket)
}

func portOf(c net.PacketConn) int { return c.LocalAddr().(*net.UDPAddr).Port }

func TestListen(t *testing.T) {
	ports := map[int]bool{}
	for range 4 {
		a, b := listenTest(t, 33001, 33008)
		port := portOf(a)
		if port%2 != 0 || portOf(b) != port+1 || port < 33002 || port > 33006 || ports[port] {
			t.Errorf("ports %d and %d", port, portOf(b))
		}
		ports[port] = true
		for _, s := range []*socket{a, b} {
			var tos int
			if err := s.raw.Control(func(fd uintptr) {
				tos, _ = unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS)
			}); err != nil || tos != 46<<2 {
				t.Errorf("TOS %#x, %v, want 0xb8", tos, err)
			}
		}
		if len(ports) == 3 {
			break
		}
	}
	if _, _, err := Listen(loopback, 33001, 33008, 46); err == nil {
		t.Error("four pairs of ports in 33002..33007")
	}
	for _, r := range [][2]int{{33001, 33002}, {5000, 4000}, {65535, 65535}, {-4, 10}, {65000, 70000}} {
		if _, _, err := Listen(loopback, r[0], r[1], 46); err == nil {
			t.Errorf("ports %d..%d accepted", r[0], r[1])
		}
	}
}

func TestSocket(t *testing.T) {
	a, b := listenTest(t, 33100, 33198)
	to := netip.AddrPortFrom(loopback, uint16(portOf(b)))
	packet := []byte("voice")
	if n, err := a.WriteToUDPAddrPort(packet, to); n != len(packet) || err != nil {
		t.Fatal(n, err)
	}
	buf := make([]byte, 100)
	n, from, err := b.ReadFromUDPAddrPort(buf)
	if err != nil || !bytes.Equal(buf[:n], packet) || int(from.Port()) != portOf(a) {
		t.Errorf("read %q from %v, %v", buf[:n], from, err)
	}
	if _, err := a.WriteToUDPAddrPort(make([]byte, 70000), to); err == nil {
		t.Error("sent 70000 octets")
	}
	if allocs := testing.AllocsPerRun(100, func() {
		if _, err := a.WriteToUDPAddrPort(packet, to); err != nil {
			t.Fatal(err)
		}
		if _, _, err := b.ReadFromUDPAddrPort(buf); err != nil {
			t.Fatal(err)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations per packet", allocs)
	}
	a.busy.Lock()
	if _, err := a.WriteToUDPAddrPort(packet, to); err == nil {
		t.Error("two writes at once")
	}
	a.busy.Unlock()
	if _, _, err := Listen(netip.IPv6Loopback(), 33100, 33198, 46); err != nil {
		t.Log("no IPv6:", err)
	}
}

// TestRunOnSockets runs a session over real sockets and ends it.
func TestRunOnSockets(t *testing.T) {
	a, b := listenTest(t, 33200, 33298)
	s := NewSession(a, b, SessionOpts{})
	if s.LocalPort() != portOf(a) {
		t.Errorf("LocalPort = %d, want %d", s.LocalPort(), portOf(a))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Run does not end")
	}
}

// TestRunFails loses a socket in the middle of a call.
func TestRunFails(t *testing.T) {
	a, b := listenTest(t, 33300, 33398)
	s := NewSession(a, b, SessionOpts{})
	_ = a.Close()
	if err := s.Run(context.Background()); err == nil {
		t.Error("Run = nil after its socket was closed")
	}
}
