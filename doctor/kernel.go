package doctor

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/ata-agent/ata-agent/board"
)

// option is an option of the kernel that a board needs.
type option struct {
	name, what, module string
	needed             func(*board.Description) bool
}

func always(*board.Description) bool { return true }

// options are those that the drivers of this program work through.
var options = []option{
	{"CONFIG_GPIO_CDEV", "pins (GPIO character device)", "", always},
	{"CONFIG_SND_PCM", "sound", "snd-pcm", always},
	{"CONFIG_SPI_SPIDEV", "SPI devices", "spidev", usesSPI},
}

func usesSPI(d *board.Description) bool { return len(ports(d)) > 0 }

// ports are the SPI devices of a board, each once.
func ports(d *board.Description) []string {
	var all []string
	for i := range d.Lines {
		if p := d.Lines[i].SPI.Port; p != "" {
			all = append(all, p)
		}
	}
	return all
}

// Oldest kernel with the second version of the GPIO character device.
const (
	leastMajor = 5
	leastMinor = 10
)

// kernel checks the version and the options of the kernel.
func kernel(root fs.FS, d *board.Description) []Finding {
	n := &notes{check: "kernel"}
	release := text(root, "proc/sys/kernel/osrelease")
	var major, minor int
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		n.add(Unknown, "the kernel's version cannot be read", "")
	} else if major < leastMajor || major == leastMajor && minor < leastMinor {
		n.add(Fault, fmt.Sprintf("Linux %s is older than %d.%d and has no edges with their time", release, leastMajor, leastMinor), "install a newer kernel")
	}
	have, err := kernelConfig(root, release)
	if err != nil {
		n.add(Unknown, "the kernel's options cannot be read", "not needed while the devices are there; /proc/config.gz comes with the module configs")
		return n.all
	}
	for _, o := range options {
		if !o.needed(d) {
			continue
		}
		switch have[o.name] {
		case "y", "m":
		default:
			n.add(Fault, fmt.Sprintf("the kernel has no %s: %s is not set", o.what, o.name), "install the distribution's kernel, or build one with "+o.name)
		}
	}
	return n.ok(fmt.Sprintf("Linux %s has what the board needs", release))
}

// text is the content of a small file without the white space around it; empty
// where there is none.
func text(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.TrimRight(string(data), "\x00\n"))
}

// mostConfig bounds the options that are read.
const mostConfig = 4 << 20

// kernelConfig reads the options of the running kernel.
func kernelConfig(root fs.FS, release string) (map[string]string, error) {
	if data, err := fs.ReadFile(root, "proc/config.gz"); err == nil {
		unzip, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return parseConfig(unzip)
	}
	f, err := root.Open("boot/config-" + release)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return parseConfig(f)
}

func parseConfig(r io.Reader) (map[string]string, error) {
	all := map[string]string{}
	lines := bufio.NewScanner(io.LimitReader(r, mostConfig))
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok && strings.HasPrefix(name, "CONFIG_") {
			all[name] = value
		}
	}
	return all, lines.Err()
}
