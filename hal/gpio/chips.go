package gpio

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// ErrNotFound is returned when a board has no such chip or line.
var ErrNotFound = errors.New("not found")

// Chip is a GPIO controller as the kernel names it.
type Chip struct {
	Path  string // of its device, such as /dev/gpiochip0
	Name  string // "gpiochip0"; the number may change from boot to boot
	Label string // of its driver, such as "pinctrl-bcm2711"; stable
	Lines int
}

// LineInfo is what the kernel tells about a line that nobody needs to own.
type LineInfo struct {
	Offset   int
	Name     string // from the board's device tree, often empty
	Consumer string // who uses it
	Used     bool   // by a program or a driver
	Output   bool
}

// Chips are the GPIO controllers of the machine and the lines of them that this
// program owns. Its methods may be called from any goroutine.
type Chips struct {
	kernel kernel
	list   []Chip
	clock  clock

	mu     sync.Mutex
	owners map[place]string
}

// place is one line of the machine.
type place struct {
	path   string
	offset int
}

// Open looks for the GPIO controllers of the machine. It drives nothing.
func Open() (*Chips, error) { return open(system{}) }

func open(k kernel) (*Chips, error) {
	paths, err := k.chips()
	if err != nil {
		return nil, fmt.Errorf("gpio: open: %w", err)
	}
	c := &Chips{kernel: k, clock: newClock(k.monotonic), owners: map[place]string{}}
	var failed []error
	for _, path := range paths {
		chip, err := c.describe(path)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		// Some systems have links from old names, such as gpiochip4 on a Raspberry
		// Pi 5; a chip is listed once.
		if !slices.ContainsFunc(c.list, func(o Chip) bool { return o.Name == chip.Name }) {
			c.list = append(c.list, chip)
		}
	}
	if len(c.list) == 0 && len(failed) > 0 {
		return nil, fmt.Errorf("gpio: open: %w", errors.Join(failed...))
	}
	slices.SortFunc(c.list, func(a, b Chip) int { return cmp.Compare(number(a.Name), number(b.Name)) })
	return c, nil
}

// number is the N of gpiochipN.
func number(name string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(name, "gpiochip"))
	return n
}

func (c *Chips) describe(path string) (Chip, error) {
	var info chipInfo
	if err := c.ask(path, getChipInfo, unsafe.Pointer(&info)); err != nil {
		return Chip{}, fmt.Errorf("describe %s: %w", path, err)
	}
	name := text(info.name[:])
	if name == "" {
		name = filepath.Base(path)
	}
	return Chip{Path: path, Name: name, Label: text(info.label[:]), Lines: int(info.lines)}, nil
}

// ask makes one call on a chip's device.
func (c *Chips) ask(path string, request uint, arg unsafe.Pointer) error {
	fd, err := c.kernel.open(path)
	if err != nil {
		return err
	}
	err = c.kernel.ioctl(fd, request, arg)
	return errors.Join(err, c.kernel.close(fd))
}

func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

// List returns the controllers in the order of their numbers.
func (c *Chips) List() []Chip { return slices.Clone(c.list) }

// Lines describes every line of a controller that is named by label, name or
// path.
func (c *Chips) Lines(chip string) ([]LineInfo, error) {
	found, err := c.chip(chip)
	if err != nil {
		return nil, fmt.Errorf("gpio: lines: %w", err)
	}
	all := make([]LineInfo, found.Lines)
	for i := range all {
		if all[i], err = c.info(found.Path, i); err != nil {
			return nil, fmt.Errorf("gpio: lines: %w", err)
		}
	}
	return all, nil
}

func (c *Chips) info(path string, offset int) (LineInfo, error) {
	raw := lineInfo{offset: uint32(offset)}
	if err := c.ask(path, getLineInfo, unsafe.Pointer(&raw)); err != nil {
		return LineInfo{}, fmt.Errorf("describe line %d of %s: %w", offset, path, err)
	}
	return LineInfo{
		Offset:   offset,
		Name:     text(raw.name[:]),
		Consumer: text(raw.consumer[:]),
		Used:     raw.flags&flagUsed != 0,
		Output:   raw.flags&flagOutput != 0,
	}, nil
}

func (c *Chips) chip(name string) (Chip, error) {
	for _, chip := range c.list {
		if name == chip.Label || name == chip.Name || name == chip.Path {
			return chip, nil
		}
	}
	return Chip{}, fmt.Errorf("chip %q: %w (the machine has %s)", name, ErrNotFound, c.names())
}

func (c *Chips) names() string {
	if len(c.list) == 0 {
		return "none"
	}
	var all []string
	for _, chip := range c.list {
		all = append(all, chip.Label)
	}
	return strings.Join(all, ", ")
}

// Line returns a line for the caller alone. chip is the controller's label, name
// or path; when it is empty, all are searched. line is the name that the board's
// device tree gives, or else an offset, which needs a chip. The line is left as
// it is until the first In or Out.
//
// The error says which lines would have fitted, or who has the line already.
func (c *Chips) Line(chip, line string, opts Opts) (*Line, error) {
	at, name, err := c.find(chip, line)
	if err != nil {
		return nil, fmt.Errorf("gpio: line %q: %w", line, err)
	}
	opts = opts.withDefaults()
	c.mu.Lock()
	defer c.mu.Unlock()
	if owner, taken := c.owners[at]; taken {
		return nil, fmt.Errorf("gpio: line %q: already used for %q", line, owner)
	}
	c.owners[at] = opts.Consumer
	return newLine(c, at, name, opts), nil
}

func (c *Chips) release(at place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.owners, at)
}

func (c *Chips) find(chip, line string) (place, string, error) {
	chips := c.list
	if chip != "" {
		one, err := c.chip(chip)
		if err != nil {
			return place{}, "", err
		}
		chips = []Chip{one}
	}
	hits, err := c.named(chips, line)
	switch {
	case err != nil:
		return place{}, "", err
	case len(hits) > 1:
		return place{}, "", fmt.Errorf("the name is ambiguous, on %s and %s: name the chip", hits[0].path, hits[1].path)
	case len(hits) == 1:
		return hits[0], line, nil
	}
	return byOffset(chips, chip != "", line)
}

// named returns the lines of the name.
func (c *Chips) named(chips []Chip, line string) ([]place, error) {
	var hits []place
	for _, chip := range chips {
		for i := range chip.Lines {
			info, err := c.info(chip.Path, i)
			if err != nil {
				return nil, err
			}
			if line != "" && info.Name == line {
				hits = append(hits, place{chip.Path, i})
			}
		}
	}
	return hits, nil
}

func byOffset(chips []Chip, one bool, line string) (place, string, error) {
	n, err := strconv.Atoi(line)
	if err != nil {
		return place{}, "", fmt.Errorf("%w by name", ErrNotFound)
	}
	if !one {
		return place{}, "", errors.New("an offset needs a chip")
	}
	if n < 0 || n >= chips[0].Lines {
		return place{}, "", fmt.Errorf("%w: %s has lines 0..%d", ErrNotFound, chips[0].Label, chips[0].Lines-1)
	}
	return place{chips[0].Path, n}, chips[0].Name + ":" + line, nil
}
