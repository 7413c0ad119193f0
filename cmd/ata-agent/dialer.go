package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	boardfile "github.com/ata-agent/ata-agent/board"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/discover"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/provision/macro"
	"github.com/ata-agent/ata-agent/sip"
)

// dialer makes clients for provisioning servers.
type dialer struct {
	identity boardfile.Identity
	earliest time.Time // that has certainly passed
}

// dial makes a client for the settings of a configuration.
func (d *dialer) dial(p *config.Provision) (provision.Client, error) {
	opts := fetch.Opts{
		UserAgent: "ata-agent/" + version,
		Plain:     slices.Contains(p.Schemes, "http") || slices.Contains(p.Schemes, "tftp"),
		Earliest:  d.earliest,
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
	if p.Trust.CA != "" {
		opts.Roots = x509.NewCertPool()
		if !opts.Roots.AppendCertsFromPEM([]byte(p.Trust.CA)) {
			return nil, errors.New("provision.trust.ca_pem holds no certificate")
		}
	}
	return fetch.New(opts), nil
}

// expand fills in the macros of a URL.
func (d *dialer) expand(url string) string {
	m := macro.Device{MAC: d.identity.MAC, Product: d.identity.Model, Serial: d.identity.Serial, Software: version}
	return m.Braces().ExpandBraces(m.Cisco().Expand(url))
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
		o, trouble = discover.InformAny(ctx, d.class())
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
func (d *dialer) class() string { return "ata-agent:" + d.identity.Model + ":" + version }

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
