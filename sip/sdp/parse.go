package sdp

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

var (
	errNotSDP = errors.New("sdp: parse: no v=0 line")
	errTooBig = errors.New("sdp: parse: more than 64 KiB")
)

// Parse reads a description. It fails only when the bytes are no description
// at all (no v=0, or more than 64 KiB); whatever cannot be used is left out or,
// for a media line, kept with port 0, because an answer must have as many m=
// lines as the offer (RFC 3264 §6). Line ends may be CRLF, LF or missing.
func Parse(text []byte) (*Session, error) {
	if len(text) > 65535 {
		return nil, errTooBig
	}
	var p parser
	for line := range strings.FieldsFuncSeq(string(text), isLineEnd) {
		p.line(strings.Map(printable, line))
	}
	if !p.version {
		return nil, errNotSDP
	}
	p.endMedia()
	return &p.session, nil
}

func isLineEnd(r rune) bool { return r == '\r' || r == '\n' }

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

type parser struct {
	session  Session
	version  bool
	defaults Media // what stands on session level and holds for every media
	media    *Media
	maps     map[uint8]Codec  // rtpmap of the current media
	fmtps    map[uint8]string // fmtp of the current media
}

func (p *parser) line(line string) {
	name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
	if !ok {
		return
	}
	value = strings.TrimSpace(value)
	switch strings.TrimSpace(name) {
	case "v":
		p.version = p.version || value == "0"
	case "o":
		p.session.Origin = parseOrigin(value)
	case "s":
		p.session.Name = value
	case "c":
		p.connection(value)
	case "m":
		p.startMedia(value)
	case "a":
		p.attribute(value)
	}
}

func parseOrigin(value string) Origin {
	f := strings.Fields(value)
	f = append(f, make([]string, max(0, 6-len(f)))...)
	return Origin{User: f[0], ID: f[1], Version: f[2], Addr: f[5]}
}

// connection reads "IN IP4 address[/ttl]". The address says itself which
// family it is.
func (p *parser) connection(value string) {
	f := strings.Fields(value)
	if len(f) < 3 {
		return
	}
	addr, host := parseHost(f[2])
	if !addr.IsValid() && host == "" {
		return
	}
	m := p.media
	if m == nil {
		p.session.Conn, m = addr, &p.defaults
	}
	m.Conn, m.Host = addr, host
}

func parseHost(s string) (netip.Addr, string) {
	s, _, _ = strings.Cut(s, "/")
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.WithZone("").Unmap(), ""
	}
	return netip.Addr{}, s
}

// startMedia reads "kind port[/count] proto format…".
func (p *parser) startMedia(value string) {
	p.endMedia()
	f := strings.Fields(value)
	f = append(f, make([]string, max(0, 3-len(f)))...)
	m := p.defaults
	m.Kind, m.Proto, m.Formats = strings.ToLower(f[0]), f[2], f[3:]
	port, _, _ := strings.Cut(f[1], "/")
	if n, err := strconv.ParseUint(port, 10, 16); err == nil && len(m.Formats) > 0 {
		m.Port = uint16(n)
	}
	p.media, p.maps, p.fmtps = &m, map[uint8]Codec{}, map[uint8]string{}
}

func (p *parser) endMedia() {
	m := p.media
	if m == nil {
		return
	}
	if m.IsRTP() {
		m.Codecs = p.codecs(m.Formats)
	}
	p.session.Media = append(p.session.Media, *m)
	p.media = nil
}

// codecs says what the formats mean. A dynamic type without rtpmap means
// nothing; a type that is listed twice counts once.
func (p *parser) codecs(formats []string) []Codec {
	var list []Codec
	var seen [128]bool
	for _, f := range formats {
		pt, ok := parsePT(f)
		if !ok || seen[pt] {
			continue
		}
		seen[pt] = true
		c, ok := p.maps[pt]
		if !ok {
			c, ok = static[pt]
		}
		if ok {
			c.Fmtp = p.fmtps[pt]
			list = append(list, c)
		}
	}
	return list
}

func parsePT(s string) (uint8, bool) {
	n, err := strconv.ParseUint(s, 10, 7)
	return uint8(n), err == nil
}

func (p *parser) attribute(line string) {
	name, value, _ := strings.Cut(line, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if name == "" {
		return
	}
	if p.media != nil && p.mediaAttribute(name, value) || p.anyAttribute(name, value) {
		return
	}
	a := Attribute{Name: name, Value: value}
	if p.media != nil {
		p.media.Attributes = append(p.media.Attributes, a)
	} else {
		p.session.Attributes = append(p.session.Attributes, a)
	}
}

// anyAttribute takes what may stand on both levels. ptime is a media attribute
// (RFC 8866 §6.4), but gateways put it in front too.
func (p *parser) anyAttribute(name, value string) bool {
	m := p.media
	if m == nil {
		m = &p.defaults
	}
	switch strings.ToLower(name) {
	case "ptime":
		m.PTime = parseTime(value)
	case "maxptime":
		m.MaxPTime = parseTime(value)
	default:
		d, ok := parseDirection(name)
		if !ok {
			return false
		}
		m.Direction = d
	}
	return true
}

func (p *parser) mediaAttribute(name, value string) bool {
	switch strings.ToLower(name) {
	case "rtpmap":
		p.rtpmap(value)
	case "fmtp":
		p.fmtp(value)
	case "rtcp":
		p.media.RTCP = parseRTCP(value)
	case "rtcp-mux":
		p.media.RTCPMux = true
	case "crypto":
		p.media.Crypto = append(p.media.Crypto, value)
	default:
		return false
	}
	return true
}

// rtpmap reads "PT name/clock[/channels]". One that makes no sense is as if
// it were not there.
func (p *parser) rtpmap(value string) {
	number, rest, _ := cutBlank(value)
	pt, ok := parsePT(number)
	name, clock, hasClock := strings.Cut(rest, "/")
	if !ok || !hasClock || name == "" {
		return
	}
	clock, channels, _ := strings.Cut(clock, "/")
	rate, err := strconv.ParseUint(strings.TrimSpace(clock), 10, 31)
	if err != nil || rate == 0 {
		return
	}
	n, err := strconv.ParseUint(strings.TrimSpace(channels), 10, 8)
	if err != nil || n == 0 {
		n = 1
	}
	p.maps[pt] = Codec{PT: pt, Name: strings.TrimSpace(name), Rate: int(rate), Channels: int(n)}
}

func (p *parser) fmtp(value string) {
	number, params, ok := cutBlank(value)
	pt, valid := parsePT(number)
	if !ok || !valid || params == "" {
		return
	}
	if old := p.fmtps[pt]; old != "" {
		params = old + ";" + params
	}
	p.fmtps[pt] = params
}

// parseRTCP reads "port [IN IP4 address]" (RFC 3605 §2.1).
func parseRTCP(value string) netip.AddrPort {
	f := strings.Fields(value)
	if len(f) == 0 {
		return netip.AddrPort{}
	}
	port, err := strconv.ParseUint(f[0], 10, 16)
	if err != nil || port == 0 {
		return netip.AddrPort{}
	}
	var addr netip.Addr
	if len(f) >= 4 {
		addr, _ = parseHost(f[3])
	}
	return netip.AddrPortFrom(addr, uint16(port))
}

// parseTime reads milliseconds, which some write with a fraction; more than
// ten seconds, nothing or nonsense is 0.
func parseTime(value string) time.Duration {
	ms, err := strconv.ParseFloat(value, 64)
	if err != nil || !(ms > 0 && ms <= 10_000) {
		return 0
	}
	return time.Duration(ms * float64(time.Millisecond)).Round(time.Microsecond)
}

func cutBlank(s string) (before, after string, found bool) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, "", false
	}
	return s[:i], strings.TrimSpace(s[i:]), true
}
