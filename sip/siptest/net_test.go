package siptest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

var (
	alice = netip.MustParseAddrPort("10.0.0.1:5060")
	bob   = netip.MustParseAddrPort("10.0.0.2:5060")
)

func listen(t *testing.T, n *Net, addr netip.AddrPort) *Conn {
	t.Helper()
	c, err := n.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestNetDelivers(t *testing.T) {
	n := NewNet()
	a, b := listen(t, n, alice), listen(t, n, bob)
	if _, err := a.WriteTo([]byte("hello"), b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 3)
	size, from, err := b.ReadFrom(buf)
	if err != nil || string(buf[:size]) != "hel" || from.String() != alice.String() {
		t.Errorf("ReadFrom = %q from %v, %v", buf[:size], from, err)
	}
}

func TestNetAddresses(t *testing.T) {
	n := NewNet()
	listen(t, n, alice)
	if c, err := n.Listen(alice); err == nil {
		t.Errorf("two sockets on %v", c.LocalAddr())
	}
	one := listen(t, n, netip.AddrPortFrom(alice.Addr(), 0))
	two, err := n.ListenPacket("udp", "10.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if one.LocalAddr().String() == two.LocalAddr().String() || one.AddrPort().Port() == 0 {
		t.Errorf("addresses %v and %v", one.LocalAddr(), two.LocalAddr())
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if err := one.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	listen(t, n, one.AddrPort())
	for _, bad := range []string{"10.0.0.1", "name:1", "10.0.0.1:x"} {
		if _, err := n.ListenPacket("udp", bad); err == nil {
			t.Errorf("ListenPacket took %q", bad)
		}
	}
}

func TestNetKeepsOrderAndTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNet()
		n.Route(func(p Packet) (time.Duration, bool) {
			return 30 * time.Millisecond, p.Data[0] != 'x'
		})
		a, b := listen(t, n, alice), listen(t, n, bob)
		began := time.Now()
		for i := range 200 {
			a.WriteToUDPAddrPort(fmt.Appendf(nil, "%d", i), bob)
			a.WriteToUDPAddrPort([]byte("x lost"), bob)
		}
		buf := make([]byte, 100)
		for i := range 200 {
			size, _, err := b.ReadFromUDPAddrPort(buf)
			if err != nil || string(buf[:size]) != fmt.Sprint(i) {
				t.Fatalf("packet %d is %q, %v", i, buf[:size], err)
			}
		}
		if took := time.Since(began); took != 30*time.Millisecond {
			t.Errorf("took %v, want 30ms", took)
		}
		if n.Sent() != 400 {
			t.Errorf("Sent = %d, want 400", n.Sent())
		}
	})
}

func TestNetJitterReorders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNet()
		random := rand.New(rand.NewPCG(1, 2))
		n.Route(func(Packet) (time.Duration, bool) {
			return time.Duration(random.IntN(50)) * time.Millisecond, true
		})
		a, b := listen(t, n, alice), listen(t, n, bob)
		go func() {
			for i := range byte(100) {
				a.WriteToUDPAddrPort([]byte{i}, bob)
				time.Sleep(10 * time.Millisecond)
			}
		}()
		seen, swapped, last := map[byte]bool{}, 0, byte(0)
		buf := make([]byte, 1)
		for range 100 {
			if _, _, err := b.ReadFromUDPAddrPort(buf); err != nil {
				t.Fatal(err)
			}
			seen[buf[0]] = true
			if buf[0] < last {
				swapped++
			}
			last = buf[0]
		}
		if len(seen) != 100 || swapped == 0 {
			t.Errorf("%d packets, %d swapped", len(seen), swapped)
		}
	})
}

func TestNetDeadlineAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNet()
		c := listen(t, n, alice)
		began := time.Now()
		c.SetReadDeadline(began.Add(time.Second))
		var timeout net.Error
		if _, _, err := c.ReadFrom(nil); !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) != time.Second {
			t.Errorf("ReadFrom = %v after %v", err, time.Since(began))
		}
		c.SetDeadline(time.Time{})
		time.AfterFunc(time.Second, func() { c.SetReadDeadline(time.Now().Add(-1)) })
		if _, _, err := c.ReadFrom(nil); !errors.As(err, &timeout) {
			t.Errorf("moved deadline: %v", err)
		}
		c.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Second, func() { c.Close() })
		if _, _, err := c.ReadFrom(nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("ReadFrom on a closed socket: %v", err)
		}
		if _, err := c.WriteTo(nil, c.LocalAddr()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("WriteTo on a closed socket: %v", err)
		}
	})
}

func TestNetBacklog(t *testing.T) {
	n := NewNet()
	b := listen(t, n, bob)
	for range backlog + 10 {
		n.Send(alice, bob, []byte("x"))
	}
	if len(b.queue) != backlog {
		t.Errorf("%d packets wait, want %d", len(b.queue), backlog)
	}
}
