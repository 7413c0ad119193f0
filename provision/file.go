// Package provision is where configuration comes from and when it is looked at
// again.
package provision

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settleTime lets an editor or a copy finish before the file is read.
	settleTime = 250 * time.Millisecond
	// pollTime covers file systems that tell of no changes.
	pollTime = 5 * time.Minute
)

// File watches a configuration file.
type File struct {
	Path string
	// Applied is the content in force; only another content is a change.
	Applied []byte
}

// Watch calls changed with the new content whenever it differs from the one
// seen last, until ctx ends. It watches the folder, because an editor or an
// atomic write replaces the file itself. A file that is missing for a while is
// no change.
func (f *File) Watch(ctx context.Context, changed func([]byte)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("provision: watch %s: %w", f.Path, err)
	}
	defer func() { _ = w.Close() }()
	if err := w.Add(filepath.Dir(f.Path)); err != nil {
		return fmt.Errorf("provision: watch %s: %w", f.Path, err)
	}
	seen := sha256.Sum256(f.Applied)
	settle := time.NewTimer(settleTime) // the file may have changed before the watch stood
	defer settle.Stop()
	poll := time.NewTicker(pollTime)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.Events:
			if filepath.Base(e.Name) == filepath.Base(f.Path) {
				settle.Reset(settleTime)
			}
		case <-w.Errors: //nolint:errcheck // it only says that events were lost: look
			settle.Reset(settleTime)
		case <-poll.C:
			settle.Reset(0)
		case <-settle.C:
			data, err := os.ReadFile(f.Path)
			if err != nil {
				continue
			}
			if sum := sha256.Sum256(data); !bytes.Equal(sum[:], seen[:]) {
				seen = sum
				changed(data)
			}
		}
	}
}
