// Package model is a SSD1306 on an I2C bus with a panel on it: it takes commands
// and data as the chip does and tells what can be read on the panel.
package model

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/hal/ssd1306"
)

const width = 128

var errNoAnswer = errors.New("model: nobody acknowledges the address")

// Display is the chip and its panel, alone on a bus. It implements i2c.Bus; its
// methods may be called from several goroutines.
type Display struct {
	mu      sync.Mutex
	address uint16
	pages   int
	failing bool

	on, pump, horizontal bool
	multiplex            int
	columns, rows        [2]int // window, first and last
	column, page         int
	memory               [8][width]byte
	misuses              []string
}

// New returns a display that has just got its power: off, its memory random.
func New(address uint16, rows int) *Display {
	d := &Display{address: address, pages: rows / 8}
	d.powerUp()
	return d
}

func (d *Display) powerUp() {
	d.on, d.pump, d.horizontal, d.multiplex = false, false, false, 64
	d.columns, d.rows = [2]int{0, width - 1}, [2]int{0, 7}
	for p := range d.memory {
		for c := range d.memory[p] {
			d.memory[p][c] = byte(p*31 + c*17)
		}
	}
}

// Fail takes the display from the bus, or puts it back, with its power lost.
func (d *Display) Fail(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failing = on; on {
		d.powerUp()
	}
}

// Misuses tells what the chip does not know and was told.
func (d *Display) Misuses() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.misuses...)
}

// String implements i2c.Bus.
func (d *Display) String() string { return "display" }

// SetSpeed implements i2c.Bus.
func (d *Display) SetSpeed(physic.Frequency) error { return nil }

// Tx implements i2c.Bus.
func (d *Display) Tx(address uint16, w, r []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failing || address != d.address {
		return errNoAnswer
	}
	switch {
	case len(r) > 0 || len(w) < 2:
		d.blame("a transfer of %d and %d bytes", len(w), len(r))
	case w[0] == 0x40:
		for _, b := range w[1:] {
			d.store(b)
		}
	case w[0] == 0:
		d.commands(w[1:])
	default:
		d.blame("control byte %#x", w[0])
	}
	return nil
}

func (d *Display) blame(format string, args ...any) {
	d.misuses = append(d.misuses, fmt.Sprintf(format, args...))
}

// operands is how many bytes follow a command. SSD1306 data sheet §9.
var operands = map[byte]int{
	0xae: 0, 0xaf: 0, 0xd5: 1, 0xa8: 1, 0xd3: 1, 0x40: 0, 0x8d: 1, 0x20: 1, 0xa1: 0, 0xc8: 0,
	0xda: 1, 0x81: 1, 0xd9: 1, 0xdb: 1, 0xa4: 0, 0xa6: 0, 0x21: 2, 0x22: 2,
}

func (d *Display) commands(all []byte) {
	for len(all) > 0 {
		n, known := operands[all[0]]
		if !known || len(all) < 1+n {
			d.blame("command % x", all)
			return
		}
		d.command(all[0], all[1:1+n])
		all = all[1+n:]
	}
}

func (d *Display) command(c byte, args []byte) {
	switch c {
	case 0xae, 0xaf:
		d.on = c == 0xaf
	case 0x8d:
		d.pump = args[0] == 0x14
	case 0x20:
		d.horizontal = args[0] == 0
	case 0xa8:
		d.multiplex = int(args[0]) + 1
	case 0x21:
		d.columns = [2]int{int(args[0]), int(args[1])}
		d.column = d.columns[0]
	case 0x22:
		d.rows = [2]int{int(args[0]), int(args[1])}
		d.page = d.rows[0]
	}
}

// store puts a byte into the memory and goes on to the next place of the window.
func (d *Display) store(b byte) {
	d.memory[d.page&7][d.column&(width-1)] = b
	if d.column++; d.column <= d.columns[1] {
		return
	}
	d.column = d.columns[0]
	if !d.horizontal {
		return
	}
	if d.page++; d.page > d.rows[1] {
		d.page = d.rows[0]
	}
}

// Lines is what can be read on the panel: four lines without the blanks at their
// ends, or none while the display is dark.
func (d *Display) Lines() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.on || !d.pump || d.multiplex != 8*d.pages {
		return nil
	}
	lines := make([]string, 4)
	for i := range lines {
		var text strings.Builder
		for x := 0; x+6 <= width; x += 6 {
			var g ssd1306.Glyph
			for column := range g {
				g[column] = d.dots(i, x+column)
			}
			text.WriteRune(g.Read())
		}
		lines[i] = strings.TrimRight(text.String(), " ")
	}
	return lines
}

// dots reads a column of a line; of lines that are drawn twice as high, each
// second dot.
func (d *Display) dots(line, x int) byte {
	if d.pages == 4 {
		return d.memory[line][x]
	}
	high := uint16(d.memory[2*line][x]) | uint16(d.memory[2*line+1][x])<<8
	var dots byte
	for bit := range 8 {
		dots |= byte(high>>(2*bit)&1) << bit
	}
	return dots
}
