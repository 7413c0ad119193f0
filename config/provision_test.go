package config

import (
	"strings"
	"testing"
)

func TestProvisionFaults(t *testing.T) {
	for section, want := range map[string]string{
		`{"url": "prov.test/x"}`:                                             "/provision/url: must be a URL with a host",
		`{"url": "ftp://prov.test/x"}`:                                       "/provision/url: must begin with one of https, http, tftp",
		`{"url": "http://prov.test/x"}`:                                      "/provision/url: http is not among provision.schemes",
		`{"url": "https://me:hunter2@prov.test/x"}`:                          "/provision/url: must not hold a user or password",
		`{"fallback": ["https://ok.test", "tftp://t.test/x"]}`:               "/provision/fallback/1: tftp is not among",
		`{"auth": {"mode": "digest"}}`:                                       "/provision/auth/user: must be set for digest",
		`{"auth": {"certificate": "/x.pem"}}`:                                "/provision/auth/key: must be set together with certificate",
		`{"auth": {"mode": "basic", "user": "u", "password": "sip-secret"}}`: "/provision/auth/password: is that of the SIP account of /lines/0",
		`{"push": {"url": "wss://p.test", "password": "sip-secret"}}`:        "/provision/push/password: is that of the SIP account",
		`{"push": {"url": "mqtts://p.test"}}`:                                "/provision/push/topic: must be set for an MQTT server",
		`{"push": {"url": "https://p.test"}}`:                                "/provision/push/url: must begin with one of mqtts, mqtt, wss, ws",
		`{"resync": {"at": "25:00"}}`:                                        "/provision/resync/at: must be a time of day",
		`{"resync": {"window": "02:00"}}`:                                    "/provision/resync/window: must be two times of day",
		`{"trust": {"require_signature": true}}`:                             "/provision/trust/config_keys: must name a key",
	} {
		doc := `{"provision": ` + section + `, "lines": [{"sip": {"registrar": "r", "user": "1", "password": "sip-secret"}}]}`
		_, err := Parse("c", []byte(doc))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: %v, want %q alone", section, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "sip-secret")) {
			t.Errorf("%s: a secret is told: %v", section, err)
		}
	}
	good := `{"issued": "2026-11-21T16:00:00Z", "provision": {"url": "http://p.test/{mac}.json", "schemes": ["https", "http"],
		"resync": {"at": "03:30", "window": "22:00-05:00"}, "push": {"url": "mqtts://p.test", "topic": "ata/{mac}"}}, "lines": []}`
	if _, err := Parse("c", []byte(strings.Replace(good, `"lines": []`, `"lines": [{"enabled": false}]`, 1))); err != nil {
		t.Error(err)
	}
	if _, err := Parse("c", []byte(`{"issued": "yesterday", "lines": [{"enabled": false}]}`)); err == nil || !strings.Contains(err.Error(), "c:1:12: /issued: must be a date") {
		t.Errorf("issued: %v", err)
	}
}
