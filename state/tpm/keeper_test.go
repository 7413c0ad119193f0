package tpm

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxudstpm"

	"github.com/ata-agent/ata-agent/state"
)

// newChip starts a TPM in this computer and returns its keeper.
func newChip(t *testing.T) *Keeper {
	t.Helper()
	program, err := exec.LookPath("swtpm")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("swtpm is not installed (Debian package swtpm)")
		}
		t.Skip("swtpm is not installed (Debian package swtpm)")
	}
	dir, err := os.MkdirTemp("", "swtpm") // short: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(program, "socket", "--tpm2", "--tpmstate", "dir="+dir,
		"--server", "type=unixio,path="+socket, "--flags", "not-need-init,startup-clear")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	})
	for range 1000 {
		if c, err := net.Dial("unix", socket); err == nil {
			_ = c.Close()
			return New(func() (transport.TPMCloser, error) { return linuxudstpm.Open(socket) })
		}
		time.Sleep(10 * time.Millisecond) // another program starts in real time
	}
	t.Fatal("swtpm does not start")
	return nil
}

var dataKey = bytes.Repeat([]byte{0x5a}, 32)

func TestWrapUnwrapDestroy(t *testing.T) {
	k := newChip(t)
	w, err := k.Wrap(dataKey)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(w, dataKey) {
		t.Error("the data key is in the key file")
	}
	for range 5 { // nothing stays loaded in the chip
		if key, err := k.Unwrap(w); err != nil || !bytes.Equal(key, dataKey) {
			t.Fatalf("Unwrap = %x, %v", key, err)
		}
	}
	second, err := k.Wrap(dataKey)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // also when it is done
		if err := k.Destroy(w); err != nil {
			t.Fatalf("Destroy = %v", err)
		}
	}
	if _, err := k.Unwrap(w); err == nil {
		t.Error("the key survived its destruction")
	}
	if key, err := k.Unwrap(second); err != nil || !bytes.Equal(key, dataKey) {
		t.Errorf("another key was destroyed too: %v", err)
	}
}

func TestWrongKeyFile(t *testing.T) {
	k := newChip(t)
	data, err := k.Wrap(dataKey)
	if err != nil {
		t.Fatal(err)
	}
	var w wrapped
	if err := json.Unmarshal(data, &w); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*wrapped){
		"password": func(w *wrapped) { w.Password = bytes.Repeat([]byte{1}, keySize) },
		"cell":     func(w *wrapped) { w.Cell ^= 1 },
		"sealed":   func(w *wrapped) { w.Sealed = w.Sealed[1:] },
	} {
		other := w
		change(&other)
		changed, err := json.Marshal(other)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Unwrap(changed); err == nil {
			t.Errorf("with another %s the key opens", name)
		}
	}
	changed, _ := json.Marshal(wrapped{w.Cell, []byte("wrong"), w.Sealed})
	if err := k.Destroy(changed); err != nil {
		t.Errorf("Destroy of a cell of somebody else: %v", err)
	}
	if key, err := k.Unwrap(data); err != nil || !bytes.Equal(key, dataKey) {
		t.Errorf("a wrong key file destroyed the key: %v", err)
	}
	for _, junk := range []string{"", "{", `{"cell": 1}`} {
		if _, err := k.Unwrap([]byte(junk)); err == nil {
			t.Errorf("%q opens", junk)
		}
	}
	if err := k.Destroy([]byte("{")); err == nil {
		t.Error("Destroy took junk")
	}
}

// TestFolderOfAnotherChip copies the state folder to a device with another chip.
func TestFolderOfAnotherChip(t *testing.T) {
	mine, other := newChip(t), newChip(t)
	dir, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v, err := dir.Vault(mine, state.Software())
	if err != nil || v.Keeper() != Name {
		t.Fatalf("keeper %v, %v", v, err)
	}
	if err := v.WriteFile("secret", []byte("hunter2")); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Vault(other, state.Software()); !errors.Is(err, state.ErrKeyLost) {
		t.Errorf("with another chip: %v", err)
	}
	if v, err = dir.Vault(mine); err != nil {
		t.Fatal(err)
	}
	if data, err := v.ReadFile("secret"); err != nil || string(data) != "hunter2" {
		t.Errorf("ReadFile = %q, %v", data, err)
	}
	key, err := os.ReadFile(dir.Path("key"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile(dir.Path("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.Wipe("test", "", mine); err != nil {
		t.Fatal(err)
	}
	// Flash may have kept copies of both files: they are of no use.
	for name, data := range map[string][]byte{"key": key, "secret": sealed} {
		if err := dir.WriteFile(name, data); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := dir.Vault(mine); !errors.Is(err, state.ErrKeyLost) {
		t.Errorf("with copies from before the wipe: %v", err)
	}
}

func TestNoChip(t *testing.T) {
	k := Device(filepath.Join(t.TempDir(), "no-tpm"))
	if _, err := k.Wrap(dataKey); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Wrap = %v", err)
	}
}
