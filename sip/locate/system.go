package locate

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"
)

// System is the Resolver of this machine: the hosts file, then the name servers
// of resolv.conf, or Go's resolver if there are none. The files are read for
// each question, so a new lease needs no restart.
type System struct {
	ResolvConf string // [/etc/resolv.conf]
	Hosts      string // [/etc/hosts]
}

// Query asks for a record.
func (s *System) Query(ctx context.Context, kind Kind, name string) ([]Record, error) {
	if kind == A || kind == AAAA {
		if found := hostRecords(readFile(s.Hosts, "/etc/hosts"), kind, name); len(found) > 0 {
			return found, nil
		}
	}
	if servers := nameServers(readFile(s.ResolvConf, "/etc/resolv.conf")); len(servers) > 0 {
		c := Client{Servers: servers}
		return c.Query(ctx, kind, name)
	}
	return goQuery(ctx, kind, name)
}

// readFile gives a file's text, empty if it cannot be read: then the next
// source is asked.
func readFile(path, usual string) string {
	if path == "" {
		path = usual
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

// maxServers is how many name servers the C library uses (resolv.conf(5)).
const maxServers = 3

func nameServers(text string) []netip.AddrPort {
	var list []netip.AddrPort
	for f := range fieldLines(text, "#;") {
		if len(f) < 2 || f[0] != "nameserver" || len(list) == maxServers {
			continue
		}
		if ip, err := netip.ParseAddr(f[1]); err == nil {
			list = append(list, netip.AddrPortFrom(ip, 53))
		}
	}
	return list
}

// hostTTL is how long an address of the hosts file is kept: not long, it is at
// hand.
const hostTTL = 30 * time.Second

func hostRecords(text string, kind Kind, name string) []Record {
	var list []Record
	for f := range fieldLines(text, "#") {
		ip, err := netip.ParseAddr(f[0])
		if err != nil || ip.Unmap().Is4() != (kind == A) {
			continue
		}
		if slices.ContainsFunc(f[1:], func(n string) bool { return sameName(n, name) }) {
			list = append(list, Record{TTL: hostTTL, Addr: ip.Unmap()})
		}
	}
	return list
}

// fieldLines yields the words of each line, without comments.
func fieldLines(text, comment string) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(text) {
			if i := strings.IndexAny(line, comment); i >= 0 {
				line = line[:i]
			}
			if f := strings.Fields(line); len(f) > 0 && !yield(f) {
				return
			}
		}
	}
}

// goTTL stands for the time to live that Go's resolver does not tell.
const goTTL = time.Minute

func goQuery(ctx context.Context, kind Kind, name string) ([]Record, error) {
	var list []Record
	var err error
	switch kind {
	case A, AAAA:
		network := map[Kind]string{A: "ip4", AAAA: "ip6"}[kind]
		var ips []netip.Addr
		ips, err = net.DefaultResolver.LookupNetIP(ctx, network, name)
		for _, ip := range ips {
			list = append(list, Record{TTL: goTTL, Addr: ip.Unmap()})
		}
	case SRV:
		var servers []*net.SRV
		_, servers, err = net.DefaultResolver.LookupSRV(ctx, "", "", name)
		for _, s := range servers {
			list = append(list, Record{TTL: goTTL, Name: strings.TrimSuffix(s.Target, "."), Port: s.Port, Priority: s.Priority, Weight: s.Weight})
		}
	default:
		return nil, ErrNotFound // it knows no NAPTR
	}
	var dnsErr *net.DNSError
	if errors.As(err, &dnsErr) && dnsErr.IsNotFound {
		return nil, ErrNotFound
	}
	return list, err
}
