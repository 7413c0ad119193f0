package board

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/hal/keypad"
	"github.com/ata-agent/ata-agent/hal/ssd1306"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/handset"
)

// Handset is a telephone that is part of the device.
type Handset struct {
	Hook           string `json:"hook" range:"0..64" doc:"Pin of the hook switch. Must be set there."`
	HookActiveHigh bool   `json:"hook_active_high" default:"false" doc:"Whether the hook switch is high while the handset is lifted; otherwise it closes to ground."`

	Rows    []string `json:"rows" range:"0..8" doc:"Pins of the keypad's rows, which are pulled low one after the other. None: there is no keypad."`
	Columns []string `json:"columns" range:"0..8" doc:"Pins of its columns, which are read."`
	Keys    []string `json:"keys" range:"0..8" doc:"What the keys are: a string for each row with a character for each column, of 0-9 * # A-D, R (recall), L (last number again) and a blank where there is none."`

	Ringer       string  `json:"ringer" default:"speaker" enum:"speaker,pwm" doc:"What rings: a channel of the sound card, or a sounder on a PWM output."`
	Speaker      int     `json:"speaker_channel" default:"1" range:"0..31" doc:"Channel of the loudspeaker. Ringer speaker alone."`
	SpeakerLevel float64 `json:"speaker_dbm0" default:"-10" range:"-40..0" doc:"How loud it rings. Ringer speaker alone."`
	PWMChip      string  `json:"pwm_chip" range:"0..64" doc:"PWM chip of the sounder, as in /sys/class/pwm or by its device, such as fe20c000.pwm. Must be set for ringer pwm."`
	PWMChannel   int     `json:"pwm_channel" default:"0" range:"0..31" doc:"Output of the PWM chip."`

	Lamp          string `json:"lamp" range:"0..64" doc:"Pin of the message lamp. Empty: there is none."`
	LampActiveLow bool   `json:"lamp_active_low" default:"false" doc:"Whether a low pin lights the lamp."`

	Display        string `json:"display" default:"none" enum:"none,ssd1306" doc:"Display that shows the call."`
	DisplayBus     string `json:"display_bus" default:"/dev/i2c-1" range:"0..64" doc:"I2C bus of the display, /dev/i2c-NUMBER."`
	DisplayAddress int    `json:"display_address" default:"60" range:"8..119" doc:"Address of the display: 60 (0x3c) or 61."`
	DisplayRows    int    `json:"display_rows" default:"64" range:"32..64" step:"32" doc:"Rows of dots of the display."`
}

var handsets = driver{
	needs: []string{"handset/hook"},
	takes: []string{"handset"},
	check: checkHandset,
	build: buildHandset,
	bound: func(_ *Line, e slic.Electrical) slic.Electrical { return e },
	caps: func(l *Line) slic.Caps {
		return slic.Caps{RingFrequency: true, Keys: len(l.Handset.Rows) > 0}
	},
	panel: true,
}

func handsetPins(h *Handset) []pinKey {
	pins := []pinKey{{"handset/hook", h.Hook}, {"handset/lamp", h.Lamp}}
	pins = append(pins, listedPins("handset/rows", h.Rows)...)
	return append(pins, listedPins("handset/columns", h.Columns)...)
}

// listedPins are the pins of a list. An empty name is one that is wrong.
func listedPins(key string, names []string) (pins []pinKey) {
	for i, name := range names {
		if name == "" {
			name = ":"
		}
		pins = append(pins, pinKey{key + "/" + strconv.Itoa(i), name})
	}
	return pins
}

// legend is what keys may be called.
const legend = "0123456789*#ABCDRL "

// i2cBus is the form of the device of an I2C bus.
var i2cBus = regexp.MustCompile(`^/dev/i2c-([0-9]{1,3})$`)

func checkHandset(c *checker, l *Line, path string) {
	h := &l.Handset
	path += "/handset"
	if len(h.Rows)+len(h.Columns)+len(h.Keys) > 0 {
		if err := keypad.Check(len(h.Rows), len(h.Columns), h.Keys); err != nil {
			c.faultAt(path+"/keys", "%v", err)
		}
	}
	for i, row := range h.Keys {
		if bad := strings.Trim(row, legend); bad != "" {
			c.faultAt(path+"/keys/"+strconv.Itoa(i), "%q is not a key, allowed: 0-9 * # A-D R L and blank", bad[:1])
		}
	}
	if h.Ringer == "pwm" && h.PWMChip == "" {
		c.faultAt(path+"/pwm_chip", "must be set for a sounder")
	}
	if h.Ringer == "speaker" {
		checkSpeaker(c, h, path+"/speaker_channel")
	}
	if h.Display != "none" && !i2cBus.MatchString(h.DisplayBus) {
		c.faultAt(path+"/display_bus", "%q is not an I2C bus, allowed: /dev/i2c-NUMBER, such as /dev/i2c-1", h.DisplayBus)
	}
}

// checkSpeaker checks that a loudspeaker has a channel to itself.
func checkSpeaker(c *checker, h *Handset, at string) {
	if h.Speaker >= c.board.Audio.Channels {
		c.faultAt(at, "%d: the sound card has %d channels, allowed: 0 to %d", h.Speaker, c.board.Audio.Channels, c.board.Audio.Channels-1)
	}
	for i := range c.board.Lines {
		other := &c.board.Lines[i]
		switch {
		case other.Channel == h.Speaker:
			c.faultAt(at, "%d is the channel of %s already, a loudspeaker has one of its own", h.Speaker, linePath(i))
		case &other.Handset != h && rings(other) && other.Handset.Speaker == h.Speaker:
			c.faultAt(at, "%d is the loudspeaker of %s too", h.Speaker, linePath(i))
		}
	}
}

// rings says whether a line has a loudspeaker.
func rings(l *Line) bool { return l.SLIC == "handset" && l.Handset.Ringer == "speaker" }

// speakersOf are the loudspeakers of a board by their channels.
func speakersOf(d *Description) map[int]*handset.Speaker {
	all := map[int]*handset.Speaker{}
	for i := range d.Lines {
		if h := &d.Lines[i].Handset; rings(&d.Lines[i]) {
			all[h.Speaker] = handset.NewSpeaker(dsp.DBm0(h.SpeakerLevel))
		}
	}
	return all
}

func buildHandset(o *opening) (slic.Line, error) {
	h := &o.line.Handset
	parts := handset.Parts{Hook: o.pin("HOOK", h.Hook, false), Ringer: o.ringer(h)}
	if h.Lamp != "" {
		parts.Lamp = o.pin("LAMP", h.Lamp, h.LampActiveLow)
	}
	if len(h.Rows) > 0 {
		parts.Keypad = o.keypad(h)
	}
	if h.Display != "none" {
		parts.Display = o.display(h)
	}
	if o.err != nil {
		return nil, o.err
	}
	return handset.New(parts, handset.Opts{Name: o.name, HookActiveHigh: h.HookActiveHigh, Logger: o.log})
}

func (o *opening) keypad(h *Handset) *keypad.Keypad {
	rows, columns := o.pins("ROW", h.Rows), o.pins("COLUMN", h.Columns)
	if o.err != nil {
		return nil
	}
	pad, err := keypad.New(rows, columns, h.Keys)
	o.err = err
	return pad
}

func (o *opening) pins(use string, names []string) (pins []gpio.PinIO) {
	for i, name := range names {
		pins = append(pins, o.pin(use+strconv.Itoa(i), name, false))
	}
	return pins
}

func (o *opening) ringer(h *Handset) handset.Ringer {
	if o.err != nil {
		return nil
	}
	if h.Ringer == "speaker" {
		return o.speakers[h.Speaker]
	}
	out, err := o.devices.PWM(h.PWMChip, h.PWMChannel)
	if err != nil {
		o.err = fmt.Errorf("PWM chip %s output %d: %w", h.PWMChip, h.PWMChannel, err)
		return nil
	}
	o.open = append(o.open, out)
	return sounder{out}
}

func (o *opening) display(h *Handset) handset.Display {
	bus := o.i2c(h.DisplayBus)
	if o.err != nil {
		return nil
	}
	d, err := ssd1306.New(bus, uint16(h.DisplayAddress), h.DisplayRows)
	o.err = err
	return d
}

func (o *opening) i2c(name string) i2c.Bus {
	if o.err != nil {
		return nil
	}
	bus, err := o.devices.I2C(name)
	if err != nil {
		o.err = fmt.Errorf("I2C bus %s: %w", name, err)
		return nil
	}
	o.open = append(o.open, bus)
	return bus
}

// PWM is an output for pulses, such as *pwm.Output.
type PWM interface {
	Set(f physic.Frequency, duty gpio.Duty) error
	Off() error
	Close() error
}

// sounder is a ringer on a PWM output.
type sounder struct{ out PWM }

// Sound implements handset.Ringer.
func (s sounder) Sound(f physic.Frequency) error {
	if f == 0 {
		return s.out.Off()
	}
	return s.out.Set(f, gpio.DutyHalf)
}

// panelPort is the port of a telephone that shows things.
type panelPort struct{ *port }

var _ slic.Panel = panelPort{}

// Show implements slic.Panel.
func (p panelPort) Show(s slic.Screen) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.screen = s
	if panel, ok := p.line.(slic.Panel); ok {
		panel.Show(s)
	}
}
