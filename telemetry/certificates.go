package telemetry

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

// certificateLimit bounds a file of certificates, in bytes.
const certificateLimit = 256 << 10

// certificateEnds tells when the first certificate of each use ends. The files are
// read each time: whoever renews one replaces it.
func certificateEnds(s *Samples, p *config.Provision, t *config.Telemetry) error {
	var errs []error
	tell := func(use string, pems [][]byte, err error) {
		errs = append(errs, err)
		end, err := firstEnd(pems)
		if err != nil {
			errs = append(errs, fmt.Errorf("certificate for %s: %w", use, err))
		}
		if !end.IsZero() {
			s.Set(certificateEnd, float64(end.Unix()), use)
		}
	}
	device, err := readAll(p.Auth.Certificate)
	tell("device", device, err)
	tell("server", [][]byte{[]byte(p.Trust.CA)}, nil)
	own, err := readAll(t.OTLP.TLS.Cert, t.HTTPS.TLS.Cert, t.MQTT.TLS.Cert, t.Syslog.TLS.Cert)
	tell("telemetry", own, err)
	return errors.Join(errs...)
}

// readAll reads files, as far as they are named.
func readAll(names ...string) (all [][]byte, err error) {
	var errs []error
	for _, name := range names {
		if name == "" {
			continue
		}
		data, err := readCertificates(name)
		all, errs = append(all, data), append(errs, err)
	}
	return all, errors.Join(errs...)
}

func readCertificates(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, certificateLimit))
}

// firstEnd is the earliest end of the certificates in some PEM texts, zero if there
// are none.
func firstEnd(pems [][]byte) (end time.Time, err error) {
	for _, text := range pems {
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if block.Type != "CERTIFICATE" {
				continue
			}
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return end, err
			}
			if end.IsZero() || c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
	}
	return end, nil
}
