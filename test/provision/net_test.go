//go:build provision

package provision

import (
	"net"
	"testing"
)

// deaf is a UDP port of loopback at which nobody answers.
func deaf(t *testing.T) int {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.LocalAddr().(*net.UDPAddr).Port
}
