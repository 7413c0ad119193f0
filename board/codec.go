package board

import (
	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/codec"
)

// Codec is a line circuit behind a telephony codec whose pins are a gpiochip.
type Codec struct {
	Hook           string   `json:"hook" range:"0..64" doc:"Pin of the circuit's detector. Must be set there."`
	HookActiveHigh bool     `json:"hook_active_high" default:"false" doc:"Whether the detector is high when it detects."`
	Pins           []string `json:"mode_pins" range:"0..8" doc:"Pins of the circuit's mode inputs."`
	Modes          Modes    `json:"modes" doc:"What the circuit is told for each feed: a 0 or 1 for each mode pin. Empty: it cannot."`
}

// Modes are the codes of a line circuit.
type Modes struct {
	Open              string `json:"open" range:"0..8" doc:"Both leads released."`
	Forward           string `json:"forward" range:"0..8" doc:"Battery. Must be set there."`
	Reverse           string `json:"reverse" range:"0..8" doc:"Battery reversed."`
	OnHookTransmit    string `json:"oht" range:"0..8" doc:"Battery, audio on hook."`
	OnHookTransmitRev string `json:"oht_reverse" range:"0..8" doc:"Battery reversed, audio on hook."`
	Ringing           string `json:"ringing" range:"0..8" doc:"Ringing voltage. Must be set there."`
}

// codecs are line circuits behind telephony codecs.
var codecs = driver{
	needs: []string{"codec/hook"},
	takes: []string{"codec"},
	check: checkCodec,
	build: buildCodec,
	bound: func(_ *Line, e slic.Electrical) slic.Electrical { return e },
	caps: func(l *Line) slic.Caps {
		m := codec.Modes(l.Codec.Modes)
		return m.Caps()
	},
}

func codecPins(c *Codec) []pinKey {
	return append([]pinKey{{"codec/hook", c.Hook}}, listedPins("codec/mode_pins", c.Pins)...)
}

func checkCodec(c *checker, l *Line, path string) {
	if len(l.Codec.Pins) == 0 {
		c.faultAt(path+"/codec/mode_pins", "must be there, with the pins of the mode inputs")
		return
	}
	m := codec.Modes(l.Codec.Modes)
	if err := m.Check(len(l.Codec.Pins)); err != nil {
		c.faultAt(path+"/codec/modes", "%v", err)
	}
}

func buildCodec(o *opening) (slic.Line, error) {
	c := &o.line.Codec
	pins := codec.Pins{Hook: o.pin("HOOK", c.Hook, false)}
	for _, p := range o.pins("MODE", c.Pins) {
		pins.Mode = append(pins.Mode, gpio.PinOut(p))
	}
	if o.err != nil {
		return nil, o.err
	}
	return codec.New(pins, codec.Opts{
		Name: o.name, Modes: codec.Modes(c.Modes), HookActiveHigh: c.HookActiveHigh, Logger: o.log,
	})
}
