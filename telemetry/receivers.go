package telemetry

import (
	"errors"
	"net/url"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/telemetry/mqtt"
	"github.com/ata-agent/ata-agent/telemetry/otlp"
	"github.com/ata-agent/ata-agent/telemetry/receiver"
	"github.com/ata-agent/ata-agent/telemetry/syslog"
	"github.com/ata-agent/ata-agent/tlsfiles"
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
		c, err := tlsfiles.Client(&cfg.OTLP.TLS, u.Hostname())
		return otlp.New(cfg.OTLP.URL, version, receiver.NewPoster(packer, c, cfg.OTLP.Authorization)), err
	})
	add(cfg.HTTPS.URL, cfg.HTTPS.Categories, func(u *url.URL) (Receiver, error) {
		c, err := tlsfiles.Client(&cfg.HTTPS.TLS, u.Hostname())
		return receiver.NewHTTPS(cfg.HTTPS.URL, receiver.NewPoster(packer, c, cfg.HTTPS.Authorization)), err
	})
	add(cfg.MQTT.URL, cfg.MQTT.Categories, func(u *url.URL) (Receiver, error) {
		o := mqtt.Opts{Address: u.Host, User: cfg.MQTT.User, Password: cfg.MQTT.Password, Topic: cfg.MQTT.Topic}
		var err error
		if u.Scheme == "mqtts" {
			o.TLS, err = tlsfiles.Client(&cfg.MQTT.TLS, u.Hostname())
		}
		return mqtt.New(o), err
	})
	add(cfg.Syslog.URL, cfg.Syslog.Categories, func(u *url.URL) (Receiver, error) {
		if u.Scheme == "udp" {
			return syslog.New(u.Host, nil), nil
		}
		c, err := tlsfiles.Client(&cfg.Syslog.TLS, u.Hostname())
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
