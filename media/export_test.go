package media

import (
	"net/netip"

	"github.com/ata-agent/ata-agent/dsp/echo"
)

// Receive hands a packet to a session as its reader does.
func Receive(s *Session, b []byte, from netip.AddrPort) { s.receivePacket(b, from, s.now()) }

// ReceiveControl does so for RTCP.
func ReceiveControl(s *Session, b []byte, from netip.AddrPort) { s.receiveControl(b, from, s.now()) }

// SetSSRC changes our SSRC.
func SetSSRC(s *Session, ssrc uint32) { s.ssrc.Store(ssrc) }

// CancellerOf returns the canceller that the next Frame uses.
func CancellerOf(v *Voice) *echo.Canceller {
	v.follow()
	return v.canceller.echo
}

// SetSequence has the next packet sent with a sequence number.
func SetSequence(s *Session, n uint16) { s.sender.header.SequenceNumber = n }
