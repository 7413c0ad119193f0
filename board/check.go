package board

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/jsondoc"
)

// checker reports what no single key can tell.
type checker struct {
	doc   *jsondoc.Document[Description]
	board *Description
}

func check(doc *jsondoc.Document[Description]) {
	c := &checker{doc, doc.Value}
	if !doc.Has("/id") {
		c.faultAt("/id", "must be there")
	}
	if _, ok := country.Lookup(c.board.Region); !ok {
		c.faultAt("/region", "%q is not a known country; docs/countries.md lists them", c.board.Region)
	}
	c.checkFraming()
	c.checkSoC()
	if !doc.Has("/lines") {
		c.faultAt("/lines", "must be there, with an entry for each telephone port")
	}
	for i := range c.board.Lines {
		c.checkLine(&c.board.Lines[i], linePath(i))
	}
	c.checkPins()
	c.checkShared()
}

// linePath is the JSON pointer of line i, from 0.
func linePath(i int) string { return jsondoc.Pointer("/lines", strconv.Itoa(i)) }

func (c *checker) faultAt(path, format string, args ...any) {
	c.doc.Fault(path, fmt.Sprintf(format, args...))
}

// checkFraming checks that the slots fit into a frame and the samples into a
// slot.
func (c *checker) checkFraming() {
	clock, audio := &c.board.Clock, &c.board.Audio
	frame := clock.Bit / clock.Frame
	if clock.Bit%clock.Frame != 0 {
		c.faultAt("/clock/bclk_hz", "%d is not a multiple of fsync_hz = %d", clock.Bit, clock.Frame)
	}
	used := clock.Slots * clock.SlotBits
	if used > frame {
		c.faultAt("/clock/slots", "%d slots of %d bits do not fit into the %d bits of a frame, allowed: at most %d", clock.Slots, clock.SlotBits, frame, frame/clock.SlotBits)
	} else if clock.Format == "dsp_a" && used == frame {
		c.faultAt("/clock/format", `with "dsp_a" the last bit would be in the next frame, allowed: "dsp_b", or a bclk_hz of more than %d`, clock.Bit)
	}
	sample := 16
	if audio.Format != "S16_LE" {
		sample = 8
	}
	if clock.SlotBits < sample {
		c.faultAt("/clock/slot_bits", "%d is too narrow for %s, allowed: %d to 32", clock.SlotBits, audio.Format, sample)
	}
	if audio.Channels > clock.Slots {
		c.faultAt("/audio/channels", "%d channels need as many slots, allowed: 1 to %d", audio.Channels, clock.Slots)
	}
}

// checkSoC checks what the PCM block of a known processor can do.
func (c *checker) checkSoC() {
	if !strings.HasPrefix(c.board.SoC, "bcm2") {
		return
	}
	if c.board.Audio.Channels != 2 {
		c.faultAt("/audio/channels", "%d: the PCM block of the %s has two channels, allowed: 2", c.board.Audio.Channels, c.board.SoC)
	}
	if c.board.Audio.Format != "S16_LE" {
		c.faultAt("/audio/format", `%q: the PCM block of the %s has linear samples, allowed: "S16_LE"`, c.board.Audio.Format, c.board.SoC)
	}
}

func (c *checker) checkLine(l *Line, path string) {
	d, ok := driverOf(l.SLIC)
	if !ok {
		if !c.doc.Has(path + "/slic") {
			c.faultAt(path+"/slic", "must be there, allowed: %s", allowedChips())
		}
		return
	}
	for _, key := range d.needs {
		if c.value(l, key) == "" {
			c.faultAt(path+"/"+key, "must be set for the %s", l.SLIC)
		}
	}
	unset := jsondoc.Default[Line]()
	for _, k := range conditional {
		if !d.knows(k.key) && !alike(k.of(l), k.of(&unset)) {
			c.faultAt(path+"/"+k.key, "has no meaning for the %s, leave it out", l.SLIC)
		}
	}
	c.checkChannel(l, path)
	c.checkPort(l, path)
	d.check(c, l, path)
}

// alike says whether two sections have the same values. A list that is empty is
// as good as none.
func alike(a, b any) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

// allowedChips says which line chips there are.
func allowedChips() (text string) {
	jsondoc.Walk[Line](func(path []string, k jsondoc.Key) {
		if path[0] == "slic" {
			text = k.Allowed()
		}
	})
	return text
}

// value is what a key says that a driver needs.
func (c *checker) value(l *Line, key string) string {
	if key == "spi/port" {
		return l.SPI.Port
	}
	for _, p := range pinsOf(l) {
		if p.key == key {
			return p.name
		}
	}
	return ""
}

func (c *checker) checkChannel(l *Line, path string) {
	if l.Channel >= c.board.Audio.Channels {
		c.faultAt(path+"/channel", "%d: the sound card has %d channels, allowed: 0 to %d", l.Channel, c.board.Audio.Channels, c.board.Audio.Channels-1)
	}
	if slotOf(l) >= c.board.Clock.Slots {
		c.faultAt(slotKey(l, path), "%d: a frame has %d slots, allowed: 0 to %d", slotOf(l), c.board.Clock.Slots, c.board.Clock.Slots-1)
	}
}

// slotKey is the key that decides on the slot.
func slotKey(l *Line, path string) string {
	if l.Slot < 0 {
		return path + "/channel"
	}
	return path + "/slot"
}

func (c *checker) checkPort(l *Line, path string) {
	if l.SPI.Port != "" && !spidev.MatchString(l.SPI.Port) {
		c.faultAt(path+"/spi/port", "%q is not an SPI port, allowed: /dev/spidevBUS.SELECT, such as /dev/spidev0.0", l.SPI.Port)
	}
}

// pinKey is one pin of a line with the key that names it.
type pinKey struct{ key, name string }

func pinsOf(l *Line) []pinKey {
	pins := []pinKey{
		{"gpio/reset", l.GPIO.Reset},
		{"gpio/int", l.GPIO.Int},
		{"gpio/shk", l.GPIO.SHK},
		{"gpio/rm", l.GPIO.RM},
		{"gpio/fr", l.GPIO.FR},
		{"gpio/pd", l.GPIO.PD},
	}
	pins = append(pins, codecPins(&l.Codec)...)
	return append(pins, handsetPins(&l.Handset)...)
}

// checkPins checks that every pin is named rightly and once.
func (c *checker) checkPins() {
	owners := map[string]string{}
	for i, name := range c.board.Reserved {
		at := jsondoc.Pointer("/reserved_pins", strconv.Itoa(i))
		c.checkPinName(name, at)
		owners[name] = at
	}
	for i := range c.board.Lines {
		for _, p := range pinsOf(&c.board.Lines[i]) {
			c.checkOwner(owners, p.name, linePath(i)+"/"+p.key)
		}
	}
	c.checkLamps(owners)
	c.checkOwner(owners, c.board.Button.Pin, "/button/pin")
}

// checkOwner checks the name of a pin, if it has one, and gives the pin to the
// key at a path.
func (c *checker) checkOwner(owners map[string]string, name, at string) {
	if name == "" {
		return
	}
	c.checkPinName(name, at)
	if owner, taken := owners[name]; taken {
		c.faultAt(at, "%q is %s already, a pin has one use", name, owner)
		return
	}
	owners[name] = at
}

// checkLamps checks that every lamp is a pin or a LED of the kernel, used once,
// and belongs to a line that there is.
func (c *checker) checkLamps(owners map[string]string) {
	for _, l := range lampsOf(&c.board.LEDs) {
		if name, ok := strings.CutPrefix(l.name, kernelLED); ok {
			if name == "" || strings.ContainsRune(name, '/') || strings.HasPrefix(name, ".") {
				c.faultAt(l.at, "%q is not a LED, allowed: a pin, such as GPIO22, or led:NAME of /sys/class/leds", l.name)
				continue
			}
			if owner, taken := owners[l.name]; taken {
				c.faultAt(l.at, "%q is %s already, a lamp has one meaning", l.name, owner)
			}
			owners[l.name] = l.at
			continue
		}
		c.checkOwner(owners, l.name, l.at)
	}
	if have := len(c.board.Lines); len(c.board.LEDs.Lines) > have {
		c.faultAt("/leds/lines", "%d lamps, the board has %d lines", len(c.board.LEDs.Lines), have)
	}
}

// kernelLED begins the name of a lamp that the kernel has a driver for.
const kernelLED = "led:"

// lamp is one lamp with the place that names it.
type lamp struct{ at, name string }

func lampsOf(l *LEDs) []lamp {
	all := []lamp{{"/leds/power", l.Power}, {"/leds/network", l.Network}, {"/leds/message", l.Message}}
	for i, name := range l.Lines {
		all = append(all, lamp{jsondoc.Pointer("/leds/lines", strconv.Itoa(i)), name})
	}
	return all
}

func (c *checker) checkPinName(name, at string) {
	if chip, line := splitPin(name); line == "" || strings.ContainsRune(name, ':') && chip == "" {
		c.faultAt(at, "%q is not a pin, allowed: its name, such as GPIO24, or chip and offset, such as gpio-32-63:28", name)
	}
}

// splitPin takes the name of a pin apart; chip is empty when it names none.
func splitPin(name string) (chip, line string) {
	at := strings.LastIndexByte(name, ':')
	if at < 0 {
		return "", name
	}
	return name[:at], name[at+1:]
}

// checkShared checks that no two lines have the same channel, slot or port.
func (c *checker) checkShared() {
	lines := c.board.Lines
	for i := range lines {
		for j := range i {
			c.checkPair(&lines[j], &lines[i], linePath(j), linePath(i))
		}
	}
}

func (c *checker) checkPair(first, second *Line, firstPath, path string) {
	if first.Channel == second.Channel {
		c.faultAt(path+"/channel", "%d is the channel of %s already, allowed: %s", second.Channel, firstPath, c.freeChannels())
	} else if slotOf(first) == slotOf(second) {
		c.faultAt(slotKey(second, path), "slot %d is the slot of %s already", slotOf(second), firstPath)
	}
	if first.SPI.Port != "" && first.SPI.Port == second.SPI.Port {
		c.faultAt(path+"/spi/port", "%q is the port of %s already, a chip has a select of its own", second.SPI.Port, firstPath)
	}
}

func (c *checker) freeChannels() string {
	var free []int
	for n := range c.board.Audio.Channels {
		if !slices.ContainsFunc(c.board.Lines, func(l Line) bool { return l.Channel == n }) {
			free = append(free, n)
		}
	}
	if len(free) == 0 {
		return "none, the card has too few channels"
	}
	return listed(free)
}
