package media

import "net/netip"

// Receive hands a packet to a session as its reader does.
func Receive(s *Session, b []byte, from netip.AddrPort) { s.receivePacket(b, from, s.now()) }

// ReceiveControl does so for RTCP.
func ReceiveControl(s *Session, b []byte, from netip.AddrPort) { s.receiveControl(b, from, s.now()) }

// SetSSRC changes our SSRC.
func SetSSRC(s *Session, ssrc uint32) { s.ssrc.Store(ssrc) }
