package provision

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// watch starts a watch on a fresh file and returns what it reports.
func watch(t *testing.T) (path string, changes <-chan string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "config.json")
	write(t, path, "first")
	ctx, stop := context.WithCancel(t.Context())
	ch := make(chan string, 10)
	done := make(chan error, 1)
	f := &File{Path: path, Applied: []byte("first")}
	go func() { done <- f.Watch(ctx, func(data []byte) { ch <- string(data) }) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return path, ch
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, changes <-chan string, text string) {
	t.Helper()
	select {
	case got := <-changes:
		if got != text {
			t.Errorf("change = %q, want %q", got, text)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("no change to %q reported", text)
	}
}

func TestWatchSeesInPlaceAndReplacedFiles(t *testing.T) {
	path, changes := watch(t)
	write(t, path, "in place")
	want(t, changes, "in place")

	tmp := path + ".new"
	write(t, tmp, "renamed over")
	if err := os.Rename(tmp, path); err != nil {
		t.Fatal(err)
	}
	want(t, changes, "renamed over")

	// The watch still stands after the file was another one.
	write(t, path, "and again")
	want(t, changes, "and again")
}

func TestWatchIgnoresTheSameContent(t *testing.T) {
	path, changes := watch(t)
	write(t, path, "first")
	write(t, path, "second")
	want(t, changes, "second") // and nothing before it
}
