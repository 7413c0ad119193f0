package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	boardfile "github.com/ata-agent/ata-agent/board"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/discover"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/provision/macro"
	"github.com/ata-agent/ata-agent/provision/profile"
	"github.com/ata-agent/ata-agent/provision/push"
	"github.com/ata-agent/ata-agent/sip"
)

// dialer makes clients for provisioning servers.
type dialer struct {
	identity boardfile.Identity
	earliest time.Time // that has certainly passed
	log      *slog.Logger
	from     netip.Addr // requests come from it; zero: from the one that routes there
	counter  counter    // of requests; nil: nobody counts
}

// dial makes a client for the settings of a configuration.
func (d *dialer) dial(p *config.Provision) (provision.Client, error) {
	persona, mac := profile.Lookup(p.Persona), hex.EncodeToString(d.identity.MAC)
	opts := fetch.Opts{
		UserAgent: persona.UserAgent(version, mac, d.identity.Serial),
		Plain:     slices.Contains(p.Schemes, "http") || slices.Contains(p.Schemes, "tftp"),
		Earliest:  d.earliest,
		Detached:  len(p.Trust.ConfigKeys) > 0,
	}
	if d.from.IsValid() {
		opts.Dial = (&net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(d.from, 0))}).DialContext
	}
	switch p.Auth.Mode {
	case "basic", "digest":
		opts.User, opts.Password = p.Auth.User, p.Auth.Password
	case "mtls":
		c, err := tls.LoadX509KeyPair(p.Auth.Certificate, p.Auth.Key)
		if err != nil {
			return nil, fmt.Errorf("the device's certificate: %w", err)
		}
		opts.Certificate = &c
	}
	var err error
	if opts.Roots, err = roots(p.Trust.CA); err != nil {
		return nil, err
	}
	var client provision.Client = fetch.New(opts)
	if d.counter != nil {
		client = &counted{client, d.counter}
	}
	return &profile.Client{Client: client, Files: persona.Files(mac)}, nil
}

// roots are who may vouch for a server; nil: the system's.
func roots(pem string) (*x509.CertPool, error) {
	if pem == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, errors.New("provision.trust.ca_pem holds no certificate")
	}
	return pool, nil
}

// listen holds the connection of a push server.
func (d *dialer) listen(ctx context.Context, p *config.Provision, nudge func()) error {
	trusted, err := roots(p.Trust.CA)
	if err != nil {
		return err
	}
	return push.Listen(ctx, push.Opts{
		URL: d.expand(p, p.Push.URL), Topic: d.expand(p, p.Push.Topic), ClientID: "ata-agent-" + hex.EncodeToString(d.identity.MAC),
		User: p.Push.User, Password: p.Push.Password, TLS: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}, Logger: d.log,
	}, nudge)
}

// device is what macros tell about the device.
func (d *dialer) device() macro.Device {
	return macro.Device{
		MAC: d.identity.MAC, Product: d.identity.Model, Serial: d.identity.Serial, Software: version,
	}
}

// expand fills in the macros of a URL.
func (d *dialer) expand(p *config.Provision, url string) string {
	return profile.Lookup(p.Persona).Expand(d.device(), url)
}

// discover asks the local network for a server: the lease of the board's DHCP
// client, then what the configuration allows beyond that.
func (d *dialer) discover(ctx context.Context, p *config.Provision) ([]string, error) {
	var urls []string
	if p.DHCP.Enabled {
		urls = discover.Leases("/").URLs(p.DHCP.Options, p.Schemes)
	}
	var trouble error
	if len(urls) == 0 && p.DHCP.Enabled && p.DHCP.Inform {
		var o discover.Options
		o, trouble = discover.InformAny(ctx, d.class(p))
		urls = o.URLs(p.DHCP.Options, p.Schemes)
	}
	if len(urls) == 0 && p.PnP {
		var url string
		url, trouble = d.plugAndPlay(ctx)
		urls = discover.Options{discover.URL160: []byte(url)}.URLs([]int{discover.URL160}, p.Schemes)
	}
	if len(urls) == 0 {
		return nil, errors.Join(errors.New("the local network names no server"), trouble)
	}
	return urls, nil
}

// class is the vendor class of the device (RFC 2132 §9.13).
func (d *dialer) class(p *config.Provision) string {
	if persona := profile.Lookup(p.Persona); persona.Is() {
		return persona.Class
	}
	return "ata-agent:" + d.identity.Model + ":" + version
}

func (d *dialer) plugAndPlay(ctx context.Context) (string, error) {
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	return sip.PlugAndPlay(ctx, conn, sip.PlugAndPlayAddr, sip.Device{
		MAC: hex.EncodeToString(d.identity.MAC), Vendor: "ata-agent", Model: d.identity.Model, Version: version,
	})
}
