//go:build provision

package discover

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/test/peer"
)

// inNamespace is set in the process that asks: the interface to ask on.
const inNamespace = "ATA_TEST_INFORM"

// TestInform asks Debian's dnsmasq across a wire between two network namespaces.
func TestInform(t *testing.T) {
	if iface := os.Getenv(inNamespace); iface != "" {
		ask(t, iface)
		return
	}
	wire := peer.NewWire(t)
	wire.StartDHCP(t, `
dhcp-option-force=66,"second.test"
dhcp-option-force=67,"ata.json"
dhcp-option-force=160,"https://first.test/{mac}.json"
dhcp-option-force=150,192.0.2.7
dhcp-option-force=120,sip.test
dhcp-option-force=vendor:ata-agent,7,"https://third.test/x"
`)
	cmd := peer.In(wire.Device, os.Args[0], "-test.run", "^TestInform$")
	cmd.Env = append(os.Environ(), inNamespace+"="+peer.WireDeviceInterface)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got Options
	if err := json.Unmarshal(out[bytes.IndexByte(out, '{'):bytes.LastIndexByte(out, '}')+1], &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := []string{"https://first.test/{mac}.json", "https://second.test/ata.json", "https://192.0.2.7", "https://third.test/x"}
	if urls := got.URLs(usual, []string{"https"}); !slices.Equal(urls, want) {
		t.Errorf("URLs %q, want %q", urls, want)
	}
	if names := got.SIPNames(); !slices.Equal(names, []string{"sip.test"}) {
		t.Errorf("SIP servers %q", names)
	}
}

// ask runs in the client's namespace.
func ask(t *testing.T, iface string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	o, err := Inform(ctx, iface, "ata-agent:test:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(o); err != nil {
		t.Fatal(err)
	}
}
