// Package state is the device's own memory: files in one folder that survive a
// power cut at any moment.
package state

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Dir is the state folder.
type Dir string

// Open makes the folder if needed, readable by its owner alone.
func Open(path string) (Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", fmt.Errorf("state: %w", err)
	}
	return Dir(path), nil
}

// Path is the path of a file in the folder.
func (d Dir) Path(name string) string { return filepath.Join(string(d), name) }

// WriteFile replaces a file so that after a power cut either the old or the new
// content is there, whole: temporary file, fsync, rename, fsync of the folder.
func (d Dir) WriteFile(name string, data []byte) error {
	tmp, err := os.CreateTemp(string(d), "."+name+".*")
	if err != nil {
		return fmt.Errorf("state: write %s: %w", name, err)
	}
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(tmp.Name(), d.Path(name))
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // best effort: the first error is what matters
		return fmt.Errorf("state: write %s: %w", name, err)
	}
	return d.sync()
}

// sync makes renames in the folder durable.
func (d Dir) sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	return nil
}

// instanceFile holds the device's instance id.
const instanceFile = "instance"

// Instance returns the device's UUID URN for SIP registrations (RFC 5626 §4.1),
// made on first use. It is random: no serial number, no MAC address.
func (d Dir) Instance() (string, error) {
	data, err := os.ReadFile(d.Path(instanceFile))
	if id := strings.TrimSpace(string(data)); err == nil && strings.HasPrefix(id, "urn:uuid:") {
		return id, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("state: %w", err)
	}
	id := newUUID()
	return id, d.WriteFile(instanceFile, []byte(id+"\n"))
}

// newUUID is a random UUID, version 4 (RFC 9562 §5.4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
