package main

import (
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
)

// TestProvisionedByPBX has a server that knows an SPA112 alone.
func TestProvisionedByPBX(t *testing.T) {
	p := newProvider(t)
	d := provisionedDevice(t, p)
	p.set("<flat-profile><Proxy_1_>127.0.0.1:9</Proxy_1_><User_ID_1_>100</User_ID_1_><Password_1_>hunter2</Password_1_><Register_1_>No</Register_1_>" +
		"<Reorder_Delay>7</Reorder_Delay><Echo_Canc_Enable_1_>perhaps</Echo_Canc_Enable_1_></flat-profile>")
	d.start()
	d.eventually("the profile is in force", func(s serviceStatus) bool {
		return s.Provisioning.State == provision.Waiting && p.reported().Result == "applied"
	})
	var a configAnswer
	if err := d.client.get(t.Context(), "/v1/config", &a); err != nil || a.Origins["/lines/0/tones/reorder_delay_s"].Layer != config.Device {
		t.Errorf("origin %+v, %v", a.Origins["/lines/0/tones/reorder_delay_s"], err)
	}
	if said := d.log.String(); !strings.Contains(said, "Echo_Canc_Enable_1_: neither yes nor no") || strings.Contains(said, "hunter2") {
		t.Errorf("the log says %s", said)
	}
}
