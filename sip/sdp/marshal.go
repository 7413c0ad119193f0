package sdp

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Marshal writes the description in the order of RFC 8866 §5 with CRLF line
// ends. Control characters in any text become blanks, so no field can add a
// line. Marshalling what Parse makes of the result gives the same text.
func (s *Session) Marshal() []byte {
	var w writer
	w.line("v=", "0")
	w.line("o=", s.Origin.line(s.Conn))
	w.line("s=", orDash(s.Name))
	if s.Conn.IsValid() {
		w.line("c=", connection(s.Conn))
	}
	w.line("t=", "0 0")
	w.attributes(s.Attributes)
	for i := range s.Media {
		w.media(&s.Media[i], s.Conn)
	}
	return w.buf
}

func (o Origin) line(conn netip.Addr) string {
	addr := o.Addr
	if addr == "" {
		addr = "0.0.0.0"
		if conn.IsValid() {
			addr = conn.String()
		}
	}
	family := "IP4"
	if strings.Contains(addr, ":") {
		family = "IP6"
	}
	return strings.Join([]string{orDash(o.User), orZero(o.ID), orZero(o.Version), "IN", family, addr}, " ")
}

func orDash(s string) string { return or(s, "-") }
func orZero(s string) string { return or(s, "0") }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func connection(addr netip.Addr) string {
	if addr.Is6() && !addr.Is4In6() {
		return "IN IP6 " + addr.WithZone("").String()
	}
	return "IN IP4 " + addr.Unmap().String()
}

type writer struct{ buf []byte }

// line writes prefix and value; only value may come from outside.
func (w *writer) line(prefix, value string) {
	w.buf = append(w.buf, prefix...)
	for i := range len(value) {
		c := value[i]
		if c < ' ' || c == 0x7f {
			c = ' '
		}
		w.buf = append(w.buf, c)
	}
	w.buf = append(w.buf, '\r', '\n')
}

func (w *writer) attributes(list []Attribute) {
	for _, a := range list {
		if a.Value == "" {
			w.line("a=", a.Name)
		} else {
			w.line("a=", a.Name+":"+a.Value)
		}
	}
}

func (w *writer) media(m *Media, session netip.Addr) {
	fields := append([]string{orDash(m.Kind), strconv.Itoa(int(m.Port)), orDash(m.Proto)}, m.formats()...)
	w.line("m=", strings.Join(fields, " "))
	switch {
	case m.Host != "":
		w.line("c=", "IN IP4 "+m.Host)
	case m.Conn.IsValid() && m.Conn != session:
		w.line("c=", connection(m.Conn))
	}
	w.codecs(m.Codecs)
	w.time("ptime:", m.PTime)
	w.time("maxptime:", m.MaxPTime)
	if m.IsRTP() || m.Direction != SendRecv {
		w.line("a=", m.Direction.String())
	}
	w.rtcp(m)
	for _, c := range m.Crypto {
		w.line("a=crypto:", c)
	}
	w.attributes(m.Attributes)
}

func (m *Media) formats() []string {
	if len(m.Formats) > 0 {
		return m.Formats
	}
	var list []string
	for _, c := range m.Codecs {
		list = append(list, strconv.Itoa(int(c.PT)))
	}
	return list
}

func (w *writer) codecs(list []Codec) {
	for _, c := range list {
		pt := strconv.Itoa(int(c.PT))
		text := pt + " " + c.Name + "/" + strconv.Itoa(c.Rate)
		if c.Channels > 1 {
			text += "/" + strconv.Itoa(c.Channels)
		}
		w.line("a=rtpmap:", text)
		if c.Fmtp != "" {
			w.line("a=fmtp:", pt+" "+c.Fmtp)
		}
	}
}

func (w *writer) time(name string, d time.Duration) {
	if d > 0 {
		ms := strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', -1, 64)
		w.line("a=", name+ms)
	}
}

func (w *writer) rtcp(m *Media) {
	if m.RTCP.Port() != 0 {
		text := strconv.Itoa(int(m.RTCP.Port()))
		if m.RTCP.Addr().IsValid() {
			text += " " + connection(m.RTCP.Addr())
		}
		w.line("a=rtcp:", text)
	}
	if m.RTCPMux {
		w.line("a=", "rtcp-mux")
	}
}
