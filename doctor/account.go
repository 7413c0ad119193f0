package doctor

import (
	"io/fs"
	"strconv"
	"strings"
)

// Account is who runs the agent.
type Account struct {
	Name   string
	UID    uint32
	Groups []uint32 // with the primary one
}

// ServiceAccount is the account of the packaged service; ok is false where there
// is none.
func ServiceAccount(root fs.FS) (a Account, ok bool) { return FindAccount(root, serviceUser) }

const serviceUser = "ata-agent"

// FindAccount reads an account of the computer below root.
func FindAccount(root fs.FS, name string) (a Account, ok bool) {
	for _, f := range records(root, "etc/passwd", 4) {
		if f[0] != name {
			continue
		}
		uid, err1 := strconv.ParseUint(f[2], 10, 32)
		gid, err2 := strconv.ParseUint(f[3], 10, 32)
		if err1 != nil || err2 != nil {
			return Account{}, false
		}
		a = Account{Name: name, UID: uint32(uid), Groups: []uint32{uint32(gid)}}
	}
	if a.Name == "" {
		return Account{}, false
	}
	for _, f := range records(root, "etc/group", 4) {
		gid, err := strconv.ParseUint(f[2], 10, 32)
		if err != nil {
			continue
		}
		for _, member := range strings.Split(f[3], ",") {
			if member == name {
				a.Groups = append(a.Groups, uint32(gid))
			}
		}
	}
	return a, true
}

// groupName is the name of a group, or its number.
func groupName(root fs.FS, gid uint32) string {
	number := strconv.FormatUint(uint64(gid), 10)
	for _, f := range records(root, "etc/group", 3) {
		if f[2] == number {
			return f[0]
		}
	}
	return number
}

// records are the lines of a file of fields between colons, those of at least n.
func records(root fs.FS, name string, n int) [][]string {
	var all [][]string
	for _, line := range strings.Split(text(root, name), "\n") {
		if f := strings.Split(line, ":"); len(f) >= n {
			all = append(all, f)
		}
	}
	return all
}

// may says whether the account may read and write a file of that mode and owner.
func (a *Account) may(mode fs.FileMode, uid, gid uint32) bool {
	switch a.UID {
	case 0:
		return true
	case uid:
		return mode&0o600 == 0o600
	}
	for _, g := range a.Groups {
		if g == gid {
			return mode&0o060 == 0o060
		}
	}
	return mode&0o006 == 0o006
}
