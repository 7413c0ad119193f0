// Package discover finds out where a provisioning server may be, from what the
// local network says: options of DHCP, and SIP multicast. Nobody has vouched for
// what it finds. It may choose where to ask and never whom to trust.
package discover

import (
	"bytes"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Options are options of DHCP by code (RFC 2132), as they were received.
type Options map[uint8][]byte

// Codes of options.
const (
	VendorSpecific = 43  // RFC 2132 §8.4
	TFTPServer     = 66  // RFC 2132 §9.4: a name, an address or, in practice, a URL
	Bootfile       = 67  // RFC 2132 §9.5
	SIPServers     = 120 // RFC 3361
	TFTPAddresses  = 150 // RFC 5859
	URL159         = 159 // site specific: a URL
	URL160         = 160 // site specific: a URL
)

// Asked are the options worth asking for.
var Asked = []uint8{VendorSpecific, TFTPServer, Bootfile, SIPServers, TFTPAddresses, URL159, URL160}

// maxURLs bounds what a network can make the device try.
const maxURLs = 8

// URLs returns the places that the options name, those of the first code of
// order first. A name without a scheme is tried with each of schemes.
func (o Options) URLs(order []int, schemes []string) []string {
	var found []string
	for _, code := range order {
		for _, text := range o.texts(code) {
			for _, u := range urls(text, schemes) {
				if !slices.Contains(found, u) && len(found) < maxURLs {
					found = append(found, u)
				}
			}
		}
	}
	return found
}

// texts returns what an option names: URLs, hosts, or host/path.
func (o Options) texts(code int) []string {
	if code < 1 || code > 254 {
		return nil
	}
	value := o[uint8(code)]
	switch code {
	case TFTPAddresses:
		return addresses(value)
	case VendorSpecific:
		return vendorTexts(value)
	case SIPServers:
		return nil // names no provisioning server
	case TFTPServer:
		return withFile(text(value), text(o[Bootfile]))
	}
	return []string{text(value)}
}

// withFile puts the boot file behind a server that is no URL and has no path.
func withFile(server, file string) []string {
	if file != "" && server != "" && !strings.Contains(server, "/") {
		server += "/" + strings.TrimPrefix(file, "/")
	}
	return []string{server}
}

// text is an option as text. Some servers end it with NUL.
func text(value []byte) string {
	value, _, _ = bytes.Cut(value, []byte{0})
	for _, b := range value {
		if b < ' ' || b > '~' {
			return ""
		}
	}
	return strings.TrimSpace(string(value))
}

// addresses reads a list of IPv4 addresses.
func addresses(value []byte) []string {
	var list []string
	for ; len(value) >= 4; value = value[4:] {
		list = append(list, netip.AddrFrom4([4]byte(value)).String())
	}
	return list
}

// Sub-options that belong to TR-069: the ACS's URL and the provisioning code.
const (
	acsURL           = 1
	provisioningCode = 2
)

// vendorTexts reads option 43: sub-options that are URLs, or plain text from
// servers that know no sub-options.
func vendorTexts(value []byte) []string {
	var list []string
	for rest := value; len(rest) > 0 && rest[0] != 0xff; {
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return plainText(value)
		}
		code, sub := rest[0], rest[2:2+int(rest[1])]
		rest = rest[2+int(rest[1]):]
		if s := text(sub); code != acsURL && code != provisioningCode && strings.Contains(s, "://") {
			list = append(list, s)
		}
	}
	return list
}

func plainText(value []byte) []string {
	if s := text(value); strings.Contains(s, "://") || strings.Contains(s, ".") {
		return []string{s}
	}
	return nil
}

// urls makes URLs of one thing that the network named. Macros in it stay.
func urls(text string, schemes []string) []string {
	if text == "" {
		return nil
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok {
		if slices.Contains(schemes, strings.ToLower(scheme)) && valid(text) {
			return []string{text}
		}
		return nil
	}
	var list []string
	for _, s := range schemes {
		if u := s + "://" + text; valid(u) {
			list = append(list, u)
		}
	}
	return list
}

// valid reports whether a text could be asked. The names of macros may be in it.
func valid(text string) bool {
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "", "$", "", "(", "", ")", "").Replace(text))
	return err == nil && u.Host != "" && u.User == nil
}

// SIPNames returns the SIP servers that option 120 names: domain names or
// addresses.
func (o Options) SIPNames() []string {
	value := o[SIPServers]
	if len(value) == 0 {
		return nil
	}
	switch value[0] {
	case 0:
		return names(value[1:])
	case 1:
		return addresses(value[1:])
	}
	return nil
}

// names reads domain names in the form of RFC 1035 §3.1, which is not compressed
// here (RFC 3361 §3.1).
func names(value []byte) []string {
	var list []string
	var labels []string
	for len(value) > 0 {
		n := int(value[0])
		switch {
		case n == 0:
			if len(labels) > 0 {
				list = append(list, strings.Join(labels, "."))
			}
			labels, value = nil, value[1:]
		case n > 63 || len(value) < 1+n || text(value[1:1+n]) == "":
			return list
		default:
			labels, value = append(labels, text(value[1:1+n])), value[1+n:]
		}
	}
	return list
}
