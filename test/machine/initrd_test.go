//go:build machine

package machine

import (
	"bytes"
	"fmt"
	"path"
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
func (a *archive) file(name string, data []byte) {
	a.dir(path.Dir(name))
	a.head(name, modeFile, len(data), 0, 0)
	a.buf.Write(data)
	a.pad()
}

// bytes ends the archive.
func (a *archive) bytes() []byte {
	a.head("TRAILER!!!", 0, 0, 0, 0)
	return a.buf.Bytes()
}
