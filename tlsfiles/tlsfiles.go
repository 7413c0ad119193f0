// Package tlsfiles reads the certificates that a configuration names for its
// connections, and says in words what is wrong with them.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

// Limit bounds a file of certificates, in bytes.
const Limit = 256 << 10

// Client reads the files of a connection to a server whose certificate must be
// for a name, an IP address among them. There is no way to have it not checked.
// The device's own certificate is read again for each connection, so that one
// that was renewed is in use at once.
func Client(f *config.TLSFiles, server string) (*tls.Config, error) {
	c := &tls.Config{ServerName: server, MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		text, err := Read(f.CA)
		if err != nil {
			return nil, fmt.Errorf("tlsfiles: authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("tlsfiles: %s holds no certificate", f.CA)
		}
	}
	if f.Cert == "" {
		return c, nil
	}
	if _, err := own(f); err != nil {
		return nil, err
	}
	files := *f
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own(&files) }
	return c, nil
}

func own(f *config.TLSFiles) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("tlsfiles: the device's certificate: %w", err)
	}
	return &pair, nil
}

// Read reads a file of certificates, up to Limit.
func Read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, Limit))
}

// Parse returns the certificates of a PEM text; other blocks are left out.
func Parse(text []byte) (all []*x509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return all, fmt.Errorf("tlsfiles: %w", err)
		}
		all = append(all, c)
	}
	return all, nil
}

// Check says in words what is wrong with the files of a connection, or will be
// within soon; nothing if they are in order.
func Check(f *config.TLSFiles, now time.Time, soon time.Duration) (wrong, coming []string) {
	if _, err := Client(f, ""); err != nil {
		return []string{err.Error()}, nil
	}
	for _, name := range []string{f.CA, f.Cert} {
		if name == "" {
			continue
		}
		w, c := checkDates(name, now, soon)
		wrong, coming = append(wrong, w...), append(coming, c...)
	}
	return wrong, coming
}

func checkDates(name string, now time.Time, soon time.Duration) (wrong, coming []string) {
	text, err := Read(name)
	if err != nil {
		return []string{err.Error()}, nil
	}
	all, err := Parse(text)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}, nil
	}
	for _, c := range all {
		who := fmt.Sprintf("%s: the certificate of %q", name, c.Subject.String())
		switch {
		case now.After(c.NotAfter):
			wrong = append(wrong, who+" ended on "+c.NotAfter.Format(time.DateOnly))
		case now.Before(c.NotBefore):
			wrong = append(wrong, who+" begins on "+c.NotBefore.Format(time.DateOnly)+" only, or the clock of this device is wrong")
		case now.Add(soon).After(c.NotAfter):
			coming = append(coming, who+" ends on "+c.NotAfter.Format(time.DateOnly))
		}
	}
	return wrong, coming
}
