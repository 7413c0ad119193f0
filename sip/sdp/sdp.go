// Package sdp reads and writes session descriptions (RFC 8866) as telephones
// and PBXs really send them. Parse takes what is meant over what is right: a
// T.38 line, an unknown transport or a missing line must not cost the call.
// Marshal writes one canonical form. Both know nothing of offer and answer.
package sdp

import (
	"net/netip"
	"strings"
	"time"
)

// Session is a session description. Parse folds what stands on session level
// (address, direction, ptime) into each Media, so that callers look there only.
// Lines that do not matter to a telephone (b= e= i= k= p= r= u= z=) are dropped.
type Session struct {
	Origin     Origin
	Name       string     // s=, empty is written "-"
	Conn       netip.Addr // c= of the session; invalid = none, or a host name
	Attributes []Attribute
	Media      []Media
}

// Origin is the o= line. Numbers are kept as text: far ends send more digits
// than 64 bits hold, and words. Equal origins mean an unchanged description
// (RFC 3264 §8).
type Origin struct {
	User    string // empty is written "-"
	ID      string // empty is written "0"
	Version string // empty is written "0"
	Addr    string // address or host name; empty is written as Conn
}

// Media is one m= line and what follows it.
type Media struct {
	Kind      string        // "audio", "image", "video", … in lower case
	Port      uint16        // 0 = refused or unusable
	Proto     string        // "RTP/AVP", "RTP/SAVP", "udptl", … as received
	Formats   []string      // formats of the m= line; empty: Marshal writes those of Codecs
	Codecs    []Codec       // what the formats mean, in their order; RTP lines only
	PTime     time.Duration // what the sender wants to receive, 0 = not said
	MaxPTime  time.Duration // 0 = not said
	Direction Direction
	Conn      netip.Addr     // where media goes; invalid: none, or see Host
	Host      string         // name that stands in place of an address, not resolved
	RTCP      netip.AddrPort // a=rtcp (RFC 3605); zero = not said, no address = that of Conn
	RTCPMux   bool           // a=rtcp-mux (RFC 5761)
	Crypto    []string       // values of a=crypto (RFC 4568), not interpreted

	Attributes []Attribute // all others, in order: T38…, rtcp-fb, …
}

// Codec is one payload type.
type Codec struct {
	PT       uint8  // 0..127
	Name     string // as received; compare without case
	Rate     int    // clock, Hz
	Channels int    // 1 unless said
	Fmtp     string // format parameters, without the payload type
}

// Attribute is an a= line: name[:value].
type Attribute struct{ Name, Value string }

// Is reports whether the codec has this name and clock.
func (c Codec) Is(name string, rate int) bool {
	return c.Rate == rate && c.Channels <= 1 && strings.EqualFold(c.Name, name)
}

// IsRTP reports whether the line carries RTP under any profile, so that its
// formats are payload types.
func (m *Media) IsRTP() bool {
	return strings.Contains(strings.ToUpper(m.Proto), "RTP/")
}

// Codec returns the first codec of this name and clock.
func (m *Media) Codec(name string, rate int) (Codec, bool) {
	for _, c := range m.Codecs {
		if c.Is(name, rate) {
			return c, true
		}
	}
	return Codec{}, false
}

// Attribute returns the value of the first attribute of this name that has no
// field of its own.
func (m *Media) Attribute(name string) (string, bool) {
	for _, a := range m.Attributes {
		if strings.EqualFold(a.Name, name) {
			return a.Value, true
		}
	}
	return "", false
}

// RTPAddr is where RTP is to be sent; not valid when the line is refused or
// has no address.
func (m *Media) RTPAddr() netip.AddrPort {
	if m.Port == 0 || !m.Conn.IsValid() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(m.Conn, m.Port)
}

// RTCPAddr is where RTCP is to be sent if it has a port of its own: a=rtcp, or
// the port above RTP (RFC 3550 §11). Not valid when there is none. A caller who
// agreed on RTCPMux uses RTPAddr instead.
func (m *Media) RTCPAddr() netip.AddrPort {
	rtp := m.RTPAddr()
	switch {
	case !rtp.IsValid():
		return netip.AddrPort{}
	case m.RTCP.Addr().IsValid():
		return m.RTCP
	case m.RTCP.Port() != 0:
		return netip.AddrPortFrom(rtp.Addr(), m.RTCP.Port())
	case rtp.Port() == 65535:
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
}

// Held reports whether the sender of this description does not want to be
// sent media: by direction, or the old way by address 0.0.0.0 (RFC 3264 §8.4).
func (m *Media) Held() bool {
	return !m.Direction.Receives() || m.Conn.IsValid() && m.Conn.IsUnspecified()
}
