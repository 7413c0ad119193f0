package doctor

import (
	"io/fs"
	"syscall"
)

// owner is who owns a file; ok is false where the file system does not tell.
func owner(info fs.FileInfo) (uid, gid uint32, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return s.Uid, s.Gid, true
}
