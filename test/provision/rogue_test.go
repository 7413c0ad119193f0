//go:build provision

package provision

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
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
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	network := newWire(t)
	rogue := network.rogue(t)
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
		a.Process = peer.Start(t, "ata-agent", exec.Command("ip", "netns", "exec", network.device,
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

// wire are two network namespaces and what is between them.
type wire struct{ others, device string }

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{fmt.Sprintf("ata-rogue%d", os.Getpid()), fmt.Sprintf("ata-device%d", os.Getpid())}
	t.Cleanup(func() {
		for _, ns := range []string{w.others, w.device} {
			_ = exec.Command("ip", "netns", "del", ns).Run()
		}
	})
	for _, args := range []string{
		"netns add " + w.others, "netns add " + w.device,
		"link add wire0 netns " + w.others + " type veth peer name wire1 netns " + w.device,
		"-n " + w.others + " addr add 192.0.2.1/24 dev wire0", "-n " + w.others + " link set wire0 up",
		"-n " + w.device + " addr add 192.0.2.10/24 dev wire1", "-n " + w.device + " link set wire1 up",
		"-n " + w.others + " link set lo up", "-n " + w.device + " link set lo up",
	} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", args, err, out)
		}
	}
	return w
}

// rogue starts the rogue's two servers and returns what the second says.
func (w *wire) rogue(t *testing.T) *peer.Log {
	t.Helper()
	dir := t.TempDir()
	peer.WriteFile(t, filepath.Join(dir, "conf"), fmt.Appendf(nil, "port=0\ninterface=wire0\nbind-interfaces\nuser=root\n"+
		"dhcp-range=192.0.2.50,192.0.2.60,1h\ndhcp-option-force=160,\"https://192.0.2.1:8443/{mac}.json\"\n"+
		"dhcp-leasefile=%s/leases\npid-file=%s/pid\n", dir, dir))
	peer.Start(t, "dnsmasq", exec.Command("ip", "netns", "exec", w.others, "dnsmasq", "-k", "-C", filepath.Join(dir, "conf")))
	cmd := exec.Command("ip", "netns", "exec", w.others, os.Args[0], "-test.run", "^TestRogueDHCP$")
	cmd.Env = append(os.Environ(), rogueAddress+"=192.0.2.1:8443")
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
