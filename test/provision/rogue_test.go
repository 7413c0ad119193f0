//go:build provision

package provision

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/test/peer"
)

// rogueAddress is set in the process that plays the rogue: where it serves.
const rogueAddress = "ATA_TEST_ROGUE"

// TestRogueDHCP has somebody on the local network answer DHCPINFORM by dnsmasq and
// name a provisioning server of their own, which speaks TLS and offers an account. A
// device that has an account does not ask it; one that has none asks, and believes
// nobody whom its own authority does not vouch for.
func TestRogueDHCP(t *testing.T) {
	if address := os.Getenv(rogueAddress); address != "" {
		beRogue(t, address)
		return
	}
	t.Parallel()
	wire := peer.NewWire(t)
	rogue := startRogue(t, wire)
	trust := newProvider(t).section()["trust"] // of a server that is not there
	for _, tt := range []struct {
		name   string
		line   map[string]any
		reason fetch.Reason
	}{
		{"without an account", map[string]any{"enabled": false}, fetch.Untrusted},
		{"with an account", account(5060, "100", "own"), provision.NoServer},
	} {
		doc := object(t, map[string]any{
			"provision": map[string]any{"dhcp": map[string]any{"enabled": true, "inform": true}, "trust": trust, "resync": map[string]any{"jitter_s": 0}},
			"lines":     []any{tt.line},
		})
		a := peer.NewAgent(t, program, []byte(doc))
		a.Process = peer.Start(t, "ata-agent", peer.In(wire.Device,
			a.Program, "run", "-board", a.Board, "-config", a.File(), "-state", a.State))
		d := &device{a, nil}
		d.until(t, 60*time.Second, tt.name+": it has looked", func(s *status) bool {
			return s.Provisioning.State == provision.Waiting && s.Provisioning.Reason == tt.reason
		})
		if out := d.command(t, "config", "show"); strings.Contains(out, "rogue") {
			t.Errorf("%s: %s", tt.name, out)
		}
		a.Stop()
	}
	if out := rogue.String(); !strings.Contains(out, "TLS handshake error") || strings.Contains(out, "asked for") {
		t.Errorf("the rogue saw: %s", out)
	}
}

// startRogue starts the rogue's two servers and returns what the second says.
func startRogue(t *testing.T, wire *peer.Wire) *peer.Log {
	t.Helper()
	address := peer.WireServer + ":8443"
	wire.StartDHCP(t, "dhcp-option-force=160,\"https://"+address+"/{mac}.json\"\n")
	cmd := peer.In(wire.Server, os.Args[0], "-test.run", "^TestRogueDHCP$")
	cmd.Env = append(os.Environ(), rogueAddress+"="+address)
	p := peer.Start(t, "rogue", cmd)
	peer.Eventually(t, 60*time.Second, "the rogue serves", func() bool { return strings.Contains(p.Log.String(), "serving") })
	return p.Log
}

// beRogue serves an account of the rogue's until the process is ended.
func beRogue(t *testing.T, address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked for", r.URL)
		_, _ = io.WriteString(w, `{"generation": 9, "lines": [{"sip": {"registrar": "rogue.test", "user": "1", "password": "x"}}]}`)
	}))
	s.Listener = l
	s.StartTLS()
	fmt.Println("serving")
	select {}
}
