package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// start opens the transport and begins to register.
func (u *UA) start() error {
	local, err := u.localAddr()
	if err != nil {
		return err
	}
	if err := u.stack.open(local); err != nil {
		return err
	}
	u.publish()
	u.trustServers()
	return nil
}

// localAddr is where to bind: as told, or the address that faces the server.
func (u *UA) localAddr() (netip.AddrPort, error) {
	if u.opts.LocalAddr.IsValid() {
		return addrPortOf(u.opts.LocalAddr, u.opts.LocalPort), nil
	}
	p := u.serverPlace()
	port := p.port
	if port == 0 {
		port = 5060
	}
	// connecting a UDP socket sends nothing; it asks the kernel for the route
	c, err := net.DialTimeout("udp", net.JoinHostPort(p.host, strconv.Itoa(port)), 5*time.Second)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("sip: find local address: %w", err)
	}
	defer c.Close()
	return addrPortOf(addrPort(c.LocalAddr()).Addr(), u.opts.LocalPort), nil
}

// trustServers lets the servers of the account send requests.
func (u *UA) trustServers() {
	u.locate(u.serverPlace(), func(list []target, err error) {
		for _, t := range list {
			u.guard.trust(t.addr)
		}
	})
}

func (u *UA) unregister()      {}
func (u *UA) flowLost(f *flow) {}

func (u *UA) serverName(f *flow) string { return u.serverPlace().host }

// lookup asks the system's resolver for addresses.
func lookup(ctx context.Context, host string, port int, tr Transport) ([]Target, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("sip: look up %s: %w", host, err)
	}
	var list []Target
	for _, a := range addrs {
		t := literal(a, place{host, port, tr})
		list = append(list, Target{Addr: t.addr, Transport: t.transport, ServerName: host})
	}
	return list, nil
}
