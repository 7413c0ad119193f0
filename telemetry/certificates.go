package telemetry

import (
	"errors"
	"fmt"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/tlsfiles"
)

// certificateEnds tells when the first certificate of each use ends; accounts are
// the files of those that lines show to their servers. The files are read each
// time: whoever renews one replaces it.
func certificateEnds(s *Samples, p *config.Provision, t *config.Telemetry, accounts []string) error {
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
	account, err := readAll(accounts...)
	tell("sip", account, err)
	return errors.Join(errs...)
}

// readAll reads files, as far as they are named.
func readAll(names ...string) (all [][]byte, err error) {
	var errs []error
	for _, name := range names {
		if name == "" {
			continue
		}
		data, err := tlsfiles.Read(name)
		all, errs = append(all, data), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// firstEnd is the earliest end of the certificates in some PEM texts, zero if there
// are none.
func firstEnd(pems [][]byte) (end time.Time, err error) {
	for _, text := range pems {
		all, err := tlsfiles.Parse(text)
		for _, c := range all {
			if end.IsZero() || c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
		if err != nil {
			return end, err
		}
	}
	return end, nil
}
