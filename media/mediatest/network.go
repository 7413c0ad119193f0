// Package mediatest is an in-memory network for tests of voice: delay, jitter,
// loss, copies, reordering and a bounded rate, seeded. It waits on channels and
// timers alone, so it works in a synctest bubble.
package mediatest

import (
	"container/heap"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Link is what the network does to the packets of one sender. The zero value
// delivers at once.
type Link struct {
	Delay   time.Duration
	Jitter  time.Duration // up to this is added to Delay, evenly spread
	Spike   float64       // share of packets delayed by SpikeDelay more
	SpikeBy time.Duration
	Loss    float64 // share of packets lost
	Double  float64 // share of packets delivered twice
	Reorder bool    // packets may overtake each other; else Jitter keeps their order
	Rate    int     // octets a second, 0 = any
	// Drop, if not nil, loses the packets it returns true for. It may change
	// them.
	Drop func(packet []byte) bool
}

// Network connects Conns by their addresses. A packet to an address nobody
// listens on is lost.
type Network struct {
	seed uint64

	mu      sync.Mutex
	opened  uint64 // Conns so far
	conns   map[netip.AddrPort]*Conn
	transit transit
	timer   *time.Timer
	count   uint64
}

// New returns a network whose chances follow from seed. Each Conn has chances of
// its own, by the order in which they were opened: what befalls its packets does not
// depend on what others send at the same time.
func New(seed uint64) *Network {
	return &Network{
		seed:  seed,
		conns: make(map[netip.AddrPort]*Conn),
	}
}

// Listen returns the socket with address at. It panics if that is in use.
func (n *Network) Listen(at netip.AddrPort) *Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conns[at] != nil {
		panic("mediatest: address in use: " + at.String())
	}
	c := &Conn{
		network: n, at: at, in: make(chan datagram, socketBuffer), closed: make(chan struct{}),
		moved: make(chan struct{}), rng: rand.New(rand.NewPCG(n.seed, n.opened)),
	}
	n.conns[at] = c
	n.opened++
	return c
}

// Pipe returns two sockets with a link between them.
func Pipe(a, b netip.AddrPort, link Link, seed uint64) (*Conn, *Conn) {
	n := New(seed)
	x, y := n.Listen(a), n.Listen(b)
	x.SetLink(link)
	y.SetLink(link)
	return x, y
}

// socketBuffer is how many packets wait for a reader; more are lost, as in a
// kernel.
const socketBuffer = 256

// Conn is a socket; it implements media.Conn.
type Conn struct {
	network *Network
	at      netip.AddrPort
	in      chan datagram
	closed  chan struct{}
	once    sync.Once

	mu       sync.Mutex
	rng      *rand.Rand
	link     Link
	deadline time.Time
	moved    chan struct{} // closed when the deadline changes
	free     time.Time     // when the last packet has left a link of bounded Rate
	latest   time.Time     // when the packet before arrives
}

type datagram struct {
	payload []byte
	from    netip.AddrPort
}

// SetLink changes what happens to the packets sent from now on.
func (c *Conn) SetLink(l Link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link = l
}

// LocalAddr returns the address as a *net.UDPAddr.
func (c *Conn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.at) }

// ReadFromUDPAddrPort waits for a packet, the deadline or Close.
func (c *Conn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := c.readOnce(b)
		if !errors.Is(err, errMoved) {
			return n, from, err
		}
	}
}

var errMoved = errors.New("mediatest: deadline moved")

func (c *Conn) readOnce(b []byte) (int, netip.AddrPort, error) {
	c.mu.Lock()
	deadline, moved := c.deadline, c.moved
	c.mu.Unlock()
	var expired <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case d := <-c.in:
		return copy(b, d.payload), d.from, nil
	case <-c.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	case <-expired:
		return 0, netip.AddrPort{}, os.ErrDeadlineExceeded
	case <-moved:
		return 0, netip.AddrPort{}, errMoved
	}
}

// Drain returns the packets that wait to be read.
func (c *Conn) Drain() (packets [][]byte) {
	for {
		select {
		case d := <-c.in:
			packets = append(packets, d.payload)
		default:
			return packets
		}
	}
}

// SetReadDeadline sets when reads fail with os.ErrDeadlineExceeded; the zero
// time is never.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	close(c.moved)
	c.moved = make(chan struct{})
	return nil
}

// Close ends reads and frees the address.
func (c *Conn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.network.mu.Lock()
		delete(c.network.conns, c.at)
		c.network.mu.Unlock()
	})
	return nil
}

// WriteToUDPAddrPort sends a packet over the link; it never waits.
func (c *Conn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
	}
	d := datagram{payload: append([]byte(nil), b...), from: c.at}
	c.mu.Lock()
	link := c.link
	c.mu.Unlock()
	if link.Drop != nil && link.Drop(d.payload) {
		return len(b), nil
	}
	if times := c.arrivals(link, len(b)); len(times) > 0 {
		c.network.carry(d, to, times)
	}
	return len(b), nil
}

// arrivals draws when a packet arrives: never, once or twice.
func (c *Conn) arrivals(l Link, size int) []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	lost, double := c.rng.Float64() < l.Loss, c.rng.Float64() < l.Double
	late := c.rng.Float64() < l.Spike
	copies := 1
	if double {
		copies = 2
	}
	if lost {
		return nil
	}
	left := time.Now()
	if l.Rate > 0 {
		if c.free.After(left) {
			left = c.free
		}
		left = left.Add(time.Duration(size) * time.Second / time.Duration(l.Rate))
		c.free = left
	}
	var times []time.Time
	for range copies {
		at := left.Add(l.Delay)
		if l.Jitter > 0 {
			at = at.Add(time.Duration(c.rng.Int64N(int64(l.Jitter))))
		}
		if late {
			at = at.Add(l.SpikeBy)
		}
		if !l.Reorder && at.Before(c.latest) {
			at = c.latest
		}
		c.latest = at
		times = append(times, at)
	}
	return times
}

// carry delivers d at each of times.
func (n *Network) carry(d datagram, to netip.AddrPort, times []time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, at := range times {
		n.count++
		heap.Push(&n.transit, parcel{at: at, order: n.count, to: to, datagram: d})
	}
	n.deliver()
}

// deliver hands over what has arrived and sets the timer for the rest. The
// caller holds the lock.
func (n *Network) deliver() {
	now := time.Now()
	for len(n.transit) > 0 && !n.transit[0].at.After(now) {
		p := heap.Pop(&n.transit).(parcel)
		if c := n.conns[p.to]; c != nil {
			select {
			case c.in <- p.datagram:
			default:
			}
		}
	}
	if n.timer != nil {
		n.timer.Stop()
		n.timer = nil
	}
	if len(n.transit) > 0 {
		n.timer = time.AfterFunc(n.transit[0].at.Sub(now), func() {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.deliver()
		})
	}
}

// transit is a heap of what is under way, the next to arrive first.
type transit []parcel

type parcel struct {
	at    time.Time
	order uint64
	to    netip.AddrPort
	datagram
}

func (t transit) Len() int { return len(t) }
func (t transit) Less(i, j int) bool {
	if !t[i].at.Equal(t[j].at) {
		return t[i].at.Before(t[j].at)
	}
	return t[i].order < t[j].order
}
func (t transit) Swap(i, j int) { t[i], t[j] = t[j], t[i] }

// Push implements heap.Interface.
func (t *transit) Push(x any) { *t = append(*t, x.(parcel)) }

// Pop implements heap.Interface.
func (t *transit) Pop() any {
	old := *t
	last := old[len(old)-1]
	*t = old[:len(old)-1]
	return last
}
