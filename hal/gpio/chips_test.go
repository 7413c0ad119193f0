//go:build linux

package gpio

import (
	"errors"
	"strings"
	"testing"

	"periph.io/x/conn/v3/gpio"
)

func TestChips(t *testing.T) {
	chips, err := open(newFake())
	if err != nil {
		t.Fatal(err)
	}
	all := chips.List()
	if len(all) != 2 || all[0].Name != "gpiochip2" || all[1].Label != "expander" {
		t.Errorf("List() = %+v", all)
	}
	lines, err := chips.Lines("gpiochip2")
	if err != nil || len(lines) != 4 || lines[1].Name != "INT" || lines[1].Used {
		t.Errorf("Lines() = %+v, %v", lines, err)
	}
}

// A link to a chip is not another chip, or every name would be ambiguous.
func TestLinkedChip(t *testing.T) {
	k := newFake()
	k.links = map[string]string{"/dev/gpiochip4": "/dev/gpiochip2"}
	chips, err := open(k)
	if err != nil {
		t.Fatal(err)
	}
	if all := chips.List(); len(all) != 2 {
		t.Errorf("List() = %+v", all)
	}
	if _, err := chips.Line("", "RESET", Opts{}); err != nil {
		t.Error(err)
	}
}

func TestFindLine(t *testing.T) {
	for _, tt := range []struct {
		name, chip, line string
		want             string // of the line, or a part of the error
		number           int
	}{
		{"by name", "", "RESET", "RESET", 0},
		{"by label and name", "pinctrl-soc", "INT", "INT", 1},
		{"by device name", "gpiochip10", "FAULT", "FAULT", 1},
		{"by path", "/dev/gpiochip10", "LED", "LED", 0},
		{"by offset", "pinctrl-soc", "2", "gpiochip2:2", 2},
		{"on two chips", "", "LED", "ambiguous", -1},
		{"no such name", "", "SHK", "not found", -1},
		{"no such chip", "pinctrl-rp1", "RESET", "the machine has pinctrl-soc, expander", -1},
		{"offset without chip", "", "1", "needs a chip", -1},
		{"offset too large", "pinctrl-soc", "4", "0..3", -1},
		{"empty", "pinctrl-soc", "", "not found", -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			chips, err := open(newFake())
			if err != nil {
				t.Fatal(err)
			}
			l, err := chips.Line(tt.chip, tt.line, Opts{})
			if tt.number < 0 {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want one that says %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.Name() != tt.want || l.Number() != tt.number {
				t.Errorf("line %s, number %d; want %s, %d", l.Name(), l.Number(), tt.want, tt.number)
			}
		})
	}
}

func TestNotFound(t *testing.T) {
	chips, err := open(newFake())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chips.Line("", "SHK", Opts{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v is not ErrNotFound", err)
	}
}

// A line has one owner in the program until it is closed.
func TestOwnership(t *testing.T) {
	chips, err := open(newFake())
	if err != nil {
		t.Fatal(err)
	}
	first, err := chips.Line("", "RESET", Opts{Consumer: "line 1 reset"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chips.Line("pinctrl-soc", "0", Opts{}); err == nil || !strings.Contains(err.Error(), "line 1 reset") {
		t.Errorf("second owner: %v, want the name of the first", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := chips.Line("", "RESET", Opts{}); err != nil {
		t.Errorf("after Close: %v", err)
	}
}

// A line that a driver of the kernel has is refused with the driver's name.
func TestBusy(t *testing.T) {
	k, fake, l := bench(t, "RESET", Opts{})
	k.mu.Lock()
	fake.used, fake.consumer = true, "spi0 CS1"
	k.mu.Unlock()
	err := l.Out(gpio.High)
	if err == nil || !strings.Contains(err.Error(), "spi0 CS1") {
		t.Errorf("Out = %v, want who uses the line", err)
	}
}
