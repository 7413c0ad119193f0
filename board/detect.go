package board

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// deviceTree is the machine's device tree as the kernel shows it.
const deviceTree = "proc/device-tree"

// Machine is what the device tree tells about the computer. Fields are empty
// where it tells nothing.
type Machine struct {
	Model      string   // "Raspberry Pi Zero 2 W Rev 1.0"
	Compatible []string // the most exact name first
	Board      string   // name of the board file that a loaded overlay gives, in /ata-agent
}

// Detection is what Detect found.
type Detection struct {
	Machine Machine
	// Profile is the name of the built-in board file to use, empty when there is
	// none or more than one could be meant.
	Profile string
	// Candidates are the built-in board files made for this computer.
	Candidates []string
}

// Detect says on which computer the program runs and which built-in board file
// is made for it; root is the root of the file system. An overlay that adds the
// node /ata-agent with a property board decides; without one the computer's name
// does, if a single board is made for it. It is no error to find nothing.
func Detect(root fs.FS) (Detection, error) {
	d := Detection{Machine: ReadMachine(root)}
	for _, name := range Profiles() {
		data, _ := Profile(name)
		desc, err := Parse(name, data)
		if err != nil {
			return d, fmt.Errorf("board: detect: %w", err)
		}
		if fits(desc, d.Machine.Compatible) {
			d.Candidates = append(d.Candidates, name)
		}
	}
	if named := d.Machine.Board; named != "" {
		if _, ok := Profile(named); !ok {
			return d, fmt.Errorf("board: detect: the device tree names the board %q, known are %s", named, strings.Join(Profiles(), ", "))
		}
		d.Profile = named
		return d, nil
	}
	if len(d.Candidates) == 1 {
		d.Profile = d.Candidates[0]
	}
	return d, nil
}

// fits says that a board is made for a computer of these names.
func fits(d *Description, compatible []string) bool {
	return slices.ContainsFunc(d.Compatible, func(name string) bool { return slices.Contains(compatible, name) })
}

// ReadMachine reads the device tree below root.
func ReadMachine(root fs.FS) Machine {
	m := Machine{
		Model: property(root, "model"),
		Board: property(root, "ata-agent/board"),
	}
	if all := property(root, "compatible"); all != "" {
		m.Compatible = strings.Split(all, "\x00")
	}
	return m
}

// maxProperty bounds what is read of a property.
const maxProperty = 4096

// property reads a string property of the device tree, empty when it is not
// there. Strings of a list are separated by NUL.
func property(root fs.FS, path string) string {
	data, err := fs.ReadFile(root, deviceTree+"/"+path)
	if err != nil || len(data) > maxProperty {
		return ""
	}
	return strings.TrimRight(string(data), "\x00\n")
}

// ErrNoBoard is returned by Detection.Name when no board can be told.
var ErrNoBoard = errors.New("board: no board detected")

// Name returns the profile, or an error that says what was found and what to do.
func (d Detection) Name() (string, error) {
	if d.Profile != "" {
		return d.Profile, nil
	}
	model := d.Machine.Model
	if model == "" {
		model = "a computer without a device tree"
	}
	if len(d.Candidates) == 0 {
		return "", fmt.Errorf("%w: this is %s, which no built-in board is made for; describe yours in a file", ErrNoBoard, model)
	}
	return "", fmt.Errorf("%w: this is %s, made for it are %s; name one, or load its overlay", ErrNoBoard, model, strings.Join(d.Candidates, " and "))
}
