package board

import (
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/host/v3/sysfs"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/alsa"
	"github.com/ata-agent/ata-agent/hal/gpio"
	"github.com/ata-agent/ata-agent/hal/led"
	"github.com/ata-agent/ata-agent/hal/pwm"
)

// system are the devices of the kernel.
type system struct {
	chips func() (*gpio.Chips, error)
}

// System returns the devices of the kernel this program runs on: sound cards by
// ALSA, SPI by spidev through periph, pins by the GPIO character device. GPIO
// controllers are looked for when the first pin is opened, once.
func System() Devices {
	s := &system{}
	var mu sync.Mutex
	var found *gpio.Chips
	s.chips = func() (*gpio.Chips, error) {
		mu.Lock()
		defer mu.Unlock()
		if found != nil && len(found.List()) > 0 {
			return found, nil
		}
		var err error
		found, err = gpio.Open()
		return found, err
	}
	return s
}

var codings = map[string]alsa.Coding{"S16_LE": alsa.Linear16, "MU_LAW": alsa.MuLaw, "A_LAW": alsa.ALaw}

// PCM implements Devices.
func (s *system) PCM(a Audio) (hal.PCM, error) {
	pcm, err := alsa.Open(alsa.Opts{
		Card: a.Card, Device: a.Device, Capture: a.Capture, Channels: a.Channels, Rate: a.Rate,
		Period: a.Period, Periods: a.Periods, Coding: codings[a.Format],
	})
	if err != nil {
		return nil, err // a nil *alsa.PCM must not become a hal.PCM
	}
	return pcm, nil
}

// spidev is the form of the device of an SPI port.
var spidev = regexp.MustCompile(`^/dev/spidev([0-9]{1,3})\.([0-9]{1,3})$`)

// SPI implements Devices. It opens the device itself, not through periph's
// registry: filling that touches every GPIO controller and the memory of the
// processor, which this program is not allowed to.
func (s *system) SPI(port string) (spi.PortCloser, error) {
	m := spidev.FindStringSubmatch(port)
	if m == nil {
		return nil, fmt.Errorf("%q is not an SPI port", port)
	}
	bus, _ := strconv.Atoi(m[1]) // three digits
	selected, _ := strconv.Atoi(m[2])
	p, err := sysfs.NewSPI(bus, selected)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// I2C implements Devices.
func (s *system) I2C(bus string) (i2c.BusCloser, error) {
	m := i2cBus.FindStringSubmatch(bus)
	if m == nil {
		return nil, fmt.Errorf("%q is not an I2C bus", bus)
	}
	number, _ := strconv.Atoi(m[1]) // three digits
	b, err := sysfs.NewI2C(number)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// PWM implements Devices.
func (s *system) PWM(chip string, channel int) (PWM, error) {
	out, err := pwm.Open(pwm.Class, chip, channel)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Pin implements Devices.
func (s *system) Pin(name, use string, inverted bool) (Pin, error) {
	return s.line(name, gpio.Opts{Consumer: "ata-agent " + use, ActiveLow: inverted})
}

// buttonDebounce is for how long the contact of a button must be quiet.
const buttonDebounce = 20 * time.Millisecond

// Button implements Devices.
func (s *system) Button(name string, inverted bool) (Pin, error) {
	return s.line(name, gpio.Opts{Consumer: "ata-agent button", ActiveLow: inverted, Debounce: buttonDebounce})
}

// LED implements Devices.
func (s *system) LED(name string) (led.Light, error) {
	l, err := led.Open(led.Class, name)
	if err != nil {
		return nil, err // a nil *led.LED must not become a led.Light
	}
	return l, nil
}

// line opens a line of a GPIO controller.
func (s *system) line(name string, opts gpio.Opts) (Pin, error) {
	chips, err := s.chips()
	if err != nil {
		return nil, err
	}
	chip, offset := splitPin(name)
	line, err := chips.Line(chip, offset, opts)
	if err != nil {
		return nil, err
	}
	return line, nil
}
