package board

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/led"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
)

// Devices opens what a board file names. The kernel's are System; tests hand in
// models.
type Devices interface {
	// PCM opens the sound card at the given rate, format, channels and period.
	PCM(Audio) (hal.PCM, error)
	// SPI opens a port. It does not talk to what is connected.
	SPI(port string) (spi.PortCloser, error)
	// Pin takes a pin for the caller alone. It is not driven before its first In
	// or Out. use is shown to whoever else wants it; an inverted pin is Low when
	// its wire is high.
	Pin(name, use string, inverted bool) (Pin, error)
	// I2C opens a bus.
	I2C(bus string) (i2c.BusCloser, error)
	// PWM takes an output of a PWM chip.
	PWM(chip string, channel int) (PWM, error)
	// Button is Pin for the button: it is debounced.
	Button(name string, inverted bool) (Pin, error)
	// LED takes a LED that the kernel has a driver for.
	LED(name string) (led.Light, error)
}

// Pin is a pin that can be given back. The pins of System are hal.EdgePins.
type Pin interface {
	gpio.PinIO
	io.Closer
}

// Opts are the settings of a Board that no file holds.
type Opts struct {
	Logger *slog.Logger // of the drivers [discard]

	// Calibration returns the results of an earlier calibration of line i, from
	// 0 [none], and Calibrated is told new ones; it must not block.
	Calibration func(line int) *si321x.Calibration
	Calibrated  func(line int, c si321x.Calibration)
}

// Board is the hardware that a description comes to.
//
// Each line waits for the highway's first period, that is for somebody to call
// PCM.Exchange, then opens its devices and serves them. It fails with
// slic.Lost, not for good: what is missing is looked for again.
type Board struct {
	PCM   hal.PCM     // channel i belongs to line i
	Lines []slic.Line // in the order of the file

	highway *highway
}

// Open puts together the hardware of a description that Parse returned. It opens
// no device: PCM opens the card when Exchange is called first, a line its
// devices when it is run.
func Open(d *Description, devices Devices, opts Opts) (*Board, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if len(d.Lines) == 0 {
		return nil, errors.New("board: open: the description has no lines")
	}
	h := newHighway(d, devices)
	b := &Board{PCM: h, highway: h}
	for i := range d.Lines {
		driver, ok := driverOf(d.Lines[i].SLIC)
		if !ok {
			return nil, fmt.Errorf("board: open: line %d: no driver for %q", i+1, d.Lines[i].SLIC)
		}
		p := newPort(i, d, driver, h, devices, opts)
		if driver.panel {
			b.Lines = append(b.Lines, panelPort{p})
			continue
		}
		b.Lines = append(b.Lines, p)
	}
	return b, nil
}

// Close closes the sound card, after the last Exchange. Lines close their devices when their Run ends.
func (b *Board) Close() error { return b.highway.Close() }
