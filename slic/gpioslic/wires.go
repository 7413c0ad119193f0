package gpioslic

import (
	"fmt"

	"periph.io/x/conn/v3/gpio"
)

// wires are the outputs to the module and what they were last set to; reading
// an output back may turn it into an input. The first error stays until fail
// takes it.
type wires struct {
	rm, fr  gpio.PinOut
	pd      openDrain
	forward gpio.Level // of F/R

	ringMode, reversed, powered bool
	err                         error
}

func newWires(pins Pins, frForwardLow bool) wires {
	return wires{rm: pins.RM, fr: pins.FR, pd: openDrain{pins.PD}, forward: gpio.Level(!frForwardLow)}
}

func (w *wires) setRingMode(on bool) {
	w.ringMode = on
	w.keep("RM", w.rm.Out(gpio.Level(on)))
}

func (w *wires) setReversed(on bool) {
	w.reversed = on
	w.keep("F/R", w.fr.Out(w.forward != gpio.Level(on)))
}

// setPowered gives the pair its feed. Without PD it always has it.
func (w *wires) setPowered(on bool) {
	w.powered = on || !w.pd.wired()
	if on {
		w.keep("PD", w.pd.release())
		return
	}
	w.keep("PD", w.pd.pull())
}

func (w *wires) keep(what string, err error) {
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("set %s: %w", what, err)
	}
}

// fail returns the first error since it was called last.
func (w *wires) fail() error {
	err := w.err
	w.err = nil
	return err
}
