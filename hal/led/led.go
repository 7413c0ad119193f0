// Package led lights lamps: LEDs that the kernel has a driver for, below
// /sys/class/leds, and those on a plain line. A [Lamp] makes patterns of either.
package led

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"periph.io/x/conn/v3/gpio"
)

// Light is something that is on or off.
type Light interface {
	Set(on bool) error
}

// Class is where the kernel has its LEDs.
const Class = "/sys/class/leds"

// LED is a LED of the kernel.
type LED struct {
	dir string
	max string
}

// Open takes a LED below class over from whatever lit it: its trigger becomes
// "none". The error names the LEDs that the machine has.
func Open(class, name string) (*LED, error) {
	if name == "" || strings.ContainsRune(name, '/') || strings.HasPrefix(name, ".") {
		return nil, fmt.Errorf("led: %q is no name of a LED", name)
	}
	l := &LED{dir: filepath.Join(class, name)}
	max, err := os.ReadFile(filepath.Join(l.dir, "max_brightness"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("led: no LED %q (the machine has: %s): %w", name, names(class), err)
	}
	if err != nil {
		return nil, fmt.Errorf("led: open %s: %w", name, err)
	}
	l.max = strings.TrimSpace(string(max))
	if n, err := strconv.ParseUint(l.max, 10, 32); err != nil || n == 0 {
		return nil, fmt.Errorf("led: %s: brightness of at most %q", name, l.max)
	}
	if err := l.write("trigger", "none"); err != nil {
		return nil, err
	}
	return l, nil
}

func names(class string) string {
	entries, err := os.ReadDir(class)
	if err != nil || len(entries) == 0 {
		return "none"
	}
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.Name()
	}
	return strings.Join(all, ", ")
}

// Set lights the LED as brightly as it can, or puts it out.
func (l *LED) Set(on bool) error {
	if on {
		return l.write("brightness", l.max)
	}
	return l.write("brightness", "0")
}

func (l *LED) write(file, value string) error {
	// The files are there; os.WriteFile would create what is missing.
	f, err := os.OpenFile(filepath.Join(l.dir, file), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("led: %w", err)
	}
	_, err = f.WriteString(value)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("led: set %s of %s: %w", file, filepath.Base(l.dir), err)
	}
	return nil
}

// Pin is a LED on a line, lit when the line is High. Lines of hal/gpio invert
// themselves where it is the other way round.
type Pin struct{ Line gpio.PinOut }

// Set implements Light.
func (p Pin) Set(on bool) error {
	if err := p.Line.Out(gpio.Level(on)); err != nil {
		return fmt.Errorf("led: %w", err)
	}
	return nil
}
