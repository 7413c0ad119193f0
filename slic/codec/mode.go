package codec

import (
	"fmt"

	"periph.io/x/conn/v3/gpio"
)

// modePins are the mode pins and the code they were last given, empty when that
// is not known.
type modePins struct {
	pins []gpio.PinOut
	code string
}

// set gives the circuit a code: first what goes low, then what goes high.
func (m *modePins) set(code string) error {
	if code == m.code {
		return nil
	}
	old := m.code
	m.code = ""
	for _, level := range []byte("01") {
		for i, pin := range m.pins {
			if code[i] != level || old != "" && old[i] == level {
				continue
			}
			if err := pin.Out(gpio.Level(level == '1')); err != nil {
				return fmt.Errorf("set mode pin %s: %w", pin, err)
			}
		}
	}
	m.code = code
	return nil
}
