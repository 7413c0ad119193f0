// Package pcapng writes packets of which only addresses and content are known as
// a capture file (draft-ietf-opsawg-pcapng), with IP and UDP or TCP headers made
// for them: the agent captures at its own sockets, without the right to look at
// the network.
package pcapng

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// Block and option codes, and the link type of packets that begin with the IP
// header (draft-ietf-opsawg-pcapng §4, LINKTYPE_RAW).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6
	byteOrder      = 0x1a2b3c4d
	linkRaw        = 101
	optionEnd      = 0
	optionApp      = 4 // shb_userappl
	optionUnit     = 9 // if_tsresol
	nanoseconds    = 9
)

// Packet is one packet.
type Packet struct {
	Time                time.Time
	Source, Destination netip.AddrPort
	TCP                 bool
	Payload             []byte // as much of it as is kept
	Length              int    // of the payload on the wire, at least len(Payload)
}

// Writer writes a capture file. It is not for several goroutines at once.
type Writer struct {
	w   io.Writer
	buf []byte
	seq map[flow]uint32 // of TCP: what was sent so far
}

// flow is one direction of a connection.
type flow struct{ from, to netip.AddrPort }

// NewWriter writes the head of a file; app is the program's name and version.
func NewWriter(w io.Writer, app string) (*Writer, error) {
	p := &Writer{w: w, seq: map[flow]uint32{}}
	section := binary.LittleEndian.AppendUint32(nil, byteOrder)
	section = append(section, 1, 0, 0, 0) // version 1.0
	section = binary.LittleEndian.AppendUint64(section, ^uint64(0))
	section = option(section, optionApp, []byte(app))
	section = option(section, optionEnd, nil)
	if err := p.block(blockSection, section); err != nil {
		return nil, err
	}
	iface := binary.LittleEndian.AppendUint16(nil, linkRaw)
	iface = append(iface, 0, 0, 0, 0, 0, 0) // reserved; no limit of length
	iface = option(iface, optionUnit, []byte{nanoseconds})
	iface = option(iface, optionEnd, nil)
	return p, p.block(blockInterface, iface)
}

func option(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...))
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }

// block writes a block whose body is padded.
func (p *Writer) block(kind uint32, body []byte) error {
	total := uint32(len(body) + 12)
	p.buf = binary.LittleEndian.AppendUint32(p.buf[:0], kind)
	p.buf = binary.LittleEndian.AppendUint32(p.buf, total)
	p.buf = append(p.buf, body...)
	p.buf = binary.LittleEndian.AppendUint32(p.buf, total)
	if _, err := p.w.Write(p.buf); err != nil {
		return fmt.Errorf("pcapng: %w", err)
	}
	return nil
}

// largestPayload is what fits an IPv4 packet behind its headers.
const largestPayload = 65535 - 40

// Write writes a packet.
func (p *Writer) Write(k Packet) error {
	length := min(max(k.Length, len(k.Payload)), largestPayload)
	head := p.headers(k, length)
	kept := k.Payload[:min(len(k.Payload), length)]
	t := uint64(k.Time.UnixNano())
	body := make([]byte, 4, 20+len(head)+len(kept)+4) // interface 0
	body = binary.LittleEndian.AppendUint32(body, uint32(t>>32))
	body = binary.LittleEndian.AppendUint32(body, uint32(t))
	body = binary.LittleEndian.AppendUint32(body, uint32(len(head)+len(kept)))
	body = binary.LittleEndian.AppendUint32(body, uint32(len(head)+length))
	body = append(append(body, head...), kept...)
	return p.block(blockPacket, pad(body))
}

// headers are those of IP and UDP (RFC 791, RFC 8200, RFC 768) or TCP
// (RFC 9293). A UDP checksum of 0 says that there is none, as what it covers is
// not all kept; TCP has no way to say so, and its is 0 too.
func (p *Writer) headers(k Packet, length int) []byte {
	transport, protocol := udpHeader(k, length), byte(17)
	if k.TCP {
		transport, protocol = p.tcpHeader(k, length), 6
	}
	from, to := k.Source.Addr().Unmap(), k.Destination.Addr().Unmap()
	total := len(transport) + length
	if from.Is4() && to.Is4() {
		h := []byte{0x45, 0, byte((total + 20) >> 8), byte(total + 20), 0, 0, 0x40, 0, 64, protocol, 0, 0}
		h = append(append(h, from.AsSlice()...), to.AsSlice()...)
		binary.BigEndian.PutUint16(h[10:], checksum(h))
		return append(h, transport...)
	}
	a, b := from.As16(), to.As16()
	h := []byte{0x60, 0, 0, 0, byte(total >> 8), byte(total), protocol, 64}
	h = append(append(h, a[:]...), b[:]...)
	return append(h, transport...)
}

// checksum is that of an IPv4 header (RFC 1071).
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func udpHeader(k Packet, length int) []byte {
	h := binary.BigEndian.AppendUint16(nil, k.Source.Port())
	h = binary.BigEndian.AppendUint16(h, k.Destination.Port())
	h = binary.BigEndian.AppendUint16(h, uint16(length+8))
	return append(h, 0, 0)
}

// tcpHeader counts what each direction sent, so that a reader can put the stream
// together.
func (p *Writer) tcpHeader(k Packet, length int) []byte {
	way, back := flow{k.Source, k.Destination}, flow{k.Destination, k.Source}
	h := binary.BigEndian.AppendUint16(nil, k.Source.Port())
	h = binary.BigEndian.AppendUint16(h, k.Destination.Port())
	h = binary.BigEndian.AppendUint32(h, p.seq[way]+1)
	h = binary.BigEndian.AppendUint32(h, p.seq[back]+1)
	p.seq[way] += uint32(length)
	return append(h, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0) // 20 bytes, ACK and PSH
}
