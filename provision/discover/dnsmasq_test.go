//go:build provision

package discover

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// inNamespace is set in the process that asks: the interface to ask on.
const inNamespace = "ATA_TEST_INFORM"

// TestInform asks Debian's dnsmasq across a wire between two network namespaces.
func TestInform(t *testing.T) {
	if iface := os.Getenv(inNamespace); iface != "" {
		ask(t, iface)
		return
	}
	server, client := namespaces(t)
	serve(t, server, `
port=0
interface=wire0
bind-interfaces
dhcp-range=192.0.2.50,192.0.2.60,1h
dhcp-option-force=66,"second.test"
dhcp-option-force=67,"ata.json"
dhcp-option-force=160,"https://first.test/{mac}.json"
dhcp-option-force=150,192.0.2.7
dhcp-option-force=120,sip.test
dhcp-option-force=vendor:ata-agent,7,"https://third.test/x"
`)
	cmd := exec.Command("ip", "netns", "exec", client, os.Args[0], "-test.run", "^TestInform$")
	cmd.Env = append(os.Environ(), inNamespace+"=wire1")
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

// namespaces makes two network namespaces with a wire between them.
func namespaces(t *testing.T) (server, client string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	server, client = fmt.Sprintf("ata-a%d", os.Getpid()), fmt.Sprintf("ata-b%d", os.Getpid())
	for _, ns := range []string{server, client} {
		run(t, "ip", "netns", "add", ns)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", ns).Run() })
	}
	run(t, "ip", "link", "add", "wire0", "netns", server, "type", "veth", "peer", "name", "wire1", "netns", client)
	for ns, set := range map[string][2]string{server: {"wire0", "192.0.2.1/24"}, client: {"wire1", "192.0.2.10/24"}} {
		run(t, "ip", "-n", ns, "addr", "add", set[1], "dev", set[0])
		run(t, "ip", "-n", ns, "link", "set", set[0], "up")
	}
	return server, client
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// serve runs dnsmasq in a namespace until the test is over.
func serve(t *testing.T, ns, conf string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "conf")
	conf += "dhcp-leasefile=" + filepath.Join(dir, "leases") + "\npid-file=" + filepath.Join(dir, "pid") + "\nuser=root\n"
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ip", "netns", "exec", ns, "dnsmasq", "-k", "-C", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}
