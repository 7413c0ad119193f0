package peer

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

// Wire are two network namespaces with a wire between them.
type Wire struct {
	Server, Device string // their names
}

// Addresses of the ends of a wire, a network of documentation (RFC 5737), and the
// interfaces that have them.
const (
	WireServer, WireServerInterface = "192.0.2.1", "wire0"
	WireDevice, WireDeviceInterface = "192.0.2.10", "wire1"
)

var wires atomic.Int32

// NewWire makes a wire until the test is over. Without root the test is skipped.
func NewWire(t *testing.T) *Wire {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	id := fmt.Sprintf("%d-%d", os.Getpid(), wires.Add(1))
	w := &Wire{"ata-server" + id, "ata-device" + id}
	for _, ns := range []string{w.Server, w.Device} {
		ip(t, "netns add "+ns)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", ns).Run() })
		ip(t, "-n "+ns+" link set lo up")
	}
	ip(t, "link add "+WireServerInterface+" netns "+w.Server+" type veth peer name "+WireDeviceInterface+" netns "+w.Device)
	for _, end := range [][3]string{{w.Server, WireServerInterface, WireServer}, {w.Device, WireDeviceInterface, WireDevice}} {
		ip(t, "-n "+end[0]+" addr add "+end[2]+"/24 dev "+end[1])
		ip(t, "-n "+end[0]+" link set "+end[1]+" up")
	}
	return w
}

func ip(t *testing.T, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}

// In is a command in one of the namespaces.
func In(namespace, name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", namespace, name}, args...)...)
}

// StartDHCP runs dnsmasq as the wire's DHCP server, with options in its own words.
func (w *Wire) StartDHCP(t *testing.T, options string) {
	t.Helper()
	dir := t.TempDir()
	WriteFile(t, dir+"/conf", fmt.Appendf(nil, "port=0\nuser=root\nbind-interfaces\ninterface=%s\ndhcp-range=192.0.2.50,192.0.2.60,1h\n"+
		"dhcp-leasefile=%s/leases\npid-file=%s/pid\n%s", WireServerInterface, dir, dir, options))
	Start(t, "dnsmasq", In(w.Server, "dnsmasq", "-k", "-C", dir+"/conf"))
}
