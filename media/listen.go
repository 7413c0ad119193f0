package media

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Listen opens the two sockets of a call on local: RTP on an even port of
// portMin..portMax taken at random, RTCP on the next one (RFC 3550 §11). Both
// mark what they send with dscp. An invalid local address means any IPv4
// address. Writes never wait: what the kernel cannot take at once is lost.
func Listen(local netip.Addr, portMin, portMax, dscp int) (rtp, rtcp Conn, err error) {
	if !local.IsValid() {
		local = netip.IPv4Unspecified()
	}
	local = local.Unmap()
	first := portMin + portMin&1
	pairs := (portMax - first + 1) / 2
	if portMin < 0 || portMax > 65535 || pairs < 1 {
		return nil, nil, fmt.Errorf("media: listen: no pair of ports in %d..%d", portMin, portMax)
	}
	start := rand.IntN(pairs)
	for i := range pairs {
		port := first + 2*((start+i)%pairs)
		rtp, rtcp, err = listenPair(local, uint16(port), dscp)
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("media: listen: %w", err)
	}
	return rtp, rtcp, nil
}

func listenPair(local netip.Addr, port uint16, dscp int) (rtp, rtcp Conn, err error) {
	a, err := openSocket(netip.AddrPortFrom(local, port), dscp)
	if err != nil {
		return nil, nil, err
	}
	b, err := openSocket(netip.AddrPortFrom(local, port+1), dscp)
	if err != nil {
		_ = a.Close()
		return nil, nil, err
	}
	return a, b, nil
}

// socket is a UDP socket whose writes never wait. It sends by itself because
// the runtime's write parks the caller while the kernel's buffer is full.
type socket struct {
	*net.UDPConn
	raw syscall.RawConn

	// One write at a time; a second one is refused, never queued.
	busy   sync.Mutex
	packet []byte
	v4     unix.SockaddrInet4
	v6     unix.SockaddrInet6
	to     unix.Sockaddr
	result error
	write  func(fd uintptr) bool
}

var errBusy = errors.New("media: socket is in use")

func openSocket(at netip.AddrPort, dscp int) (*socket, error) {
	network := "udp4"
	if at.Addr().Is6() {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	s := &socket{UDPConn: conn}
	s.write = s.sendNow
	if s.raw, err = conn.SyscallConn(); err == nil {
		err = s.mark(at.Addr(), dscp)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

// mark sets the DSCP, the upper six bits of the former TOS octet (RFC 2474 §3).
func (s *socket) mark(local netip.Addr, dscp int) error {
	level, option := unix.IPPROTO_IP, unix.IP_TOS
	if local.Is6() {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_TCLASS
	}
	var failed error
	err := s.raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), level, option, dscp<<2)
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("set dscp %d: %w", dscp, err)
	}
	return nil
}

// WriteToUDPAddrPort sends b at once or fails. It does not allocate.
func (s *socket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if !s.busy.TryLock() {
		return 0, errBusy
	}
	defer s.busy.Unlock()
	if addr := to.Addr().Unmap(); addr.Is4() {
		s.v4.Addr, s.v4.Port, s.to = addr.As4(), int(to.Port()), &s.v4
	} else {
		s.v6.Addr, s.v6.Port, s.to = addr.As16(), int(to.Port()), &s.v6
	}
	s.packet, s.result = b, nil
	err := s.raw.Write(s.write)
	s.packet = nil
	if err == nil {
		err = s.result
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

func (s *socket) sendNow(fd uintptr) bool {
	s.result = unix.Sendto(int(fd), s.packet, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, s.to)
	return true
}
