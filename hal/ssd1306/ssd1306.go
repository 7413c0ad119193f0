// Package ssd1306 shows four lines of text on the small OLED displays with a
// SSD1306, of 128 by 64 or 128 by 32 dots, on an I2C bus. 21 characters fit in a
// line; letters are capitals. On 64 rows of dots they are drawn twice as high.
//
// # Data sheet
//
// Solomon Systech SSD1306 rev 1.1: commands §9, power-up in the application note
// §3. The address is 0x3c, or 0x3d with D/C# high.
package ssd1306

import (
	"errors"
	"fmt"

	"periph.io/x/conn/v3/i2c"
)

const (
	width     = 128
	cell      = 6 // columns of a character with the gap behind it
	textLines = 4
	maxText   = width / cell
)

// Control bytes in front of what is written.
const (
	commands = 0x00
	data     = 0x40
)

// Display is one display. It belongs to one goroutine.
type Display struct {
	bus     i2c.Bus
	address uint16
	pages   int // of eight rows of dots
	awake   bool
	frame   []byte // what is shown, when awake
}

// New returns a display of 64 or 32 rows of dots. It does not touch the bus.
func New(bus i2c.Bus, address uint16, rows int) (*Display, error) {
	switch {
	case bus == nil:
		return nil, errors.New("ssd1306: new: no bus")
	case rows != 64 && rows != 32:
		return nil, fmt.Errorf("ssd1306: new: %d rows of dots, want 64 or 32", rows)
	}
	return &Display{bus: bus, address: address, pages: rows / 8}, nil
}

// Show shows lines of text, the first on top; what does not fit is cut off. No
// lines at all put the display to sleep. After an error the display is set up
// from the start with the next call.
func (d *Display) Show(lines []string) error {
	err := d.show(lines)
	if err != nil {
		d.awake = false
		return fmt.Errorf("ssd1306: %w", err)
	}
	return nil
}

func (d *Display) show(lines []string) error {
	if len(lines) == 0 {
		d.awake = false
		return d.command(0xae) // display off
	}
	frame := d.render(lines)
	if d.awake && string(frame) == string(d.frame) {
		return nil
	}
	if !d.awake {
		if err := d.setUp(); err != nil {
			return err
		}
	}
	if err := d.write(frame); err != nil {
		return err
	}
	if !d.awake {
		if err := d.command(0xaf); err != nil { // display on
			return err
		}
	}
	d.awake, d.frame = true, frame
	return nil
}

// setUp configures the chip, which may have lost its power.
func (d *Display) setUp() error {
	pins := byte(0x12) // alternative COM pins, as panels of 64 rows are wired
	if d.pages == 4 {
		pins = 0x02
	}
	return d.command(
		0xae,       // display off
		0xd5, 0x80, // clock
		0xa8, byte(8*d.pages-1), // multiplex ratio
		0xd3, 0x00, // display offset
		0x40,       // start line 0
		0x8d, 0x14, // charge pump on
		0x20, 0x00, // horizontal addressing
		0xa1, 0xc8, // columns and rows from the top left
		0xda, pins, // COM pins
		0x81, 0x7f, // contrast
		0xd9, 0xf1, // precharge, for the charge pump
		0xdb, 0x20, // VCOMH 0.77 Vcc
		0xa4, 0xa6, // show the memory, not inverted
	)
}

// write fills the display's memory, a page at a time, as some controllers have
// short buffers.
func (d *Display) write(frame []byte) error {
	if err := d.command(0x21, 0, width-1, 0x22, 0, byte(d.pages-1)); err != nil {
		return err
	}
	for ; len(frame) > 0; frame = frame[width:] {
		if err := d.bus.Tx(d.address, append([]byte{data}, frame[:width]...), nil); err != nil {
			return err
		}
	}
	return nil
}

func (d *Display) command(bytes ...byte) error {
	return d.bus.Tx(d.address, append([]byte{commands}, bytes...), nil)
}

// render draws lines of text.
func (d *Display) render(lines []string) []byte {
	frame := make([]byte, d.pages*width)
	for i, text := range lines[:min(len(lines), textLines)] {
		x := 0
		for _, r := range text {
			if x+cell > maxText*cell {
				break
			}
			for column, dots := range GlyphOf(r) {
				d.draw(frame, i, x+column, dots)
			}
			x += cell
		}
	}
	return frame
}

// draw sets a column of a line.
func (d *Display) draw(frame []byte, line, x int, dots byte) {
	if d.pages == textLines {
		frame[line*width+x] = dots
		return
	}
	high := double(dots)
	frame[2*line*width+x], frame[(2*line+1)*width+x] = byte(high), byte(high>>8)
}

// double makes two dots of each.
func double(dots byte) (high uint16) {
	for bit := range 8 {
		if dots>>bit&1 != 0 {
			high |= 3 << (2 * bit)
		}
	}
	return high
}
