package sip

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
	"golang.org/x/sys/unix"
)

// stack is the transport of one UA: one UDP socket, or the connections it
// opened. There is no listener for connections: a peer reaches us over those
// (RFC 5626 §3.1). Readers parse and hand on, in the order of arrival; all
// else happens on the UA's own goroutine.
type stack struct {
	opts     *Opts
	kind     Transport
	guard    *guard
	count    *counters
	log      *slog.Logger
	parser   *sipmsg.Parser
	received func(sipmsg.Message, *flow, error) // from readers
	closed   func(*flow, error)                 // from readers
	post     func(func())
	dialTCP  func(ctx context.Context, network, addr string) (net.Conn, error)

	ctx     context.Context
	wg      sync.WaitGroup
	packets net.PacketConn
	local   netip.AddrPort // of the socket, or of the newest connection
	conns   map[netip.AddrPort]*flow
	dialing map[netip.AddrPort][]func(*flow, error)
}

// open makes the socket of a UDP UA and starts its reader. local is where to
// bind; port 0 takes any. A socket opened before is closed.
func (s *stack) open(local netip.AddrPort) error {
	if s.kind != UDP {
		s.local = netip.AddrPortFrom(local.Addr(), 0)
		return nil
	}
	pc, err := s.opts.listen("udp", local.String())
	if err != nil {
		return fmt.Errorf("sip: open socket: %w", err)
	}
	if s.packets != nil {
		_ = s.packets.Close() // its reader ends
	}
	s.packets, s.local = pc, addrPort(pc.LocalAddr())
	base := s.packetFlow(netip.AddrPort{})
	s.wg.Go(func() { s.readPackets(pc, base) })
	return nil
}

// close ends readers and dialling and waits for them.
func (s *stack) close() {
	if s.packets != nil {
		_ = s.packets.Close() // the reader ends; there is nothing else to lose
		s.packets = nil
	}
	for _, f := range s.conns {
		_ = f.conn.Close()
	}
	s.wg.Wait()
}

// packetFlow is the way to an address through the socket.
func (s *stack) packetFlow(to netip.AddrPort) *flow {
	return &flow{transport: UDP, local: s.local, remote: to, packets: s.packets, trace: s.opts.Trace, count: s.count}
}

// connect calls done with the flow to t: at once if there is one, later on the
// UA's goroutine if it must be dialled.
func (s *stack) connect(t target, done func(*flow, error)) {
	if t.transport == UDP {
		if s.packets == nil {
			done(nil, errNoSocket)
			return
		}
		done(s.packetFlow(t.addr), nil)
		return
	}
	if f := s.conns[t.addr]; f != nil {
		done(f, nil)
		return
	}
	waiting := s.dialing[t.addr]
	s.dialing[t.addr] = append(waiting, done)
	if waiting == nil {
		s.wg.Go(func() { s.dial(t) })
	}
}

var errNoSocket = errors.New("sip: no UDP socket")

const dialTimeout = 5 * time.Second

func (s *stack) dial(t target) {
	ctx, cancel := context.WithTimeout(s.ctx, dialTimeout)
	defer cancel()
	conn, err := s.dialConn(ctx, t)
	var unwatch func() bool
	if err == nil { // the UA may end before it takes the connection over
		unwatch = context.AfterFunc(s.ctx, func() { _ = conn.Close() })
	}
	s.post(func() { s.dialled(t, conn, unwatch, err) })
}

func (s *stack) dialConn(ctx context.Context, t target) (net.Conn, error) {
	conn, err := s.dialTCP(ctx, "tcp", t.addr.String())
	if err != nil || t.transport != TLS {
		return conn, err
	}
	secure, err := s.secure(ctx, conn, t.name)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// secure makes a connection one over TLS, with a server that proves its name
// (RFC 5922 §7). Nothing can switch that off.
func (s *stack) secure(ctx context.Context, conn net.Conn, name string) (net.Conn, error) {
	cfg := &tls.Config{}
	if s.opts.TLS != nil {
		given, err := s.opts.TLS()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errFiles, err)
		}
		cfg = given.Clone()
	}
	cfg.MinVersion = max(cfg.MinVersion, tls.VersionTLS12)
	cfg.ServerName, cfg.InsecureSkipVerify = name, false
	c := tls.Client(conn, cfg)
	return c, c.HandshakeContext(ctx)
}

func (s *stack) dialled(t target, conn net.Conn, unwatch func() bool, err error) {
	waiting := s.dialing[t.addr]
	delete(s.dialing, t.addr)
	var f *flow
	if err != nil {
		err = fmt.Errorf("sip: connect to %v: %w", t.addr, err)
	} else {
		f = &flow{transport: t.transport, local: addrPort(conn.LocalAddr()), remote: t.addr, conn: conn, trace: s.opts.Trace, count: s.count}
		s.conns[t.addr], s.local = f, f.local
		s.wg.Go(func() {
			defer unwatch()
			s.readConn(f)
		})
	}
	for _, done := range waiting {
		done(f, err)
	}
}

// readPackets reads until the socket is closed. Errors of single reads (an
// ICMP message, memory) do not end it.
func (s *stack) readPackets(pc net.PacketConn, base *flow) {
	buf := make([]byte, s.guard.limits.largest()+1) // more is cut off, and then too long
	for {
		n, addr, err := pc.ReadFrom(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			if !s.pause(50 * time.Millisecond) {
				return
			}
		default:
			f := *base
			f.remote = addrPort(addr)
			s.packet(buf[:n], &f)
		}
	}
}

func (s *stack) pause(d time.Duration) bool {
	select {
	case <-s.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (s *stack) packet(b []byte, f *flow) {
	if !f.remote.IsValid() || !s.guard.admit(b, f.remote, time.Now()) {
		return
	}
	s.traceReceived(f, b)
	msg, err := s.parse(b)
	s.handOn(msg, f, err)
}

// parse reads one datagram. A fault in the parser costs that datagram only.
func (s *stack) parse(b []byte) (msg sipmsg.Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.count.panics.Add(1)
			msg, err = nil, fmt.Errorf("sip: parser: %v", r)
		}
	}()
	return s.parser.ParseSIP(b)
}

func (s *stack) handOn(msg sipmsg.Message, f *flow, err error) {
	if err != nil {
		s.count.malformed.Add(1)
		s.log.Debug("malformed message", "from", f.remote, "err", err)
	}
	if msg == nil {
		return
	}
	s.count.received.Add(1)
	msg.SetTransport(f.transport.network())
	msg.SetSource(f.remote.String())
	s.received(msg, f, err)
}

func (s *stack) traceReceived(f *flow, b []byte) {
	if s.opts.Trace != nil {
		s.opts.Trace("received", string(f.transport), f.local.String(), f.remote.String(), b)
	}
}

// readConn reads a connection until it ends and reports that.
func (s *stack) readConn(f *flow) {
	var why error
	defer func() { s.closed(f, why) }()
	defer f.conn.Close()
	stream := s.parser.NewSIPStream()
	defer stream.Close()
	buf := make([]byte, 16<<10)
	idle := true // between two messages
	for {
		n, err := f.conn.Read(buf)
		if err != nil {
			why = err // with TLS 1.3 the server judges our certificate only now
			return
		}
		if idle && bytes.Equal(buf[:n], []byte("\r\n\r\n")) {
			_ = f.write([]byte("\r\n")) // pong, RFC 5626 §4.4.1; a dead connection shows in Read
			continue
		}
		if idle, err = s.feed(stream, buf[:n], f); err != nil {
			s.log.Debug("connection unreadable", "from", f.remote, "err", err)
			return
		}
	}
}

// feed hands on the messages that b completes; idle means that none is begun.
// An error means that the next one cannot be found (RFC 3261 §18.3).
func (s *stack) feed(stream *sipmsg.ParserStream, b []byte, f *flow) (idle bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.count.panics.Add(1)
			err = fmt.Errorf("sip: parser: %v", r)
		}
	}()
	err = stream.ParseSIPStream(b, func(msg sipmsg.Message) {
		if s.opts.Trace != nil {
			s.traceReceived(f, []byte(msg.String()))
		}
		s.handOn(msg, f, nil)
	})
	if errors.Is(err, sipmsg.ErrParseSipPartial) {
		return false, nil
	}
	return err == nil, err
}

// listen opens the socket, through Listen if the caller gave one.
func (o *Opts) listen(network, addr string) (net.PacketConn, error) {
	if o.Listen != nil {
		return o.Listen(network, addr)
	}
	lc := net.ListenConfig{Control: o.control}
	return lc.ListenPacket(context.Background(), network, addr)
}

// deadAfter is how long a connection may owe us the receipt of what we sent
// before the kernel gives it up. A NAT or a server that forgot us says nothing;
// without this the kernel tries for a quarter of an hour, in which no call
// comes through.
const deadAfter = 30 * time.Second

// dialer opens connections that notice a far end that is gone.
func (o *Opts) dialer() *net.Dialer {
	return &net.Dialer{Control: func(network, addr string, c syscall.RawConn) error {
		var err error
		e := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(deadAfter/time.Millisecond))
		})
		return errors.Join(e, err, o.control(network, addr, c))
	}}
}

// control marks the packets of a socket (RFC 4594 §4.2: CS3 for signalling).
func (o *Opts) control(network, _ string, c syscall.RawConn) error {
	if o.DSCP == 0 {
		return nil
	}
	var err error
	e := c.Control(func(fd uintptr) {
		if network[len(network)-1] == '6' {
			err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, o.DSCP<<2)
		} else {
			err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_TOS, o.DSCP<<2)
		}
	})
	return errors.Join(e, err)
}
