package state

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteFileReplaces(t *testing.T) {
	d, err := Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "second, longer"} {
		if err := d.WriteFile("file", []byte(want)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(d.Path("file"))
		if err != nil || string(got) != want {
			t.Fatalf("ReadFile = %q, %v, want %q", got, err, want)
		}
	}
	entries, err := os.ReadDir(string(d))
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v, want the one file", entries)
	}
	if info, _ := os.Stat(d.Path("file")); info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want 0600", info.Mode().Perm())
	}
}

func TestWriteFileKeepsTheOldOnFailure(t *testing.T) {
	d, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d.Path("taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteFile("taken", []byte("x")); err == nil {
		t.Error("writing over a folder succeeded")
	}
	entries, _ := os.ReadDir(string(d))
	if len(entries) != 1 || !entries[0].IsDir() {
		t.Errorf("folder holds %v, want only the folder", entries)
	}
}

func TestInstanceIsStable(t *testing.T) {
	d, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	first, err := d.Instance()
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.Instance()
	if err != nil || second != first {
		t.Errorf("Instance() = %q, %v, want %q again", second, err, first)
	}
	if !strings.HasPrefix(first, "urn:uuid:") || len(first) != len("urn:uuid:")+36 {
		t.Errorf("Instance() = %q, want a UUID URN", first)
	}
}
