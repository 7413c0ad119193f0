package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/jsondoc"
)

// Document says what is wrong with a document, from the error of reading and
// checking it. check is board or configuration.
func Document(check, name string, err error) []Finding {
	n := &notes{check: check, subject: name}
	var faults jsondoc.Faults
	switch {
	case errors.As(err, &faults):
		for _, f := range faults {
			n.add(Fault, f.String(), "put it right; the text says what is allowed")
		}
	case err != nil:
		n.add(Fault, err.Error(), "")
	}
	return n.ok("is valid")
}

// Resolver finds addresses; net.Resolver is one.
type Resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// Names checks that the servers of a configuration can be found.
func Names(ctx context.Context, r Resolver, cfg *config.Config) []Finding {
	var all []Finding
	for _, host := range servers(cfg) {
		n := &notes{check: "dns", subject: host}
		if _, _, err := r.LookupSRV(ctx, "sip", "udp", host); err != nil {
			if _, err = r.LookupHost(ctx, host); err != nil {
				n.add(Fault, fmt.Sprintf("the name is not found: %v", err), "look at the spelling in the configuration, and at the network")
			}
		}
		all = append(all, n.ok("is found")...)
	}
	return all
}

// servers are the names of servers that a configuration is about, each once.
func servers(cfg *config.Config) []string {
	var all []string
	for i := range cfg.Lines {
		l := &cfg.Lines[i]
		if !l.Enabled {
			continue
		}
		host := l.SIP.OutboundProxy
		if host == "" {
			host = l.SIP.Registrar
		}
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if _, err := netip.ParseAddr(host); err != nil && host != "" && !slices.Contains(all, host) {
			all = append(all, host)
		}
	}
	return all
}
