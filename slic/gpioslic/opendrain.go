package gpioslic

import "periph.io/x/conn/v3/gpio"

// openDrain is an output that can pull its wire low or let go of it. It has no
// way to drive it high, which would destroy the module. Ag1171 data sheet, PD.
type openDrain struct{ pin gpio.PinIO }

// wired says that there is such a pin; without one pull and release do nothing.
func (o openDrain) wired() bool { return o.pin != nil }

func (o openDrain) pull() error {
	if !o.wired() {
		return nil
	}
	return o.pin.Out(gpio.Low)
}

func (o openDrain) release() error {
	if !o.wired() {
		return nil
	}
	return o.pin.In(gpio.Float, gpio.NoEdge)
}
