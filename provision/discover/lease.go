package discover

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reader reads one kind of lease file.
type reader func(data []byte) Options

// leaseFiles are where clients of DHCP keep what they were told.
var leaseFiles = []struct {
	pattern string
	read    reader
}{
	{"run/systemd/netif/leases/*", networkdLease},
	{"var/lib/NetworkManager/internal-*.lease", networkdLease},
	{"var/lib/dhcp/dhclient*.leases", dhclientLease},
	{"var/lib/dhclient/dhclient*.leases", dhclientLease},
	{"var/lib/dhcpcd/*.lease", Packet},
}

// maxLease bounds a lease file, bytes.
const maxLease = 1 << 20

// Leases returns the options in the lease file that was written last below
// root, which is / on a device; nil if there is none that names a server.
func Leases(root string) Options {
	var best Options
	var newest time.Time
	disk := os.DirFS(root)
	for _, f := range leaseFiles {
		files, _ := fs.Glob(disk, f.pattern) // the patterns are good
		for _, name := range files {
			o, at := readLease(disk, name, f.read)
			if len(o) > 0 && at.After(newest) {
				best, newest = o, at
			}
		}
	}
	return best
}

func readLease(disk fs.FS, name string, read reader) (Options, time.Time) {
	info, err := fs.Stat(disk, name)
	if err != nil || info.Size() > maxLease || !info.Mode().IsRegular() {
		return nil, time.Time{}
	}
	data, err := fs.ReadFile(disk, path.Clean(name))
	if err != nil {
		return nil, time.Time{}
	}
	return read(data), info.ModTime()
}

// networkdLease reads a lease of systemd-networkd or of NetworkManager's own
// client: KEY=value, private options in hexadecimal.
func networkdLease(data []byte) Options {
	o := Options{}
	for line := range strings.Lines(string(data)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			continue
		}
		code := VendorSpecific
		if n, is := strings.CutPrefix(key, "OPTION_"); is {
			code, _ = strconv.Atoi(n)
		} else if key != "VENDOR_SPECIFIC" {
			continue
		}
		o.add(code, unhex(value))
	}
	return o
}

func (o Options) add(code int, value []byte) {
	if len(value) > 0 && slices.Contains(Asked, uint8(code)) && code == int(uint8(code)) {
		o[uint8(code)] = value
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// dhclientNames are the names that dhclient has for options (dhcp-options(5)).
// Those it does not know it calls unknown-N.
var dhclientNames = map[string]int{
	"tftp-server-name": TFTPServer, "bootfile-name": Bootfile, "vendor-encapsulated-options": VendorSpecific,
}

var dhclientOption = regexp.MustCompile(`(?m)^\s*option\s+([A-Za-z0-9.-]+)\s+(.*?);\s*$`)

// dhclientLease reads the last lease of a file of ISC dhclient.
func dhclientLease(data []byte) Options {
	if i := bytes.LastIndex(data, []byte("lease {")); i >= 0 {
		data = data[i:]
	}
	o := Options{}
	for _, m := range dhclientOption.FindAllStringSubmatch(string(data), -1) {
		code, known := dhclientNames[m[1]]
		if n, is := strings.CutPrefix(m[1], "unknown-"); is && !known {
			code, _ = strconv.Atoi(n)
		}
		o.add(code, dhclientValue(m[2]))
	}
	return o
}

// dhclientValue reads "text" or bytes such as a:1f:0.
func dhclientValue(s string) []byte {
	if t, err := strconv.Unquote(s); err == nil {
		return []byte(t)
	}
	var out []byte
	for part := range strings.SplitSeq(s, ":") {
		b, err := strconv.ParseUint(part, 16, 8)
		if err != nil {
			return nil
		}
		out = append(out, byte(b))
	}
	return out
}

const (
	bootpHeader = 236 // RFC 2131 §2
	padOption   = 0
	endOption   = 255
)

var magicCookie = []byte{99, 130, 83, 99} // RFC 2131 §3

// Packet reads the options of a DHCP message, which is what dhcpcd keeps as a
// lease. Parts of one option belong together (RFC 3396).
func Packet(data []byte) Options {
	if len(data) < bootpHeader+4 || !bytes.Equal(data[bootpHeader:bootpHeader+4], magicCookie) {
		return nil
	}
	o := Options{}
	for rest := data[bootpHeader+4:]; len(rest) > 0 && rest[0] != endOption; {
		if rest[0] == padOption {
			rest = rest[1:]
			continue
		}
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			break
		}
		code, value := int(rest[0]), rest[2:2+int(rest[1])]
		o.add(code, append(slices.Clone(o[rest[0]]), value...))
		rest = rest[2+int(rest[1]):]
	}
	return o
}
