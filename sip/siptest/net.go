package siptest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Packet is one datagram on its way.
type Packet struct {
	From, To netip.AddrPort
	Data     []byte // not to be changed
}

// Net is a UDP network in memory. It blocks on nothing but channels, so
// goroutines that use it may run in a testing/synctest bubble: a call with all
// its timers then takes no real time. Packets between two addresses keep their
// order unless a route gives them different delays.
//
// All methods may be called from any goroutine.
type Net struct {
	mu    sync.Mutex
	conns map[netip.AddrPort]*Conn
	route func(Packet) (delay time.Duration, deliver bool)
	sent  uint64
}

// NewNet returns a network where every packet arrives at once.
func NewNet() *Net { return &Net{conns: map[netip.AddrPort]*Conn{}} }

// Route sets what happens to packets from now on: how long each travels, and
// whether it arrives at all. It is called from the sender's goroutine, one
// packet at a time, and must not use the network. nil: all arrive at once.
func (n *Net) Route(f func(Packet) (delay time.Duration, deliver bool)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.route = f
}

// Sent is how many packets were sent so far, lost ones too.
func (n *Net) Sent() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sent
}

// Listen opens a socket. Port 0 takes the next free one from 49152 up.
func (n *Net) Listen(addr netip.AddrPort) (*Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for port := 49152; addr.Port() == 0 && port < 65536; port++ {
		if try := netip.AddrPortFrom(addr.Addr(), uint16(port)); n.conns[try] == nil {
			addr = try
		}
	}
	if addr.Port() == 0 || n.conns[addr] != nil {
		return nil, &net.OpError{Op: "listen", Net: "udp", Err: errors.New("address in use")}
	}
	c := &Conn{
		net: n, addr: addr,
		arrived: make(chan struct{}, 1), closed: make(chan struct{}), changed: make(chan struct{}),
	}
	n.conns[addr] = c
	return c, nil
}

// ListenPacket is Listen in the form of net.ListenPacket.
func (n *Net) ListenPacket(network, addr string) (net.PacketConn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("siptest: listen: %w", err)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return nil, fmt.Errorf("siptest: listen: %w", err)
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("siptest: listen: %w", err)
	}
	return n.Listen(netip.AddrPortFrom(ip, uint16(p)))
}

// Send puts a packet on the network, from any address: what a spoofer does.
func (n *Net) Send(from, to netip.AddrPort, data []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent++
	p := Packet{From: from, To: to, Data: slices.Clone(data)}
	var delay time.Duration
	if n.route != nil {
		var deliver bool
		if delay, deliver = n.route(p); !deliver {
			return
		}
	}
	if c := n.conns[to]; c != nil {
		c.put(p, time.Now().Add(delay))
	}
}

func (n *Net) forget(c *Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conns[c.addr] == c {
		delete(n.conns, c.addr)
	}
}

// backlog is how many packets wait in a socket; more are lost, as in a kernel.
const backlog = 4096

// Conn is a socket of a Net.
type Conn struct {
	net  *Net
	addr netip.AddrPort

	arrived chan struct{} // holds one token if the queue's head may be new
	closed  chan struct{}
	once    sync.Once

	mu       sync.Mutex
	queue    []queued // by time of arrival
	deadline time.Time
	changed  chan struct{} // closed when the deadline changes
}

type queued struct {
	Packet
	at time.Time
}

func (c *Conn) put(p Packet, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) >= backlog {
		return
	}
	i := len(c.queue)
	for i > 0 && c.queue[i-1].at.After(at) {
		i--
	}
	c.queue = slices.Insert(c.queue, i, queued{p, at})
	c.wake()
}

func (c *Conn) wake() {
	select {
	case c.arrived <- struct{}{}:
	default:
	}
}

// take removes the head of the queue if it has arrived. Otherwise it says for
// how long to wait for something to happen; 0 = for ever.
func (c *Conn) take() (p Packet, ok bool, wait time.Duration, changed chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if !c.deadline.IsZero() && !now.Before(c.deadline) {
		return p, false, 0, nil, os.ErrDeadlineExceeded
	}
	if !c.deadline.IsZero() {
		wait = c.deadline.Sub(now)
	}
	if len(c.queue) == 0 {
		return p, false, wait, c.changed, nil
	}
	if left := c.queue[0].at.Sub(now); left > 0 {
		if wait == 0 || left < wait {
			wait = left
		}
		return p, false, wait, c.changed, nil
	}
	p = c.queue[0].Packet
	c.queue = slices.Delete(c.queue, 0, 1)
	if len(c.queue) > 0 {
		c.wake() // another reader may be waiting
	}
	return p, true, 0, nil, nil
}

// ReadFromUDPAddrPort is like the method of net.UDPConn.
func (c *Conn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		select {
		case <-c.closed:
			return 0, netip.AddrPort{}, c.fail("read", net.ErrClosed)
		default:
		}
		p, ok, wait, changed, err := c.take()
		if err != nil {
			return 0, netip.AddrPort{}, c.fail("read", err)
		}
		if ok {
			return copy(b, p.Data), p.From, nil
		}
		c.wait(wait, changed)
	}
}

func (c *Conn) wait(d time.Duration, changed chan struct{}) {
	var timer <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-c.arrived:
	case <-c.closed:
	case <-changed:
	case <-timer:
	}
}

// WriteToUDPAddrPort is like the method of net.UDPConn. It never blocks.
func (c *Conn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	select {
	case <-c.closed:
		return 0, c.fail("write", net.ErrClosed)
	default:
	}
	c.net.Send(c.addr, to, b)
	return len(b), nil
}

// ReadFrom reads one packet. The address is a *net.UDPAddr.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteTo sends one packet to a *net.UDPAddr.
func (c *Conn) WriteTo(b []byte, to net.Addr) (int, error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, c.fail("write", net.InvalidAddrError("not a UDP address"))
	}
	ap := udp.AddrPort()
	return c.WriteToUDPAddrPort(b, netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
}

// LocalAddr is a *net.UDPAddr.
func (c *Conn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.addr) }

// AddrPort is the address as netip has it.
func (c *Conn) AddrPort() netip.AddrPort { return c.addr }

// Close ends pending and later reads with net.ErrClosed and frees the address.
func (c *Conn) Close() error {
	err := c.fail("close", net.ErrClosed)
	c.once.Do(func() {
		c.net.forget(c)
		close(c.closed)
		err = nil
	})
	return err
}

// SetDeadline sets the read deadline; writes never wait.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetWriteDeadline does nothing: writes never wait.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// SetReadDeadline ends reads at a time with os.ErrDeadlineExceeded.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	close(c.changed)
	c.changed = make(chan struct{})
	return nil
}

func (c *Conn) fail(op string, err error) error {
	return &net.OpError{Op: op, Net: "udp", Addr: c.LocalAddr(), Err: err}
}
