package telemetry

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// fileLimit bounds what is read of one file of the kernel, in bytes.
const fileLimit = 64 << 10

// readText reads a small file of /proc or /sys without the space around it. A
// file that is not there, or that this hardware does not fill, is "".
func readText(root fs.FS, name string) (string, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", absent(err)
	}
	defer func() { _ = f.Close() }()
	buf := make([]byte, 512)
	n := 0
	for n < fileLimit {
		if n == len(buf) {
			buf = append(buf, make([]byte, len(buf))...)
		}
		m, err := f.Read(buf[n:])
		n += m
		if m == 0 || err != nil {
			break // the kernel says EINVAL where a driver has no figure
		}
	}
	return strings.Trim(string(buf[:n]), " \t\n\x00"), nil
}

// absent is nil for what is not there or not to be read by this user.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// readNumber reads a file of one decimal number; ok is false where there is
// none.
func readNumber(root fs.FS, name string) (v float64, ok bool, err error) {
	text, err := readText(root, name)
	if err != nil || text == "" {
		return 0, false, err
	}
	v, err = strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, false, fmt.Errorf("%s is %.32q, not a number", name, text)
	}
	return v, true, nil
}

// keyed reads lines such as "MemAvailable:  123 kB": the first word after the
// key.
func keyed(text, key, separator string) string {
	for line := range strings.Lines(text) {
		k, v, ok := strings.Cut(line, separator)
		if ok && strings.TrimSpace(k) == key {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return ""
}
