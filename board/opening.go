package board

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/slic/handset"
	"github.com/ata-agent/ata-agent/slic/si321x"
)

// opening is a line whose devices are being opened. The first failure sticks and
// makes later calls do nothing.
type opening struct {
	board   *Description
	line    *Line
	name    string
	devices Devices
	log     *slog.Logger

	calibration *si321x.Calibration
	calibrated  func(si321x.Calibration)

	speakers map[int]*handset.Speaker // of the board, by channel

	open []io.Closer
	err  error
}

func (o *opening) spi(port string) spi.Port {
	if o.err != nil {
		return nil
	}
	p, err := o.devices.SPI(port)
	if err != nil {
		o.err = fmt.Errorf("SPI port %s: %w", port, err)
		return nil
	}
	o.open = append(o.open, p)
	return p
}

func (o *opening) pin(use, name string, inverted bool) gpio.PinIO {
	if o.err != nil {
		return nil
	}
	p, err := o.devices.Pin(name, o.name+" "+use, inverted)
	if err != nil {
		o.err = fmt.Errorf("%s pin %s: %w", use, name, err)
		return nil
	}
	o.open = append(o.open, p)
	return p
}

// close gives back what was opened.
func (o *opening) close() error {
	var errs []error
	for _, c := range o.open {
		errs = append(errs, c.Close())
	}
	o.open = nil
	return errors.Join(errs...)
}
