package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

const (
	// auditSegments files of auditSegment bytes are the whole audit log.
	auditSegments = 4
	auditSegment  = 256 << 10
)

// Entry is one thing that somebody did to the device.
type Entry struct {
	Time   time.Time `json:"time"`             // date and time, UTC
	Actor  string    `json:"actor"`            // who: owner, server, button, agent …
	Action string    `json:"action"`           // what was done
	Object string    `json:"object,omitempty"` // to what
	Result string    `json:"result,omitempty"` // how it went; "" is well
	Detail string    `json:"detail,omitempty"`
}

// Audit is the log of what was done to the device: JSON lines in at most four
// files of 256 KiB, the oldest go first. It is plain text, so nothing secret may
// be in it. It is safe for use by several goroutines.
type Audit struct {
	dir Dir
	mu  sync.Mutex
}

// Audit returns the folder's log.
func (d Dir) Audit() *Audit { return &Audit{dir: d} }

// auditFile is a segment, the newest is 0.
func auditFile(n int) string {
	if n == 0 {
		return "audit.log"
	}
	return fmt.Sprintf("audit.%d.log", n)
}

// Log adds an entry and has it on the disk before it returns. An entry without
// a time gets the present one.
func (a *Audit) Log(e Entry) error {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	e.Time = e.Time.UTC()
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("state: audit: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.rotate(len(line) + 1); err != nil {
		return fmt.Errorf("state: audit: %w", err)
	}
	if err := a.append(append(line, '\n')); err != nil {
		return fmt.Errorf("state: audit: %w", err)
	}
	return nil
}

// rotate makes room for n more bytes.
func (a *Audit) rotate(n int) error {
	info, err := os.Stat(a.dir.Path(auditFile(0)))
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size()+int64(n) <= auditSegment {
		return nil
	}
	if err != nil {
		return err
	}
	for i := auditSegments - 1; i > 0; i-- {
		err := os.Rename(a.dir.Path(auditFile(i-1)), a.dir.Path(auditFile(i)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return a.dir.sync()
}

// append writes a line. Where a power cut left half a line, a new one begins.
func (a *Audit) append(line []byte) error {
	f, err := os.OpenFile(a.dir.Path(auditFile(0)), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var last [1]byte
	if n := info.Size(); n > 0 {
		if _, err := f.ReadAt(last[:], n-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			line = append([]byte{'\n'}, line...)
		}
	}
	if _, err := f.Write(line); err != nil {
		return err
	}
	return f.Sync()
}

// Entries returns what is in the log, oldest first. Lines that a power cut left
// half are left out.
func (a *Audit) Entries() ([]Entry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []Entry
	for i := auditSegments - 1; i >= 0; i-- {
		data, err := os.ReadFile(a.dir.Path(auditFile(i)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("state: audit: %w", err)
		}
		for line := range bytes.Lines(data) {
			var e Entry
			if json.Unmarshal(line, &e) == nil {
				all = append(all, e)
			}
		}
	}
	return all, nil
}
