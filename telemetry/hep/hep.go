// Package hep copies SIP messages to a capture server as HEP version 3 over UDP,
// while the owner permits a trace and somebody asked for one.
package hep

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Packet is a message with where it went.
type Packet struct {
	Time                time.Time
	Source, Destination netip.AddrPort
	TCP                 bool
	CallID              string // correlates the messages of a call
	Payload             []byte // SIP
}

// Chunk types of the generic vendor.
const (
	chunkFamily    = 0x0001 // 1 byte: 2 IPv4, 10 IPv6
	chunkProtocol  = 0x0002 // 1 byte: 6 TCP, 17 UDP
	chunkSource4   = 0x0003
	chunkTo4       = 0x0004
	chunkSource6   = 0x0005
	chunkTo6       = 0x0006
	chunkFromPort  = 0x0007
	chunkToPort    = 0x0008
	chunkSeconds   = 0x0009
	chunkMicros    = 0x000a
	chunkType      = 0x000b // 1 byte: 1 SIP
	chunkAgent     = 0x000c
	chunkPassword  = 0x000e
	chunkPayload   = 0x000f
	chunkCallID    = 0x0011
	payloadSIP     = 1
	headSize       = 6
	largestPayload = 60 << 10
)

// Append writes a packet behind b. Agent names this device to the server, the
// password may be empty; both are on the wire as they are.
func Append(b []byte, p Packet, agent uint32, password string) ([]byte, error) {
	if len(p.Payload) > largestPayload {
		return b, fmt.Errorf("hep: message of %d bytes, at most %d fit", len(p.Payload), largestPayload)
	}
	start := len(b)
	b = append(b, 'H', 'E', 'P', '3', 0, 0)
	source, to := p.Source.Addr().Unmap(), p.Destination.Addr().Unmap()
	if source.Is4() && to.Is4() {
		b = chunk(b, chunkFamily, 2)
		b = chunk(b, chunkSource4, source.AsSlice()...)
		b = chunk(b, chunkTo4, to.AsSlice()...)
	} else {
		s16, d16 := source.As16(), to.As16()
		b = chunk(b, chunkFamily, 10)
		b = chunk(b, chunkSource6, s16[:]...)
		b = chunk(b, chunkTo6, d16[:]...)
	}
	protocol := byte(17)
	if p.TCP {
		protocol = 6
	}
	b = chunk(b, chunkProtocol, protocol)
	b = chunk(b, chunkFromPort, binary.BigEndian.AppendUint16(nil, p.Source.Port())...)
	b = chunk(b, chunkToPort, binary.BigEndian.AppendUint16(nil, p.Destination.Port())...)
	b = chunk(b, chunkSeconds, binary.BigEndian.AppendUint32(nil, uint32(p.Time.Unix()))...)
	b = chunk(b, chunkMicros, binary.BigEndian.AppendUint32(nil, uint32(p.Time.Nanosecond()/1000))...)
	b = chunk(b, chunkType, payloadSIP)
	b = chunk(b, chunkAgent, binary.BigEndian.AppendUint32(nil, agent)...)
	if password != "" {
		b = chunk(b, chunkPassword, []byte(password)...)
	}
	if p.CallID != "" {
		b = chunk(b, chunkCallID, []byte(p.CallID)...)
	}
	b = chunk(b, chunkPayload, p.Payload...)
	binary.BigEndian.PutUint16(b[start+4:], uint16(len(b)-start))
	return b, nil
}

func chunk(b []byte, kind uint16, value ...byte) []byte {
	b = binary.BigEndian.AppendUint16(b, 0) // vendor: generic
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(headSize+len(value)))
	return append(b, value...)
}

// Client sends packets to a capture server. Nothing comes back, so what does not
// arrive is not missed.
type Client struct {
	conn     net.Conn
	agent    uint32
	password string
	buf      []byte
}

// Dial opens the socket towards a server.
func Dial(address string, agent uint32, password string) (*Client, error) {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return nil, fmt.Errorf("hep: %w", err)
	}
	return &Client{conn: conn, agent: agent, password: password}, nil
}

// Send sends a packet. It is not for several goroutines at once.
func (c *Client) Send(p Packet) error {
	var err error
	if c.buf, err = Append(c.buf[:0], p, c.agent, c.password); err != nil {
		return err
	}
	if _, err = c.conn.Write(c.buf); err != nil {
		return fmt.Errorf("hep: %w", err)
	}
	return nil
}

// Close closes the socket.
func (c *Client) Close() error { return c.conn.Close() }
