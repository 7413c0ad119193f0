package telemetry

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/privacy"
)

const (
	rtpHead   = 12  // bytes of an RTP header without sources (RFC 3550 §5.1)
	tapKeeps  = 512 // bytes of a voice or RTCP packet, if its content is wanted
	tapQueue  = 256 // packets that a reader may lag behind
	tapReader = 4   // readers at once
)

// errNotPermitted says why a trace or capture does not start.
var errNotPermitted = errors.New("not permitted: the owner must allow level 4 with the categories trace and ip_address, and the configuration ask for them")

// packet is something that the agent sent or received, of fixed size so that the
// media path needs no memory for it.
type packet struct {
	at           time.Time
	source, to   netip.AddrPort
	tcp          bool
	length, kept int
	message      privacy.Cleared // SIP; empty for other packets
	text         []byte          // of the message
	data         [tapKeeps]byte
}

// Tap sees what the agent's own sockets send and receive. While nobody reads, it
// costs one atomic load per packet of voice, and a copy of each SIP message.
type Tap struct {
	filter  *privacy.Filter
	ledger  *privacy.Ledger
	readers atomic.Pointer[[]*tapReading]

	trace        atomic.Pointer[tracing] // towards the capture server
	traceChanged chan struct{}

	mu sync.Mutex // over changes of readers

	recent recent // SIP messages
}

// tapReading is one who reads.
type tapReading struct {
	packets chan packet
	ended   chan struct{} // closed by the tap: no longer permitted
	media   bool          // voice too
	content bool          // more than the headers of it
	lost    atomic.Uint64
}

func newTap(f *privacy.Filter, l *privacy.Ledger) *Tap {
	return &Tap{filter: f, ledger: l, traceChanged: make(chan struct{}, 1)}
}

// permitted reports whether the owner permits to look at packets.
func (t *Tap) permitted() bool {
	return t.filter.Allows(traceMessage, privacy.Everything) && t.filter.Allows(tracePacket, privacy.Everything) &&
		t.filter.Allows(networkPrefix, privacy.Everything)
}

// read begins to look at packets; stop ends it.
func (t *Tap) read(media, content bool) (r *tapReading, stop func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.permitted() {
		return nil, nil, errNotPermitted
	}
	r = &tapReading{packets: make(chan packet, tapQueue), ended: make(chan struct{}), media: media, content: content}
	var list []*tapReading
	if old := t.readers.Load(); old != nil {
		list = slices.Clone(*old)
	}
	if len(list) == tapReader {
		return nil, nil, errors.New("too many captures at once")
	}
	list = append(list, r)
	t.readers.Store(&list)
	return r, func() { t.remove(r) }, nil
}

func (t *Tap) remove(r *tapReading) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.readers.Load()
	if old == nil {
		return
	}
	list := slices.DeleteFunc(slices.Clone(*old), func(x *tapReading) bool { return x == r })
	if len(list) == 0 {
		t.readers.Store(nil)
		return
	}
	t.readers.Store(&list)
}

// narrow ends all reading when it is no longer permitted.
func (t *Tap) narrow() {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.readers.Load()
	if old == nil || t.permitted() {
		return
	}
	for _, r := range *old {
		close(r.ended)
	}
	t.readers.Store(nil)
}

// SIP sees a message; it is a sip.Trace.
func (t *Tap) SIP(dir, transport, local, remote string, msg []byte) {
	t.recent.add(dir, msg)
	readers := t.readers.Load()
	if readers == nil {
		return
	}
	message := t.filter.Clear(privacy.Batch{Items: []privacy.Item{{Field: traceMessage, Text: string(msg)}}}, privacy.Everything)
	text := message.Text(traceMessage)
	from, err1 := netip.ParseAddrPort(local)
	to, err2 := netip.ParseAddrPort(remote)
	if err := errors.Join(err1, err2); err != nil || text == "" {
		return
	}
	if dir == "received" {
		from, to = to, from
	}
	p := packet{at: time.Now(), source: from, to: to, tcp: transport != "udp", length: len(text), kept: len(text), message: message, text: []byte(text)}
	for _, r := range *readers {
		r.put(&p)
	}
}

// put hands a packet to a reader, or counts that it lags behind.
func (r *tapReading) put(p *packet) {
	select {
	case r.packets <- *p:
	default:
		r.lost.Add(1)
	}
}

// ListenFunc opens the sockets of a call, as media.Listen does.
type ListenFunc = func(local netip.Addr, portMin, portMax, dscp int) (rtp, rtcp media.Conn, err error)

// Listen wraps a function that opens sockets, so that the tap sees their
// packets.
func (t *Tap) Listen(open ListenFunc) ListenFunc {
	return func(local netip.Addr, portMin, portMax, dscp int) (rtp, rtcp media.Conn, err error) {
		rtp, rtcp, err = open(local, portMin, portMax, dscp)
		if err != nil {
			return nil, nil, err
		}
		return t.wrap(rtp), t.wrap(rtcp), nil
	}
}

// tappedConn is a socket whose packets the tap sees.
type tappedConn struct {
	media.Conn
	tap   *Tap
	local netip.AddrPort
}

func (t *Tap) wrap(c media.Conn) *tappedConn {
	w := &tappedConn{Conn: c, tap: t}
	if a, ok := w.LocalAddr().(*net.UDPAddr); ok {
		w.local = a.AddrPort()
	}
	return w
}

// LocalAddr is the socket's, or nil.
func (c *tappedConn) LocalAddr() net.Addr {
	if l, ok := c.Conn.(interface{ LocalAddr() net.Addr }); ok {
		return l.LocalAddr()
	}
	return nil
}

func (c *tappedConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := c.Conn.ReadFromUDPAddrPort(b)
	if readers := c.tap.readers.Load(); readers != nil && err == nil {
		tell(*readers, from, c.local, b[:n])
	}
	return n, from, err
}

func (c *tappedConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if readers := c.tap.readers.Load(); readers != nil {
		tell(*readers, c.local, to, b)
	}
	return c.Conn.WriteToUDPAddrPort(b, to)
}

// tell hands a packet to those who want voice. It runs on the audio goroutine:
// it neither waits nor needs memory.
func tell(readers []*tapReading, from, to netip.AddrPort, b []byte) {
	for _, r := range readers {
		if !r.media {
			continue
		}
		p := packet{at: time.Now(), source: from, to: to, length: len(b)}
		limit := rtpHead
		if r.content {
			limit = tapKeeps
		}
		p.kept = copy(p.data[:min(limit, tapKeeps)], b)
		r.put(&p)
	}
}

// payload is what is kept of the packet.
func (p *packet) payload() []byte {
	if p.text != nil {
		return p.text
	}
	return p.data[:p.kept]
}
