package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/ata-agent/ata-agent/sim"
)

// TestBundle has a running agent write a bundle, opens it as the technician does and
// replays a line.
func TestBundle(t *testing.T) {
	s := startService(t, sim.Si321x, "US")
	dir := string(s.dir)
	waitFor(t, dir)
	do := func(want int, args ...string) string {
		t.Helper()
		code, out, msg := command(t, nil, args...)
		if code != want {
			t.Fatalf("%v ended with %d: %s", args, code, msg)
		}
		return out + msg
	}
	do(exitOK, "phone", "-state", dir, "1", "offhook", "wait", "tone:dial", "dial", "98765", "onhook", "pause", "1s")
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	sealed := filepath.Join(folder, "b.age")
	shown := do(exitOK, "bundle", "-state", dir, "-to", key.Recipient().String(), "-o", sealed, "-print")
	files := openBundle(t, sealed, key)
	for _, name := range []string{"version.txt", "status.json", "calls.json", "line1.txt", "sip.txt"} {
		if files[name] == "" && name != "sip.txt" || !strings.Contains(shown, name) || !strings.Contains(shown, files[name]) {
			t.Errorf("%s holds %q and was shown as\n%s", name, files[name], shown)
		}
	}
	for name, text := range files {
		if strings.Contains(text, "98765") || strings.Contains(text, "digit 9") {
			t.Errorf("%s tells the number:\n%s", name, text)
		}
	}
	do(exitOK, "bundle", "-state", dir, "-to", key.Recipient().String(), "-o", sealed, "-numbers")
	script := filepath.Join(folder, "line1.txt")
	whole := openBundle(t, sealed, key)["line1.txt"]
	if err := os.WriteFile(script, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := do(exitOK, "replay", script); !strings.Contains(out, "the same decisions") {
		t.Errorf("replay says %s", out)
	}
	if err := os.WriteFile(script, []byte(strings.Replace(whole, "play dial", "play busy", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := do(exitFailed, "replay", script); !strings.Contains(out, "play dial") {
		t.Errorf("replay of what differs says %s", out)
	}
	do(exitUsage, "bundle", "-state", dir, "-to", "age1nonsense", "-o", sealed)
	do(exitUsage, "bundle", "-state", dir, "-o", sealed)
}

// openBundle decrypts and unpacks.
func openBundle(t *testing.T, path string, key age.Identity) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := age.Decrypt(f, key)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for archive := tar.NewReader(plain); ; {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(head.Name, "ata-agent-bundle/")] = string(data)
	}
}
