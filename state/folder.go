package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// folder is what the parts of this package do to the state folder; Dir is one.
// Each step leaves the folder in order if it is the last before a power cut.
type folder interface {
	// read returns a whole file; fs.ErrNotExist if there is none.
	read(name string) ([]byte, error)
	// write replaces a file, all or nothing, and is durable.
	write(name string, data []byte) error
	// remove takes a file away, if it is there.
	remove(name string) error
	// destroy overwrites a file or everything in a folder and takes it away.
	destroy(name string) error
	// list names what is in the folder.
	list() ([]string, error)
}

func (d Dir) read(name string) ([]byte, error)     { return os.ReadFile(d.Path(name)) }
func (d Dir) write(name string, data []byte) error { return d.WriteFile(name, data) }

func (d Dir) remove(name string) error {
	if err := os.Remove(d.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("state: %w", err)
	}
	return d.sync()
}

func (d Dir) list() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (d Dir) destroy(name string) error {
	path := d.Path(name)
	err := filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		return overwrite(at)
	})
	if err == nil {
		err = os.RemoveAll(path)
	}
	if err != nil {
		return fmt.Errorf("state: destroy %s: %w", name, err)
	}
	return d.sync()
}

// overwrite puts zeros over a file's content. Flash may keep the old blocks for
// a while all the same; what must not be read again is sealed.
func overwrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = io.CopyN(f, zeros{}, info.Size())
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// staleAfter is the age at which a temporary file belongs to nobody.
const staleAfter = time.Minute

// tidy removes the temporary files of writes that a power cut ended.
func (d Dir) tidy() error {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), ".") || !info.Mode().IsRegular() || time.Since(info.ModTime()) < staleAfter {
			continue
		}
		if err := d.remove(e.Name()); err != nil {
			return err
		}
	}
	return nil
}
