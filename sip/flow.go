package sip

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// target is where a request is sent next.
type target struct {
	addr      netip.AddrPort
	transport Transport
	name      string // certificate name for TLS (RFC 5922 §4)
}

// flow is the way to one remote address: the UA's UDP socket together with
// that address, or a connection of its own. It is what transactions write to,
// so a repetition or an ACK can never go elsewhere than the request did.
type flow struct {
	transport Transport
	local     netip.AddrPort
	remote    netip.AddrPort
	packets   net.PacketConn // UDP
	conn      net.Conn       // TCP, TLS
	trace     Trace
	count     *counters
	ended     error // why a connection was closed; of the UA's goroutine
}

// Trace sees every message as it is on the wire, but what was received over a
// connection as the parser took it: a piece of a message could not be told from a
// head or a body by who hides keys. dir is "sent" or "received".
// It is called from several goroutines and must not keep or change msg.
type Trace func(dir, transport, local, remote string, msg []byte)

// writeTimeout bounds how long a connection whose far end reads no more holds
// up the UA.
const writeTimeout = 5 * time.Second

// network is the transport as Via spells it.
func (t Transport) network() string { return sipmsg.NetworkToUpper(string(t)) }

func (f *flow) reliable() bool { return f.conn != nil }

// WriteMsg, LocalAddr, Ref, TryClose and Close make a flow a connection of the
// transaction layer, which must not close it: others use it too.
func (f *flow) WriteMsg(msg sipmsg.Message) error {
	var b bytes.Buffer
	msg.StringWrite(&b)
	return f.write(b.Bytes())
}

// LocalAddr is the address of our end.
func (f *flow) LocalAddr() net.Addr {
	if f.conn != nil {
		return f.conn.LocalAddr()
	}
	return f.packets.LocalAddr()
}

// Ref counts nothing.
func (f *flow) Ref(int) int { return 1 }

// TryClose closes nothing.
func (f *flow) TryClose() (int, error) { return 1, nil }

// Close closes nothing.
func (f *flow) Close() error { return nil }

func (f *flow) write(b []byte) error {
	if err := f.put(b); err != nil {
		return fmt.Errorf("sip: write to %v: %w", f.remote, err)
	}
	f.count.sent.Add(1)
	if f.trace != nil {
		f.trace("sent", string(f.transport), f.local.String(), f.remote.String(), b)
	}
	return nil
}

func (f *flow) put(b []byte) error {
	if f.conn == nil {
		_, err := f.packets.WriteTo(b, net.UDPAddrFromAddrPort(f.remote))
		return err
	}
	if err := f.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := f.conn.Write(b)
	if err != nil {
		_ = f.conn.Close() // half a message may be out: its reader ends and reports
	}
	return err
}

// addrPort is a net.Addr as the rest of the package wants it.
func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		ap = a.AddrPort()
	case *net.TCPAddr:
		ap = a.AddrPort()
	case nil:
		return ap
	default:
		ap, _ = netip.ParseAddrPort(a.String())
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
