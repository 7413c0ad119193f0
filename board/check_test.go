package board

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/jsondoc"
)

// proslicLine and moduleLine are the least lines of their kinds.
const (
	proslicLine = `{"slic": "si3210", "spi": {"port": "/dev/spidev0.0"}, "gpio": {"reset": "A"}}`
	moduleLine  = `{"slic": "ag1171", "gpio": {"shk": "S", "rm": "R", "fr": "F"}}`
)

// handsetLine is a handset with more keys of its section.
func handsetLine(inner string) string {
	return `{"slic": "handset", "handset": {"hook": "H", ` + inner + `}}`
}

// codecLine is a line behind a codec with more keys of its section.
func codecLine(inner string) string {
	return `{"slic": "codec", "codec": {"hook": "H", "mode_pins": ["M0", "M1"], ` + inner + `}}`
}

// file is a board file with some keys before its lines.
func file(keys string, lines ...string) string {
	return "{\"id\": \"b\",\n" + keys + "\n\"lines\": [\n" + strings.Join(lines, ",\n") + "\n]}"
}

func line(inner string) string {
	return `{"slic": "si3210", "spi": {"port": "/dev/spidev0.0"}, "gpio": {"reset": "A"}, ` + inner + `}`
}

// second is a second line that is right beside proslicLine.
func second(inner string) string {
	return `{"slic": "si3210", "channel": 1, "spi": {"port": "/dev/spidev0.1"}, "gpio": {"reset": "B"}` + inner + `}`
}

func TestRules(t *testing.T) {
	tests := []struct {
		name, doc string
		want      []string // parts of one fault each
	}{
		{"right", file("", proslicLine, second("")), nil},
		{"module", file("", moduleLine), nil},
		{"empty", "{}", []string{"/id: must be there", "/lines: must be there"}},
		{"unknown key", file(`"clk": {},`, moduleLine), []string{`b:2:1: /clk: unknown key; known here: schema, id`}},
		{"unknown driver", file("", `{"slic": "si3120"}`), []string{`b:4:10: /lines/0/slic: "si3120" is not allowed, allowed: one of "si3210", "si3211", "si3215", "si3216", "ag1171", "ks0835f", "codec", "handset"; did you mean "si3210"?`}},
		{"no driver", file("", `{}`), []string{`b:4:1: /lines/0/slic: must be there, allowed: one of "si3210"`}},
		{"unknown country", file(`"region": "XX",`, moduleLine), []string{`b:2:11: /region: "XX" is not a known country`}},

		{"bit clock", file(`"clock": {"bclk_hz": 320000},`, proslicLine), []string{"b:2:22: /clock/bclk_hz: 320000 is not a PCM clock of the si3210, allowed: 256000, 512000, 768000, 1024000, 1536000, 2048000, 4096000, 8192000"}},
		{"bit clock of another codec", file(`"clock": {"bclk_hz": 320000},`, moduleLine), nil},
		{"broken frame", file(`"clock": {"bclk_hz": 320001},`, moduleLine), []string{"/clock/bclk_hz: 320001 is not a multiple of fsync_hz = 8000"}},
		{"frame too short", file(`"clock": {"slots": 3},`, proslicLine), []string{"b:2:20: /clock/slots: 3 slots of 16 bits do not fit into the 32 bits of a frame, allowed: at most 2"}},
		{"frame full with a late slot", file(`"clock": {"format": "dsp_a"},`, proslicLine), []string{`b:2:21: /clock/format: with "dsp_a" the last bit would be in the next frame, allowed: "dsp_b", or a bclk_hz of more than 256000`}},
		{"frame with room for a late slot", file(`"clock": {"format": "dsp_a", "bclk_hz": 512000},`, proslicLine), nil},
		{"framing", file(`"clock": {"format": "i2s"},`, proslicLine), []string{`/clock/format: "i2s" is not a framing of the si3210, allowed: "dsp_a", "dsp_b"`}},
		{"slot too narrow", file(`"clock": {"slot_bits": 8},`, proslicLine), []string{"/clock/slot_bits: 8 is too narrow for S16_LE, allowed: 16 to 32"}},
		{"companded slot", file(`"clock": {"slot_bits": 8}, "audio": {"format": "A_LAW"},`, proslicLine), nil},
		{"frame clock", file(`"clock": {"fsync_hz": 16000},`, moduleLine), []string{"/clock/fsync_hz: 16000 is out of range, allowed: 8000 to 8000"}},
		{"channels without slots", file(`"audio": {"channels": 4},`, proslicLine), []string{"b:2:23: /audio/channels: 4 channels need as many slots, allowed: 1 to 2"}},
		{"channels of a Raspberry Pi", file(`"soc": "bcm2711", "audio": {"channels": 1},`, proslicLine), []string{"/audio/channels: 1: the PCM block of the bcm2711 has two channels, allowed: 2"}},
		{"format of a Raspberry Pi", file(`"soc": "bcm2837", "audio": {"format": "A_LAW"},`, moduleLine), []string{`/audio/format: "A_LAW": the PCM block of the bcm2837 has linear samples, allowed: "S16_LE"`}},
		{"card", file(`"audio": {"card": "a name of 16 char"},`, moduleLine), []string{"/audio/card: has 17 characters, allowed: 1 to 15 characters"}},
		{"channel", file("", line(`"channel": 2, "slot": 0`)), []string{"/lines/0/channel: 2: the sound card has 2 channels, allowed: 0 to 1"}},
		{"slot", file("", line(`"slot": 2`)), []string{"/lines/0/slot: 2: a frame has 2 slots, allowed: 0 to 1"}},
		{"slot by channel", file(`"clock": {"slots": 1}, "audio": {"channels": 1},`, second("")), []string{"/lines/0/channel: 1: the sound card has 1 channels, allowed: 0 to 0", "/lines/0/channel: 1: a frame has 1 slots, allowed: 0 to 0"}},
		{"last slot", file(`"clock": {"bclk_hz": 8192000, "slots": 64},`, line(`"slot": 63`)), nil},
		{"slot beyond the chip", file(`"clock": {"bclk_hz": 12288000, "slots": 96},`, line(`"slot": 64`)), []string{"/clock/bclk_hz: 12288000 is not", "/lines/0/slot: starts at bit 1024 of the frame, allowed: at most 1023"}},

		{"mode", file("", `{"slic": "si3210", "spi": {"port": "/dev/spidev0.0", "mode": 0}, "gpio": {"reset": "A"}}`), []string{"b:4:62: /lines/0/spi/mode: 0 is not a mode of the si3210, allowed: 3"}},
		{"port", file("", `{"slic": "si3210", "spi": {"port": "SPI0"}, "gpio": {"reset": "A"}}`), []string{`/lines/0/spi/port: "SPI0" is not an SPI port, allowed: /dev/spidevBUS.SELECT, such as /dev/spidev0.0`}},
		{"speed", file("", `{"slic": "si3210", "spi": {"port": "/dev/spidev0.0", "max_hz": 20000000}, "gpio": {"reset": "A"}}`), []string{"/lines/0/spi/max_hz: 20000000 is out of range, allowed: 100000 to 16000000"}},
		{"port twice", file("", proslicLine, `{"slic": "si3210", "channel": 1, "spi": {"port": "/dev/spidev0.0"}, "gpio": {"reset": "B"}}`), []string{`/lines/1/spi/port: "/dev/spidev0.0" is the port of /lines/0 already`}},
		{"channel twice", file("", proslicLine, `{"slic": "si3210", "spi": {"port": "/dev/spidev0.1"}, "gpio": {"reset": "B"}}`), []string{"b:5:1: /lines/1/channel: 0 is the channel of /lines/0 already, allowed: 1"}},
		{"slot twice", file("", proslicLine, second(`, "slot": 0`)), []string{"/lines/1/slot: slot 0 is the slot of /lines/0 already"}},
		{"needed keys of a chip", file("", `{"slic": "si3215"}`), []string{"/lines/0/spi/port: must be set for the si3215", "/lines/0/gpio/reset: must be set for the si3215"}},
		{"needed keys of a module", file("", `{"slic": "ks0835f"}`), []string{"/lines/0/gpio/shk: must be set for the ks0835f", "/lines/0/gpio/rm: must be", "/lines/0/gpio/fr: must be"}},
		{"keys without meaning for a module", file("", `{"slic": "ag1171", "spi": {"port": "/dev/spidev0.0"}, "ring": {"max_ren": 1}, "gpio": {"shk": "S", "rm": "R", "fr": "F", "int": "I"}}`), []string{"/lines/0/spi: has no meaning for the ag1171, leave it out", "/lines/0/ring: has no meaning", "/lines/0/gpio/int: has no meaning"}},
		{"keys without meaning for a chip", file("", line(`"gpio_flags": {"fr_forward_high": false}`)), []string{"/lines/0/gpio_flags/fr_forward_high: has no meaning for the si3210, leave it out"}},

		{"pin twice in a line", file("", `{"slic": "ag1171", "gpio": {"shk": "S", "rm": "R", "fr": "S"}}`), []string{`b:4:58: /lines/0/gpio/fr: "S" is /lines/0/gpio/shk already, a pin has one use`}},
		{"pin twice", file("", proslicLine, `{"slic": "si3210", "channel": 1, "spi": {"port": "/dev/spidev0.1"}, "gpio": {"reset": "A"}}`), []string{`/lines/1/gpio/reset: "A" is /lines/0/gpio/reset already, a pin has one use`}},
		{"pin of a bus", file(`"reserved_pins": ["X", "A"],`, proslicLine), []string{`/lines/0/gpio/reset: "A" is /reserved_pins/1 already, a pin has one use`}},
		{"lamps and button", file(`"leds": {"power": "led:ACT", "network": "L1", "lines": ["L2"]}, "button": {"pin": "B1"},`, proslicLine), nil},
		{"a second line without lamp", file(`"leds": {"lines": ["", "L2"]},`, proslicLine, second("")), nil},
		{"lamp on a pin of a line", file(`"leds": {"power": "A"},`, proslicLine), []string{`b:2:19: /leds/power: "A" is /lines/0/gpio/reset already, a pin has one use`}},
		{"lamp twice", file(`"leds": {"power": "led:x", "network": "led:x"},`, proslicLine), []string{`b:2:39: /leds/network: "led:x" is /leds/power already, a lamp has one meaning`}},
		{"lamp without name", file(`"leds": {"lines": ["led:"]},`, proslicLine), []string{`/leds/lines/0: "led:" is not a LED, allowed: a pin, such as GPIO22, or led:NAME of /sys/class/leds`}},
		{"lamp elsewhere", file(`"leds": {"message": "led:../../x"},`, proslicLine), []string{`/leds/message: "led:../../x" is not a LED`}},
		{"lamp without line", file(`"leds": {"lines": ["L1", "L2"]},`, proslicLine), []string{"b:2:19: /leds/lines: 2 lamps, the board has 1 lines"}},
		{"button on a lamp", file(`"leds": {"message": "L1"}, "button": {"pin": "L1"},`, proslicLine), []string{`/button/pin: "L1" is /leds/message already, a pin has one use`}},
		{"button on a bus", file(`"reserved_pins": ["S"], "button": {"pin": "S"},`, proslicLine), []string{`/button/pin: "S" is /reserved_pins/0 already`}},
		{"button without offset", file(`"button": {"pin": "chip:"},`, proslicLine), []string{`/button/pin: "chip:" is not a pin`}},
		{"pin without offset", file("", `{"slic": "ag1171", "gpio": {"shk": "chip:", "rm": ":3", "fr": "a:b:3"}}`), []string{`/lines/0/gpio/shk: "chip:" is not a pin, allowed: its name, such as GPIO24, or chip and offset`, `/lines/0/gpio/rm: ":3" is not a pin`}},

		{"handset", file("", handsetLine(`"ringer": "pwm", "pwm_chip": "c"`)), nil},
		{"handset with everything", file("", handsetLine(`"rows": ["R0", "R1"], "columns": ["C0", "C1"], "keys": ["12", "R "], "lamp": "L", "display": "ssd1306"`)), nil},
		{"handset without a switch", file("", `{"slic": "handset"}`), []string{"/lines/0/handset/hook: must be set for the handset"}},
		{"keys without pins", file("", handsetLine(`"keys": ["12"]`)), []string{"/lines/0/handset/keys: 0 rows and 0 columns, want 1 to 8 of each"}},
		{"keys for other columns", file("", handsetLine(`"rows": ["R0"], "columns": ["C0"], "keys": ["12"]`)), []string{`/lines/0/handset/keys: row 1 has 2 keys for 1 columns: "12"`}},
		{"keys twice", file("", handsetLine(`"rows": ["R0"], "columns": ["C0", "C1"], "keys": ["11"]`)), []string{`/lines/0/handset/keys: key '1' is there twice`}},
		{"strange key", file("", handsetLine(`"rows": ["R0"], "columns": ["C0", "C1"], "keys": ["1x"]`)), []string{`/lines/0/handset/keys/0: "x" is not a key, allowed: 0-9 * # A-D R L and blank`}},
		{"row without a pin", file("", handsetLine(`"rows": [""], "columns": ["C0"], "keys": ["1"]`)), []string{`/lines/0/handset/rows/0: ":" is not a pin`}},
		{"pin twice in a keypad", file("", handsetLine(`"rows": ["R0"], "columns": ["R0"], "keys": ["1"]`)), []string{`/lines/0/handset/columns/0: "R0" is /lines/0/handset/rows/0 already, a pin has one use`}},
		{"sounder without a chip", file("", handsetLine(`"ringer": "pwm"`)), []string{"/lines/0/handset/pwm_chip: must be set for a sounder"}},
		{"loudspeaker beyond the card", file("", handsetLine(`"speaker_channel": 2`)), []string{"/lines/0/handset/speaker_channel: 2: the sound card has 2 channels, allowed: 0 to 1"}},
		{"loudspeaker in the earpiece", file("", handsetLine(`"speaker_channel": 0`)), []string{"/lines/0/handset/speaker_channel: 0 is the channel of /lines/0 already, a loudspeaker has one of its own"}},
		{
			"loudspeaker of two", file(`"clock": {"bclk_hz": 512000, "slots": 4}, "audio": {"channels": 4},`, handsetLine(`"speaker_channel": 3`), `{"slic": "handset", "channel": 1, "handset": {"hook": "H2", "speaker_channel": 3}}`),
			[]string{"/lines/0/handset/speaker_channel: 3 is the loudspeaker of /lines/1 too", "/lines/1/handset/speaker_channel: 3 is the loudspeaker of /lines/0 too"},
		},
		{"display on no bus", file("", handsetLine(`"display": "ssd1306", "display_bus": "i2c"`)), []string{`/lines/0/handset/display_bus: "i2c" is not an I2C bus, allowed: /dev/i2c-NUMBER, such as /dev/i2c-1`}},
		{"handset of a chip", file("", line(`"handset": {"hook": "H"}`)), []string{"/lines/0/handset: has no meaning for the si3210, leave it out"}},

		{"codec", file("", codecLine(`"modes": {"forward": "10", "ringing": "01"}`)), nil},
		{"codec without pins", file("", `{"slic": "codec"}`), []string{"/lines/0/codec/hook: must be set for the codec", "/lines/0/codec/mode_pins: must be there, with the pins of the mode inputs"}},
		{"codec without modes", file("", codecLine(`"modes": {"forward": "10"}`)), []string{"/lines/0/codec/modes: the modes forward and ringing must be given"}},
		{"codec with long modes", file("", codecLine(`"modes": {"forward": "10", "ringing": "010"}`)), []string{`/lines/0/codec/modes: mode ringing is "010", want a 0 or 1 for each of 2 mode pins`}},

		{"supply below the ringing", file("", line(`"ring": {"vrms": 50}`)), []string{"/lines/0/dcdc/vbath_v: 75 is too little to ring with 50 V: allowed: 78.3 to 94.5, or ring.vrms of at most 47.7"}},
		{"supply just enough", file("", line(`"ring": {"vrms": 50}, "dcdc": {"vbath_v": 78.3}`)), nil},
		{"supply beyond the chip", file("", line(`"dcdc": {"vbath_v": 96}`)), []string{"/lines/0/dcdc/vbath_v: 96 is out of range, allowed: 60 to 94.5"}},
		{"ringer load", file("", line(`"ring": {"max_ren": 9}`)), []string{"/lines/0/ring/max_ren: 9 REN draw a peak of 82 mA at 45 V, allowed: less than 80 mA, which are 8.7 REN"}},
		{"idle line above the ringing", file("", line(`"ring": {"vrms": 34}, "feed": {"voc_v": 48}`)), []string{"/lines/0/feed/voc_v: 48 must stay 1.5 V below the ringing peak, allowed: 24 to 46.5"}},
		{"low supply above the high one", file("", line(`"dcdc": {"vbatl_v": 60, "vbath_v": 60}, "ring": {"vrms": 36}`)), []string{"/lines/0/dcdc/vbatl_v: 60 must be less than vbath_v = 60"}},
		{"period without a kind", file("", line(`"dcdc": {"period_us": 12}`)), []string{`/lines/0/dcdc/period_us: needs a kind of "bjt" or "mosfet"`}},
		{"period of the other kind", file("", line(`"dcdc": {"kind": "mosfet", "period_us": 12}`)), []string{"/lines/0/dcdc/period_us: 12 is out of range for mosfet, allowed: 3.91 to 7.75"}},
		{"converter of a chip without", file("", `{"slic": "si3211", "spi": {"port": "/dev/spidev0.0"}, "gpio": {"reset": "A"}, "dcdc": {"kind": "bjt"}}`), []string{`/lines/0/dcdc/kind: "bjt": the si3211 has no converter, allowed: "auto", "external"`}},
		{"external supply of a chip with one", file("", line(`"dcdc": {"kind": "external"}`)), []string{`/lines/0/dcdc/kind: "external": the si3210 has a converter, allowed: "auto", "bjt", "mosfet"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("b", []byte(tt.doc))
			var faults jsondoc.Faults
			errors.As(err, &faults)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("Parse = %v\nwant %q", err, want)
				}
			}
			if len(faults) != len(tt.want) {
				t.Errorf("%d faults, want %d:\n%v", len(faults), len(tt.want), err)
			}
		})
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	jsondoc.Walk[Description](func(path []string, k jsondoc.Key) {
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s has no sentence of purpose", strings.Join(path, "."))
		}
	})
}

// FuzzParse: any text is either refused with places or describes a board that
// can be opened and shown again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(file("", proslicLine, second(""))))
	f.Add([]byte(file(`"clock": {"format": "i2s"},`, moduleLine)))
	f.Add([]byte(file("", handsetLine(`"rows": ["R0"], "columns": ["C0"], "keys": ["1"], "display": "ssd1306"`))))
	f.Add([]byte(file("", codecLine(`"modes": {"forward": "10", "ringing": "01", "open": "00"}`))))
	f.Add([]byte(file(`"reserved_pins": ["a:b:3", ":", ""],`, proslicLine)))
	for _, name := range Profiles() {
		data, _ := Profile(name)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse("f", data)
		var faults jsondoc.Faults
		if err != nil {
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Errorf("Parse = %v, want faults", err)
			}
			return
		}
		if _, err := Open(d, nothing{}, Opts{}); err != nil {
			t.Errorf("Open: %v", err)
		}
		if shown, err := Show("f", data); err != nil {
			t.Error(err)
		} else if _, err := Parse("f", shown); err != nil {
			t.Errorf("Show does not parse again: %v\n%s", err, shown)
		}
	})
}

func TestReferenceIsCurrent(t *testing.T) {
	const file = "../docs/boards/reference.md"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, Reference(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil || string(data) != string(Reference()) {
		t.Errorf("%s is not current: run UPDATE=1 go test ./board (%v)", file, err)
	}
}
