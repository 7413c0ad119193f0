// Package pwm drives PWM outputs through the kernel, /sys/class/pwm: a sounder,
// a dimmed lamp. The frequency is the hardware's own and does not depend on the
// program.
package pwm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// Class is where the kernel has its PWM chips.
const Class = "/sys/class/pwm"

// Output is one output of a PWM chip. It belongs to one goroutine.
type Output struct {
	chip, dir string
	channel   string
	period    time.Duration
	on        bool
}

// Open takes an output of a chip below class. The chip is named as the kernel
// does, pwmchip0, or by its device, such as fe20c000.pwm, which stays the same
// from boot to boot. The output is off.
func Open(class, chip string, channel int) (*Output, error) {
	path, err := find(class, chip)
	if err != nil {
		return nil, err
	}
	o := &Output{chip: path, channel: strconv.Itoa(channel)}
	o.dir = filepath.Join(path, "pwm"+o.channel)
	n, err := readNumber(filepath.Join(path, "npwm"))
	if err != nil {
		return nil, fmt.Errorf("pwm: open %s: %w", chip, err)
	}
	if channel < 0 || channel >= n {
		return nil, fmt.Errorf("pwm: open %s: channel %d: the chip has 0..%d", chip, channel, n-1)
	}
	if _, err := os.Stat(o.dir); errors.Is(err, os.ErrNotExist) {
		if err := put(filepath.Join(path, "export"), o.channel); err != nil {
			return nil, err
		}
	}
	if err := o.Off(); err != nil {
		return nil, err
	}
	return o, nil
}

// find returns the folder of a chip.
func find(class, name string) (string, error) {
	chips, err := filepath.Glob(filepath.Join(class, "pwmchip*"))
	if err != nil {
		return "", fmt.Errorf("pwm: %w", err)
	}
	var have []string
	for _, path := range chips {
		device, err := filepath.EvalSymlinks(filepath.Join(path, "device"))
		if err != nil {
			device = "?" // a chip without a device has its kernel name only
		}
		if filepath.Base(path) == name || filepath.Base(device) == name {
			return path, nil
		}
		have = append(have, fmt.Sprintf("%s (%s)", filepath.Base(path), filepath.Base(device)))
	}
	if have == nil {
		have = []string{"none"}
	}
	return "", fmt.Errorf("pwm: no chip %q (the machine has: %s)", name, strings.Join(have, ", "))
}

func readNumber(path string) (int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// put writes to a file that must be there.
func put(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("pwm: %w", err)
	}
	_, err = f.WriteString(value)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("pwm: set %s to %s: %w", path, value, err)
	}
	return nil
}

func (o *Output) put(file string, d time.Duration) error {
	return put(filepath.Join(o.dir, file), strconv.FormatInt(int64(d), 10))
}

// Set puts out pulses of a frequency of 1 Hz..1 MHz and a duty cycle. It may be
// called while pulses are put out.
func (o *Output) Set(f physic.Frequency, duty gpio.Duty) error {
	if f < physic.Hertz || f > physic.MegaHertz {
		return fmt.Errorf("pwm: set: %v is outside 1 Hz..1 MHz", f)
	}
	if !duty.Valid() {
		return fmt.Errorf("pwm: set: duty of %d", duty)
	}
	period := f.Period()
	high := time.Duration(int64(period) * int64(duty) / int64(gpio.DutyMax))
	if err := o.shape(period, high); err != nil {
		return err
	}
	if o.on {
		return nil
	}
	if err := put(filepath.Join(o.dir, "enable"), "1"); err != nil {
		return err
	}
	o.on = true
	return nil
}

// shape writes period and pulse. The kernel refuses a pulse that is longer than
// the period at any moment, so the order depends on which way the period goes.
func (o *Output) shape(period, high time.Duration) error {
	if period < o.period || o.period == 0 {
		if err := o.put("duty_cycle", 0); err != nil {
			return err
		}
	}
	if period != o.period {
		if err := o.put("period", period); err != nil {
			return err
		}
		o.period = period
	}
	return o.put("duty_cycle", high)
}

// Off ends the pulses.
func (o *Output) Off() error {
	if err := put(filepath.Join(o.dir, "enable"), "0"); err != nil {
		return err
	}
	o.on = false
	return nil
}

// Close ends the pulses and gives the output back.
func (o *Output) Close() error {
	return errors.Join(o.Off(), put(filepath.Join(o.chip, "unexport"), o.channel))
}
