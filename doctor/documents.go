package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/jsondoc"
	"github.com/ata-agent/ata-agent/tlsfiles"
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

// Warnings says what of a configuration is allowed and hardly meant.
func Warnings(name string, warnings config.Faults) []Finding {
	n := &notes{check: "configuration", subject: name}
	for _, w := range warnings {
		n.add(Warning, w.String(), "put it right, or leave it if it is meant")
	}
	return n.all
}

// soon is how long before a certificate ends a person should know.
const soon = 30 * 24 * time.Hour

// Certificates checks the files of certificates that lines use for SIP.
func Certificates(cfg *config.Config, now time.Time) []Finding {
	var all []Finding
	for i := range cfg.Lines {
		l := &cfg.Lines[i]
		if !l.Enabled || l.SIP.Transport != "tls" {
			continue
		}
		n := &notes{check: "certificates", subject: fmt.Sprintf("line %d", i+1)}
		wrong, coming := tlsfiles.Check(&l.SIP.TLS, now, soon)
		for _, text := range wrong {
			n.add(Fault, text, "put the files right that sip.tls names, and let the service read them")
		}
		for _, text := range coming {
			n.add(Warning, text, "renew it before")
		}
		all = append(all, n.ok("the files of certificates are in order")...)
	}
	return all
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
		n := &notes{check: "dns", subject: host.name}
		if _, _, err := r.LookupSRV(ctx, host.service, host.proto, host.name); err != nil {
			if _, err = r.LookupHost(ctx, host.name); err != nil {
				n.add(Fault, fmt.Sprintf("the name is not found: %v", err), "look at the spelling in the configuration, and at the network")
			}
		}
		all = append(all, n.ok("is found")...)
	}
	return all
}

// server is a name that SRV records of a transport may be for (RFC 3263 §4.1).
type server struct{ name, service, proto string }

// services are the first two labels of SRV records, by transport.
var services = map[string][2]string{"udp": {"sip", "udp"}, "tcp": {"sip", "tcp"}, "tls": {"sips", "tcp"}}

// servers are the names of servers that a configuration is about, each once.
func servers(cfg *config.Config) []server {
	var all []server
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
		s := services[l.SIP.Transport]
		name := server{host, s[0], s[1]}
		if _, err := netip.ParseAddr(host); err != nil && host != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
