//go:build provision

// Package provision tries provisioning against servers that others wrote, on
// loopback: files in the manner of PBXs end as registered telephones at Kamailio,
// nginx serves each device its own file, Apache asks for a digest, SIPp sends what
// has a device look again, and a fleet does its worst to all of them.
package provision

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/test/peer"
)

var program string // built by TestMain

func TestMain(m *testing.M) {
	if missing := peer.Missing("kamailio", "kamcmd", "nginx", "apache2", "in.tftpd", "sipp", "minisign", "openssl", "dnsmasq", "ip"); len(missing) > 0 {
		fmt.Printf("left out, not installed: %s\n", strings.Join(missing, ", "))
		if os.Getenv("CI") == "true" {
			os.Exit(1)
		}
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "ata-agent-provision")
	if err != nil {
		panic(err)
	}
	if program, err = peer.Build(dir); err != nil {
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}
