// Package locate finds the servers of a SIP domain (RFC 3263, RFC 2782) and
// remembers which of them failed.
package locate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Target is one way to reach a server.
type Target struct {
	Addr       netip.AddrPort
	Transport  string // "udp", "tcp" or "tls"
	ServerName string // the name asked for, which a certificate must show (RFC 5922 §4)
}

// Kind is a type of DNS record.
type Kind uint16

// The types that are asked for.
const (
	A     Kind = 1
	AAAA  Kind = 28
	SRV   Kind = 33
	NAPTR Kind = 35
)

// Record is one DNS record.
type Record struct {
	TTL      time.Duration
	Addr     netip.Addr // A, AAAA
	Name     string     // SRV target, NAPTR replacement; without final dot, empty = "."
	Priority uint16     // SRV priority, NAPTR order: lowest first
	Weight   uint16     // SRV weight, NAPTR preference
	Port     uint16     // SRV
	Flags    string     // NAPTR, lower case
	Service  string     // NAPTR, upper case
}

// Resolver asks the DNS. Query returns ErrNotFound if the name, or a record of
// this type, does not exist; any other error means that nobody knows. It may
// block until ctx ends and may be called from several goroutines.
type Resolver interface {
	Query(ctx context.Context, kind Kind, name string) ([]Record, error)
}

// ErrNotFound says that there is no such record.
var ErrNotFound = errors.New("locate: no such record")

// Locator finds servers. Its methods may be called from any goroutine.
type Locator struct {
	resolver Resolver
	random   *rand.Rand
	asked    func(time.Duration)

	mu      sync.Mutex
	cache   map[question]*entry
	failed  map[place]failure
	prefer6 bool // the family that worked last
}

// Opts are the settings of a Locator.
type Opts struct {
	Resolver Resolver   // [System]
	Random   *rand.Rand // draws the order among SRV records; used under a lock [seeded by the system]
	// Asked is told how long the resolver took for each answer, or to give up. It
	// must not block [nobody].
	Asked func(took time.Duration)
}

// New makes a Locator.
func New(opts Opts) *Locator {
	if opts.Resolver == nil {
		opts.Resolver = &System{}
	}
	if opts.Random == nil {
		opts.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if opts.Asked == nil {
		opts.Asked = func(time.Duration) {}
	}
	return &Locator{
		resolver: opts.Resolver, random: opts.Random, asked: opts.Asked,
		cache: map[question]*entry{}, failed: map[place]failure{},
	}
}

// Locate lists the servers of a host in the order to try them: as RFC 3263 §4
// has it, but those that failed lately come last. port 0 means that none was
// given; transport "" that any will do. The order among equals is drawn once
// and stays while the DNS says the same, so a line keeps to its server. It
// fails if there is no address at all.
func (l *Locator) Locate(ctx context.Context, host string, port int, transport string) ([]Target, error) {
	if port < 0 || port > 65535 {
		return nil, fmt.Errorf("locate: %s: port %d", host, port)
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return []Target{at(ip.Unmap(), port, transport, host)}, nil
	}
	list, err := l.find(ctx, host, port, transport)
	if len(list) == 0 {
		if err == nil {
			err = ErrNotFound
		}
		return nil, fmt.Errorf("locate: %s: %w", host, err)
	}
	return l.sortFailed(unique(list)), nil
}

// at is a target whose port and transport are the usual ones if not given.
func at(ip netip.Addr, port int, transport, name string) Target {
	if transport == "" {
		transport = "udp"
	}
	if port == 0 {
		port = 5060
		if transport == "tls" {
			port = 5061
		}
	}
	return Target{Addr: netip.AddrPortFrom(ip, uint16(port)), Transport: transport, ServerName: name}
}

func unique(list []Target) []Target {
	var out []Target
	for _, t := range list {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// service is an SRV name and the transport it stands for.
type service struct{ name, transport string }

// find goes down the steps of RFC 3263 §4.1 and §4.2. If a step gives no
// address the next is taken: what matters is to get through.
func (l *Locator) find(ctx context.Context, host string, port int, transport string) ([]Target, error) {
	if port != 0 {
		return l.addresses(ctx, host, host, port, transport)
	}
	services, err := l.services(ctx, host, transport)
	var list []Target
	for _, s := range services {
		found, srvErr := l.servers(ctx, s, host)
		list, err = append(list, found...), errors.Join(err, srvErr)
	}
	if len(list) > 0 {
		return list, nil
	}
	list, addrErr := l.addresses(ctx, host, host, 0, transport)
	return list, errors.Join(err, addrErr)
}

// services are the SRV names to ask for: those of NAPTR if the transport is
// open, else the usual ones.
func (l *Locator) services(ctx context.Context, host, transport string) ([]service, error) {
	usual := []service{{"_sips._tcp." + host, "tls"}, {"_sip._tcp." + host, "tcp"}, {"_sip._udp." + host, "udp"}}
	if transport != "" {
		return slices.DeleteFunc(usual, func(s service) bool { return s.transport != transport }), nil
	}
	records, err := l.query(ctx, NAPTR, host)
	if named := naptrServices(records); len(named) > 0 {
		return named, nil
	}
	return usual, ignoreNotFound(err)
}

// naptrServices are the services among the NAPTR records that SIP has, best
// first (RFC 3263 §4.1).
func naptrServices(records []Record) []service {
	transports := map[string]string{"SIPS+D2T": "tls", "SIP+D2T": "tcp", "SIP+D2U": "udp"}
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Weight, b.Weight))
	})
	var list []service
	for _, r := range records {
		if t := transports[r.Service]; t != "" && r.Flags == "s" && r.Name != "" {
			list = append(list, service{r.Name, t})
		}
	}
	return list
}

// servers are the addresses behind an SRV name.
func (l *Locator) servers(ctx context.Context, s service, host string) ([]Target, error) {
	records, err := l.query(ctx, SRV, s.name)
	err = ignoreNotFound(err)
	var list []Target
	for _, r := range records {
		if r.Name == "" || r.Port == 0 { // "." means: not offered here (RFC 2782)
			continue
		}
		found, addrErr := l.addresses(ctx, r.Name, host, int(r.Port), s.transport)
		list, err = append(list, found...), errors.Join(err, addrErr)
	}
	return list, err
}

// addresses are those of a host, in the family that worked last first. Both
// are asked for at the same time.
func (l *Locator) addresses(ctx context.Context, host, name string, port int, transport string) ([]Target, error) {
	if ip, err := netip.ParseAddr(host); err == nil { // seen in SRV records
		return []Target{at(ip.Unmap(), port, transport, name)}, nil
	}
	var wg sync.WaitGroup
	var v4, v6 []Record
	var err4, err6 error
	wg.Go(func() { v6, err6 = l.query(ctx, AAAA, host) })
	v4, err4 = l.query(ctx, A, host)
	wg.Wait()
	records := slices.Concat(v4, v6)
	if l.prefers6() {
		records = slices.Concat(v6, v4)
	}
	var list []Target
	for _, r := range records {
		list = append(list, at(r.Addr, port, transport, name))
	}
	return list, errors.Join(ignoreNotFound(err4), ignoreNotFound(err6))
}

func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
