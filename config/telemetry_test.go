package config

import (
	"errors"
	"strings"
	"testing"
)

func TestTelemetryFaults(t *testing.T) {
	for doc, want := range map[string]string{
		`"listen": "localhost:9273"`:                                "/telemetry/listen: ",
		`"otlp": {"url": "ftp://x"}`:                                "/telemetry/otlp/url: must be http://… or https://…",
		`"https": {"url": "https://u:hunter2@x"}`:                   "/telemetry/https/url: must not hold a user or password",
		`"mqtt": {"url": "mqtt://broker"}`:                          "/telemetry/mqtt/url: must name a port",
		`"mqtt": {"url": "mqtt://broker:1883", "topic": "a/#"}`:     "/telemetry/mqtt/topic: ",
		`"syslog": {"url": "tcp://x:1"}`:                            "/telemetry/syslog/url: must be udp://… or tls://…",
		`"syslog": {"url": "tls://x:1", "tls": {"cert_file": "c"}}`: "/telemetry/syslog/tls/key_file: ",
		`"hep": {"server": "x"}`:                                    "/telemetry/hep/server: ",
	} {
		_, err := Parse("c", []byte(`{"lines": [{"sip": {"registrar": "r.test", "user": "1"}}], "telemetry": {`+doc+`}}`))
		var faults Faults
		if !errors.As(err, &faults) || len(faults) != 1 || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", doc, err, want)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the fault repeats the password: %v", doc, err)
		}
	}
}
