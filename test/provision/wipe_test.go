//go:build provision

package provision

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/test/peer"
)

// TestNothingLeft has a device learn twenty passwords on a file system of its own
// and resets it: its lines are no longer registered, and no block of the disk
// holds a password, nor did one while they were in force.
func TestNothingLeft(t *testing.T) {
	t.Parallel()
	s := plants()
	k := peer.StartKamailio(t, "MD5", peer.Account{User: "100", Password: s[18]}, peer.Account{User: "101", Password: s[19]})
	first, second := account(k.Port, "100", "of the factory"), account(k.Port, "101", "of the factory")
	first["sip"].(map[string]any)["register"], second["sip"].(map[string]any)["register"] = false, false
	d := newDevice(t, newProvider(t), first, second)
	disk := newDisk(t, d.State)
	d.serving(learn(t, 1, s[:2], false))
	d.Run(t)
	for n := 1; n <= 10; n++ {
		d.serving(learn(t, n, s[2*n-2:2*n], n == 10))
		d.command(t, "resync")
		d.until(t, 30*time.Second, fmt.Sprint("generation ", n), func(s *status) bool {
			return s.Provisioning.Generation == n && s.Provisioning.State == provision.Waiting
		})
	}
	if !k.Knows(t, "100") || !k.Knows(t, "101") {
		t.Fatal("Kamailio does not know the lines")
	}
	disk.hasNone(t, "in force", s)

	d.serving("nothing that could be taken")
	d.command(t, "reset", "-factory", "-yes")
	peer.Eventually(t, 10*time.Second, "the lines are unregistered", func() bool { return !k.Knows(t, "100") && !k.Knows(t, "101") })
	d.until(t, 10*time.Second, "what the factory gave is in force", func(s *status) bool { return s.Provisioning.Generation == 0 })
	disk.hasNone(t, "reset", s)
	d.Stop()
	disk.hasNone(t, "reset and ended", s)
}

// learn is a document with two passwords.
func learn(t *testing.T, generation int, passwords []string, register bool) string {
	t.Helper()
	var lines []any
	for _, p := range passwords {
		lines = append(lines, map[string]any{"sip": map[string]any{"password": p, "register": register}})
	}
	return object(t, map[string]any{"generation": generation, "lines": lines})
}

// disk is a file with a file system that is mounted.
type disk struct{ image string }

// newDisk makes a file system of 16 MiB at a folder. It needs root.
func newDisk(t *testing.T, folder string) *disk {
	t.Helper()
	d := &disk{filepath.Join(t.TempDir(), "disk")}
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(d.image, nil, 0o600), os.Truncate(d.image, 16<<20)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", d.image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v: %s", err, out)
	}
	if out, err := exec.Command("mount", "-o", "loop", d.image, folder).CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount: %v: %s", err, out)
		}
		t.Skipf("a file system cannot be mounted here: %v: %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", folder).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return d
}

// hasNone reads every block, of files that are there and of those that were.
func (d *disk) hasNone(t *testing.T, when string, secrets [20]string) {
	t.Helper()
	if out, err := exec.Command("sync").CombinedOutput(); err != nil {
		t.Fatalf("sync: %v: %s", err, out)
	}
	blocks, err := os.ReadFile(d.image)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(blocks, []byte("audit.log")) {
		t.Fatalf("%s: the state folder is not on this disk", when)
	}
	for i, s := range secrets {
		if bytes.Contains(blocks, []byte(s)) {
			t.Errorf("%s: password %d is on the disk", when, i)
		}
	}
}
