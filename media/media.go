// Package media carries voice between a line's PCM and RTP: jitter buffer,
// telephone events, RTCP and the audio path of one line.
//
//	line ─▶ Voice ─▶ Session ─▶ Conn        Listen opens the Conns of a call,
//	line ◀─ Voice ◀─ Session ◀─ Conn        Connect joins a Voice and a Session
//
// A [Voice] belongs to a line for good and is driven by the line's clock alone;
// a [Session] belongs to a call. Below [Voice.Frame] nothing allocates, logs or
// waits: packets pass through lock-free rings, orders through atomics, and what
// goes wrong becomes a counter of [Stats].
//
// One way, from the end of the block a sample was spoken in to the block it is
// heard in, takes a packet's length and a jitter buffer of 5..20 ms on a clean
// network: 25 to 35 ms with packets of 20 ms and blocks of 10 ms. With blocks of
// 20 ms it is 21 to 39 ms, by how the two lines' clocks happen to lie; the two
// directions then add up to 60 ms.
package media

import (
	"net/netip"
	"time"

	"github.com/ata-agent/ata-agent/sdes"
)

// Codec is a companding law on the wire with its static RTP payload type
// (RFC 3551 §6).
type Codec uint8

const (
	PCMU Codec = 0
	PCMA Codec = 8
)

// String returns the encoding name of RFC 3551.
func (c Codec) String() string {
	switch c {
	case PCMU:
		return "PCMU"
	case PCMA:
		return "PCMA"
	}
	return "codec?"
}

// noisePayload is the payload type of comfort noise (RFC 3389 §4).
const noisePayload = 13

// Stream is what offer and answer agreed on for the voice of one call.
type Stream struct {
	Remote        netip.AddrPort // where RTP goes
	RemoteRTCP    netip.AddrPort // where RTCP goes
	Codec         Codec
	PTime         time.Duration // voice per packet sent, 10..60 ms [20 ms]
	EventSend     uint8         // payload type of telephone-event towards the far end, 0 = not agreed
	EventReceive  uint8         // payload type of telephone-event from the far end, 0 = not agreed
	Noise         bool          // pauses may be sent as comfort noise (RFC 3389)
	Send, Receive bool          // direction, from hold
	Keys          sdes.Keys     // of SRTP; zero: packets are not protected

	out *outbound // what Keys come to, nil without
	in  *inbound
}

// Conn is a UDP socket as the media path needs it; *net.UDPConn is one. Writes
// must not block.
type Conn interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	SetReadDeadline(t time.Time) error
	Close() error
}
