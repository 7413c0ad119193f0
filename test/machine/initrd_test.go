//go:build machine

package machine

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// archive writes the cpio archive ("newc") that the kernel unpacks into its
// first file system.
type archive struct {
	buf    bytes.Buffer
	inodes int
	dirs   map[string]bool
}

// Modes of files.
const (
	modeDir    = 0o040755
	modeFile   = 0o100755
	modeDevice = 0o020600 // of characters
	modeLink   = 0o120777
)

func newArchive() *archive {
	a := &archive{dirs: map[string]bool{".": true}}
	for _, d := range []string{"dev", "proc", "sys", "tmp", "run", "bin", "modules"} {
		a.dir(d)
	}
	a.head("dev/console", modeDevice, 0, 5, 1)
	return a
}

func (a *archive) head(name string, mode, size, major, minor int) {
	a.inodes++
	fmt.Fprintf(&a.buf, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		a.inodes, mode, 0, 0, 1, 0, size, 0, 0, major, minor, len(name)+1, 0, name)
	a.pad()
}

// pad fills up to a multiple of four bytes.
func (a *archive) pad() {
	for a.buf.Len()%4 != 0 {
		a.buf.WriteByte(0)
	}
}

func (a *archive) dir(name string) {
	if a.dirs[name] {
		return
	}
	a.dir(path.Dir(name))
	a.dirs[name] = true
	a.head(name, modeDir, 0, 0, 0)
}

// file adds an executable file and the folders it lies in.
func (a *archive) file(name string, data []byte) { a.add(name, modeFile, data) }

// add adds what has contents, and the folders it lies in.
func (a *archive) add(name string, mode int, data []byte) {
	a.dir(path.Dir(name))
	a.head(name, mode, len(data), 0, 0)
	a.buf.Write(data)
	a.pad()
}

// tree adds all that is below a folder. It belongs to root.
func (a *archive) tree(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch d.Type() {
		case fs.ModeDir:
			a.dir(name)
			return nil
		case fs.ModeSymlink:
			target, err := os.Readlink(path)
			a.add(name, modeLink, []byte(target))
			return err
		default:
			return a.copy(name, path)
		}
	})
}

// copy adds a file with its permissions.
func (a *archive) copy(name, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	a.add(name, modeFile&^0o777|int(info.Mode().Perm()), data)
	return err
}

// bytes ends the archive.
func (a *archive) bytes() []byte {
	a.head("TRAILER!!!", 0, 0, 0, 0)
	return a.buf.Bytes()
}
