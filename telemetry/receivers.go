package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/telemetry/mqtt"
	"github.com/ata-agent/ata-agent/telemetry/otlp"
	"github.com/ata-agent/ata-agent/telemetry/receiver"
	"github.com/ata-agent/ata-agent/telemetry/syslog"
)

// receiverNames are all that there can be.
var receiverNames = []string{"otlp", "https", "mqtt", "syslog"}

// receivers makes those that a configuration names. The error lists those that
// could not be made.
func receivers(cfg *config.Telemetry, version string) ([]target, error) {
	var list []target
	var errs []error
	packer := &receiver.Packer{}
	add := func(address string, categories []string, make func(*url.URL) (Receiver, error)) {
		if address == "" {
			return
		}
		u, err := url.Parse(address)
		if err != nil {
			errs = append(errs, err)
			return
		}
		r, err := make(u)
		if err != nil {
			errs = append(errs, err)
			return
		}
		list = append(list, target{r, categoriesOf(categories)})
	}
	add(cfg.OTLP.URL, cfg.OTLP.Categories, func(u *url.URL) (Receiver, error) {
		c, err := certificates(&cfg.OTLP.TLS, u)
		return otlp.New(cfg.OTLP.URL, version, receiver.NewPoster(packer, c, cfg.OTLP.Authorization)), err
	})
	add(cfg.HTTPS.URL, cfg.HTTPS.Categories, func(u *url.URL) (Receiver, error) {
		c, err := certificates(&cfg.HTTPS.TLS, u)
		return receiver.NewHTTPS(cfg.HTTPS.URL, receiver.NewPoster(packer, c, cfg.HTTPS.Authorization)), err
	})
	add(cfg.MQTT.URL, cfg.MQTT.Categories, func(u *url.URL) (Receiver, error) {
		o := mqtt.Opts{Address: u.Host, User: cfg.MQTT.User, Password: cfg.MQTT.Password, Topic: cfg.MQTT.Topic}
		var err error
		if u.Scheme == "mqtts" {
			o.TLS, err = certificates(&cfg.MQTT.TLS, u)
		}
		return mqtt.New(o), err
	})
	add(cfg.Syslog.URL, cfg.Syslog.Categories, func(u *url.URL) (Receiver, error) {
		if u.Scheme == "udp" {
			return syslog.New(u.Host, nil), nil
		}
		c, err := certificates(&cfg.Syslog.TLS, u)
		return syslog.New(u.Host, c), err
	})
	return list, errors.Join(errs...)
}

// categoriesOf is the set of some names; none stands for all.
func categoriesOf(names []string) privacy.Set {
	if len(names) == 0 {
		return privacy.Everything
	}
	set, _ := privacy.ParseSet(names) // config allows known names alone
	return set
}

// certificates reads the files of a connection to the host of a URL.
func certificates(f *config.TLSFiles, u *url.URL) (*tls.Config, error) {
	c := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, fmt.Errorf("telemetry: authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("telemetry: %s holds no certificate", f.CA)
		}
	}
	if f.Cert != "" {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("telemetry: certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
