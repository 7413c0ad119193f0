package board

import "github.com/ata-agent/ata-agent/jsondoc"

// Description is the whole board file.
type Description struct {
	Schema     int      `json:"schema" default:"1" range:"1..1" doc:"Version of this document's form."`
	ID         string   `json:"id" range:"1..64" doc:"Stable name of the board, in inventories, status and -board."`
	Name       string   `json:"name" range:"0..120" doc:"What the board is, for people."`
	SoC        string   `json:"soc" range:"0..32" doc:"Processor, such as bcm2837; the limits of its PCM block are checked where they are known."`
	Compatible []string `json:"compatible" range:"0..16" doc:"Device-tree names of the computers that the board is built on. Empty: any."`
	Region     string   `json:"region" default:"US" range:"2..2" doc:"Country of lines whose configuration names none, ISO 3166-1 alpha-2."`
	Clock      Clock    `json:"clock" doc:"The PCM highway's clock and framing."`
	Audio      Audio    `json:"audio" doc:"The sound card that is the highway."`
	Lines      []Line   `json:"lines" range:"1..8" doc:"One entry per telephone port, in the order of the ports."`
	LEDs       LEDs     `json:"leds" doc:"Lamps of the box. A lamp is a pin, or led:NAME for one that the kernel has a driver for, below /sys/class/leds."`
	Button     Button   `json:"button" doc:"The button of the box: held for 5 s it restarts the agent, for 10 s it resets the device to its first state."`
	Reserved   []string `json:"reserved_pins" range:"0..64" doc:"Pins of buses and other hardware, which no line may use."`
}

// Clock is the PCM highway's clock and framing. It says what the device tree
// makes of the SoC's PCM block; nothing here sets it.
type Clock struct {
	Producer string `json:"producer" default:"soc" enum:"soc,external" doc:"What makes the clock."`
	Bit      int    `json:"bclk_hz" default:"256000" range:"64000..24576000" doc:"Bit clock (PCLK, BCLK). Si321x: 256000, 512000, 768000, 1024000, 1536000, 2048000, 4096000 or 8192000."`
	Frame    int    `json:"fsync_hz" default:"8000" range:"8000..8000" doc:"Frame clock (FSYNC)."`
	Format   string `json:"format" default:"dsp_b" enum:"dsp_a,dsp_b,i2s" doc:"Framing: the first bit comes with the frame pulse (dsp_b), one bit later (dsp_a), or left and right (i2s). Si321x: dsp_a or dsp_b."`
	SlotBits int    `json:"slot_bits" default:"16" range:"8..32" step:"8" doc:"Width of a slot."`
	Slots    int    `json:"slots" default:"2" range:"1..128" doc:"Slots of a frame; all must fit into one frame of the bit clock."`
}

// Audio is the sound card that is the highway.
type Audio struct {
	Card     string `json:"card" default:"SLIC" range:"1..15" doc:"ALSA id of the card, as in /proc/asound/cards; the number may change from boot to boot."`
	Device   int    `json:"device" default:"0" range:"0..31" doc:"PCM device of the card."`
	Capture  int    `json:"capture_device" default:"0" range:"0..31" doc:"PCM device for what the telephones say, where the card has one for each direction. 0: the same as device."`
	Rate     int    `json:"rate" default:"8000" range:"8000..8000" doc:"Samples per second."`
	Format   string `json:"format" default:"S16_LE" enum:"S16_LE,MU_LAW,A_LAW" doc:"Samples: linear, or companded in slots of 8 bits."`
	Channels int    `json:"channels" default:"2" range:"1..32" doc:"Channels of a frame."`
	Period   int    `json:"period_frames" default:"80" range:"80..160" step:"80" doc:"Frames of one period; 80 are 10 ms."`
	Periods  int    `json:"periods" default:"4" range:"3..16" doc:"Periods of the card's buffer."`
	Delay    int    `json:"delay_frames" default:"0" range:"0..3200" doc:"Frames that the card adds on the way to the telephone and back, beside the periods that are queued for it; the echo is looked for that much later."`
}

// Line is one telephone port. Which of its sections apply is up to the chip.
type Line struct {
	SLIC    string  `json:"slic" enum:"si3210,si3211,si3215,si3216,ag1171,ks0835f,codec,handset" doc:"Line chip or module, a line circuit behind a telephony codec, or a telephone that is part of the device."`
	Channel int     `json:"channel" default:"0" range:"0..31" doc:"Channel of the sound card, from 0."`
	Slot    int     `json:"slot" default:"-1" range:"-1..127" doc:"Slot of the frame, from 0. -1: the same as the channel."`
	SPI     SPI     `json:"spi" doc:"Control bus. Si321x alone."`
	GPIO    GPIO    `json:"gpio" doc:"Pins, each by the name its device tree gives it (GPIO24), or by chip and offset (gpio-32-63:28)."`
	Flags   Flags   `json:"gpio_flags" doc:"How pins are wired."`
	DCDC    DCDC    `json:"dcdc" doc:"Supply of the line. Si321x alone."`
	Ring    Ring    `json:"ring" doc:"Ringing. Si321x alone; modules ring as they are built."`
	Feed    Feed    `json:"feed" doc:"Feed of the line. Si321x alone."`
	Codec   Codec   `json:"codec" doc:"Line circuit behind a telephony codec. Codec alone."`
	Handset Handset `json:"handset" doc:"Telephone that is part of the device. Handset alone."`
}

// SPI is the control bus of a chip.
type SPI struct {
	Port         string `json:"port" range:"0..64" doc:"Device of the port, /dev/spidevBUS.SELECT."`
	MaxHz        int    `json:"max_hz" default:"2000000" range:"100000..16000000" doc:"Bus clock."`
	Mode         int    `json:"mode" default:"3" range:"0..3" doc:"SPI mode. Si321x: 3."`
	ByteTransfer bool   `json:"byte_transfer" default:"false" doc:"One transfer per byte, for controllers that cannot raise chip select within a transfer."`
}

// GPIO are the pins of a line.
type GPIO struct {
	Reset string `json:"reset" range:"0..64" doc:"RESET of a Si321x. Must be set there."`
	Int   string `json:"int" range:"0..64" doc:"INT of a Si321x. Empty: not wired, the chip is polled every 5 ms."`
	SHK   string `json:"shk" range:"0..64" doc:"SHK of a module, the hook switch. Must be set there."`
	RM    string `json:"rm" range:"0..64" doc:"RM of a module, ring mode. Must be set there."`
	FR    string `json:"fr" range:"0..64" doc:"F/R of a module, forward and reverse. Must be set there."`
	PD    string `json:"pd" range:"0..64" doc:"PD of a module, power down; it is pulled low or let go, never driven high. Empty: not wired, the loop cannot be opened."`
}

// Flags say how pins are wired.
type Flags struct {
	ResetActiveLow bool `json:"reset_active_low" default:"true" doc:"Whether a low pin holds the Si321x in reset; false behind an inverter."`
	SHKActiveHigh  bool `json:"shk_active_high" default:"true" doc:"Whether SHK is high while the telephone is off hook."`
	FRForwardHigh  bool `json:"fr_forward_high" default:"true" doc:"Whether F/R is high for forward battery."`
	OnHookAudio    bool `json:"on_hook_audio" default:"false" doc:"Whether the bias resistor is fitted that lets a module send caller ID."`
}

// DCDC is the supply of a line.
type DCDC struct {
	Kind            string  `json:"kind" default:"auto" enum:"auto,bjt,mosfet,external" doc:"Converter that the chip controls; auto takes what the chip reports. External supplies: si3211."`
	Period          float64 `json:"period_us" default:"0" range:"0..20" doc:"PWM period in microseconds: bjt 11.72 to 15.56, mosfet 3.91 to 7.75. 0: the longest."`
	BatteryHigh     float64 `json:"vbath_v" default:"75" range:"60..94.5" doc:"Most that the supply may give."`
	BatteryLow      float64 `json:"vbatl_v" default:"24" range:"15..60" doc:"Supply while the telephone is off hook."`
	LineFeed        string  `json:"linefeed_ic" default:"none" enum:"none,si3201" doc:"Line-feed chip, or discrete transistors."`
	SeriesCapacitor bool    `json:"series_capacitor" default:"false" doc:"Whether the parts for impedances with a series capacitor are fitted."`
}

// Ring is the ringing that a port is built for.
type Ring struct {
	Voltage float64 `json:"vrms" default:"45" range:"20..66" doc:"Ringing voltage without load, where the configuration asks for none. Its peak and 7.5 V more must come from vbath_v."`
	MaxREN  float64 `json:"max_ren" default:"3" range:"0.5..10" doc:"Ringer load (REN) that the port must ring; its peak current must stay below 80 mA."`
}

// Feed is the feed that a port is built for.
type Feed struct {
	Current float64 `json:"ilim_ma" default:"41" range:"18..41" doc:"Most loop current; the configuration may ask for less."`
	Voltage float64 `json:"voc_v" default:"48" range:"24..56" doc:"Voltage of the idle line."`
}

// LEDs are the lamps of the box.
type LEDs struct {
	Power      string   `json:"power" range:"0..64" doc:"Lamp of the device. Empty: none."`
	Network    string   `json:"network" range:"0..64" doc:"Lamp of the registrations. Empty: none."`
	Message    string   `json:"message" range:"0..64" doc:"Lamp of the mailboxes. Empty: none."`
	Lines      []string `json:"lines" range:"0..8" doc:"Lamp of each line, in their order; an empty one is not fitted."`
	ActiveHigh bool     `json:"active_high" default:"true" doc:"Whether a lamp on a pin is lit while the pin is high."`
}

// Button is the one button of the box.
type Button struct {
	Pin       string `json:"pin" range:"0..64" doc:"Pin of the button. Empty: none."`
	ActiveLow bool   `json:"active_low" default:"true" doc:"Whether the pin is low while the button is down."`
}

// Parse reads and checks a board file: JSON, with comments and trailing commas
// allowed. The error is of type jsondoc.Faults and lists everything that is
// wrong, each with its place, the rule and what would be legal; file is the
// name it uses.
func Parse(file string, data []byte) (*Description, error) {
	doc, err := jsondoc.Parse(file, data, check)
	if err != nil {
		return nil, err
	}
	return doc.Value, nil
}

// Show returns the effective board file, every default filled in, with a comment
// behind each value that says where it comes from.
func Show(file string, data []byte) ([]byte, error) {
	doc, err := jsondoc.Parse(file, data, check)
	if err != nil {
		return nil, err
	}
	return doc.Show(), nil
}

// Schema returns the JSON Schema (2020-12) of board files.
func Schema() []byte { return jsondoc.Schema[Description]("ata-agent board file") }

// Reference returns the description of every key as Markdown
// (docs/boards/reference.md).
func Reference() []byte { return jsondoc.Reference[Description](referenceHead) }

const referenceHead = `# Board files

One JSON document describes a machine; it may have comments and trailing commas. A key that is unknown, written twice or in the wrong
case is an error, and every error is reported with file, line, column and what would be legal. ` + "`ata-agent board show NAME`" + ` prints a
ready one to begin with, ` + "`ata-agent board check FILE`" + ` checks yours. This page is made from the types in the package ` + "`board`" + `.
`
