package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dialplan"
	"github.com/ata-agent/ata-agent/jsondoc"
)

// document is what the checks see of a parsed document.
type document struct {
	config  *Config
	has     func(path string) bool
	faultAt func(path, text string)
	warnAt  func(path, text string) // of what is allowed and hardly meant
}

// check reports what no single key can tell.
func (d *document) check() {
	if !d.has("/lines") {
		d.faultAt("/lines", "must be there, with an entry for each telephone port")
	}
	d.checkTelemetry()
	d.checkIssued()
	d.checkDeprovision()
	d.checkProvision()
	users := map[string]int{}
	for i := range d.config.Lines {
		l := &d.config.Lines[i]
		path := jsondoc.Pointer("/lines", strconv.Itoa(i))
		if !l.Enabled {
			continue
		}
		d.checkAccount(l, path)
		d.checkSecrecy(l, path)
		d.checkPorts(l, path)
		d.checkPort(l, path)
		if other, twice := users[l.SIP.User+"@"+l.SIP.Registrar]; twice && l.SIP.Register {
			d.faultAt(path+"/sip/user", fmt.Sprintf("is the same account as /lines/%d", other))
		}
		users[l.SIP.User+"@"+l.SIP.Registrar] = i
	}
}

func (d *document) checkAccount(l *Line, path string) {
	if l.SIP.User == "" {
		d.faultAt(path+"/sip/user", "must be set while the line is enabled")
	}
	if strings.ContainsAny(l.SIP.User, "@<>\"; ") {
		d.faultAt(path+"/sip/user", "must be the part before the @ alone")
	}
	if l.SIP.Registrar == "" && l.SIP.OutboundProxy == "" {
		d.faultAt(path+"/sip/registrar", "must be set while the line is enabled")
	}
	d.checkTLS(l.SIP.TLS, path+"/sip/tls")
	d.checkHost(l.SIP.Registrar, path+"/sip/registrar")
	d.checkHost(l.SIP.OutboundProxy, path+"/sip/outbound_proxy")
	for i, a := range l.SIP.TrustedPeers {
		if _, err := ParsePeer(a); err != nil {
			d.faultAt(fmt.Sprintf("%s/sip/trusted_peers/%d", path, i), strconv.Quote(a)+" must be an IP address, or one with a port")
		}
	}
	if a := l.SIP.LocalAddress; a != "" {
		if _, err := netip.ParseAddr(a); err != nil {
			d.faultAt(path+"/sip/local_address", strconv.Quote(a)+" must be an IP address")
		}
	}
}

// plainPort is where servers take SIP without encryption (RFC 3261 §19.1.2).
const plainPort = "5060"

// checkSecrecy warns of a protection that is not what it looks like.
func (d *document) checkSecrecy(l *Line, path string) {
	if l.SIP.Transport != "tls" {
		if l.RTP.SRTP == "optional" || l.RTP.SRTP == "required" {
			d.warnAt(path+"/rtp/srtp", "without sip.transport tls the keys of the voice travel in the open: who can listen to the voice can read them too")
		}
		return
	}
	for key, server := range map[string]string{"registrar": l.SIP.Registrar, "outbound_proxy": l.SIP.OutboundProxy} {
		if _, port, err := net.SplitHostPort(server); err == nil && port == plainPort {
			d.warnAt(path+"/sip/"+key, "port 5060 is that of udp and tcp; tls has 5061, which is taken when no port is named")
		}
	}
}

func (d *document) checkHost(s, path string) {
	if s == "" {
		return
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), "5060"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		d.faultAt(path, strconv.Quote(s)+" has no valid port, allowed: 1 to 65535")
	}
	if host == "" || strings.ContainsAny(host, " /@<>\"?;") {
		d.faultAt(path, strconv.Quote(s)+" must be host or host:port")
	}
}

func (d *document) checkPorts(l *Line, path string) {
	if l.RTP.PortMax < l.RTP.PortMin+3 {
		d.faultAt(path+"/rtp/port_max", fmt.Sprintf("%d must be at least port_min + 3 = %d", l.RTP.PortMax, l.RTP.PortMin+3))
	}
	if l.RTP.JitterMax < l.RTP.JitterMin {
		d.faultAt(path+"/rtp/jitter_max_ms", "must not be less than jitter_min_ms")
	}
}

// checkPort checks what concerns the telephone.
func (d *document) checkPort(l *Line, path string) {
	if _, ok := country.Lookup(l.SLIC.Country); !ok {
		d.faultAt(path+"/slic/country", strconv.Quote(l.SLIC.Country)+" is not a known country; docs/countries.md lists them")
	}
	if l.Dial.Plan != "" {
		if _, err := dialplan.Parse(l.Dial.Plan, l.Dial.PlanSyntax()); err != nil {
			d.faultAt(path+"/dial/plan", err.Error())
		}
	}
	if l.Hook.FlashMin != 0 && l.Hook.FlashMax != 0 && l.Hook.FlashMax <= l.Hook.FlashMin {
		d.faultAt(path+"/hook/flash_max_ms", "must be greater than flash_min_ms")
	}
	if len(l.Ring.Cadence)%2 != 0 {
		d.faultAt(path+"/ring/cadence_ms", "must have an even number of entries: on, off, …")
	}
	if f := l.Ring.Frequency; f != 0 && f < 15 {
		d.faultAt(path+"/ring/freq_hz", "allowed: 0, or 15 to 70")
	}
	for code := range l.Tones.Causes {
		if n, err := strconv.Atoi(code); err != nil || n < 300 || n > 699 {
			d.faultAt(jsondoc.Pointer(path+"/tones/causes", code), "must be a SIP status code, 300 to 699")
		}
	}
	for i, n := range l.Emergency.Numbers {
		if strings.Trim(n, "0123456789*#") != "" {
			d.faultAt(fmt.Sprintf("%s/emergency/numbers/%d", path, i), strconv.Quote(n)+" must be digits")
		}
	}
	if o := l.Codecs.Order; len(o) == 2 && o[0] == o[1] && o[0] != "" {
		d.faultAt(path+"/codecs/order", "names a codec twice")
	}
}

// PlanSyntax is the grammar of the digit map.
func (d *Dial) PlanSyntax() dialplan.Syntax {
	if d.Syntax == "grandstream" {
		return dialplan.Grandstream
	}
	return dialplan.Sipura
}

// ParsePeer reads an entry of trusted_peers; port 0 stands for any.
func ParsePeer(s string) (netip.AddrPort, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(addr, 0), nil
	}
	return netip.ParseAddrPort(s)
}

// Secrecy is whether the voice is encrypted: off, optional or required.
func (l *Line) Secrecy() string {
	switch {
	case l.RTP.SRTP != "auto":
		return l.RTP.SRTP
	case l.SIP.Transport == "tls":
		return "optional"
	}
	return "off"
}

// RecordDomain is the host part of the address of record: the domain, else the
// host of the registrar, else that of the proxy.
func (s *SIP) RecordDomain() string {
	for _, d := range []string{s.Domain, s.Registrar, s.OutboundProxy} {
		if d == "" {
			continue
		}
		if host, _, err := net.SplitHostPort(d); err == nil {
			return host
		}
		return d
	}
	return ""
}
