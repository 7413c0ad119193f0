package sim

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp"
)

// CallerID is what a telephone's display was told, as it decoded it from the
// sound on the line.
type CallerID struct {
	Number  string  `json:"number,omitempty"`
	Name    string  `json:"name,omitempty"`
	Time    string  `json:"time,omitempty"`   // MM-DD HH:MM
	Absent  string  `json:"absent,omitempty"` // of the number: P withheld, O not known
	Form    string  `json:"form"`             // data, data-japan or keys
	Seconds float64 `json:"seconds"`          // when, in the telephone's own time
}

// String is what the display shows.
func (c *CallerID) String() string {
	parts := []string{c.Number + c.Absent}
	for _, s := range []string{c.Name, c.Time} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

const (
	displayHold  = 300 * dsp.SampleRate / 1000 // it listens on after the last sound
	keysGap      = 300 * dsp.SampleRate / 1000 // a longer pause ends keys
	staleAfter   = 10 * dsp.SampleRate         // a ring after this belongs to another call
	dataWindow   = 1500 * time.Millisecond     // data follow an alert tone within this
	fetchTime    = 4 * time.Second             // the longest a Japanese display holds the loop
	silentVolts  = 1e-4
	alertBlock   = 80  // samples, 10 ms
	alertBlocks  = 5   // of alert tone
	alertShare   = 0.6 // of the power in each block
	alertQuietly = -40 // dBm0
)

// display is the part of a telephone that shows who calls. On hook it hears
// whatever is on the line, off hook it waits for an alert tone.
type display struct {
	modem modem
	keys  keyEar
	heard int64 // last sample with sound, on hook

	typed   [32]byte // keys of the present string
	typedN  int
	typedAt int64

	block  [alertBlock]float64
	blockN int
	alerts int
	until  int64 // data are listened for, off hook

	japan    bool
	fetching bool  // the telephone has closed the loop by itself
	fetched  int64 // when

	shown *CallerID
	count int // times it was told
	used  int // of these, seen by an action wait
	lamp  bool
}

// configure says what country the display is made for.
func (d *display) configure(c *country.Country) {
	d.japan = c != nil && c.CallerID == country.CallerIDNTT
}

// onHook takes one sample of the pair, in 16-bit units.
func (d *display) onHook(v float64, now int64) {
	if math.Abs(v) > silentVolts {
		d.heard = now
	}
	if now-d.heard > displayHold || d.heard == 0 {
		return
	}
	if d.modem.hear(v) {
		d.read(now)
	}
	if key := d.keys.hear(v); key != 0 {
		d.typeKey(key, now)
	}
}

// offHook takes one sample and says whether an alert tone has just ended, which
// the telephone answers.
func (d *display) offHook(v float64, now int64) (asked bool) {
	if now < d.until && d.modem.hear(v) {
		d.read(now)
	}
	d.block[d.blockN] = v
	if d.blockN++; d.blockN < alertBlock {
		return false
	}
	d.blockN = 0
	if d.alert() {
		d.alerts++
		return false
	}
	asked = d.alerts >= alertBlocks
	d.alerts = 0
	if asked {
		d.until = now + samples(dataWindow)
		d.modem = modem{}
	}
	return asked
}

// alert says whether the block is full of the alert tone.
func (d *display) alert() bool {
	total := 0.0
	for _, v := range d.block {
		total += v * v / alertBlock
	}
	if dsp.Level(math.Sqrt(total)) < alertQuietly {
		return false
	}
	low, high := powerAt(d.block[:], 2130), powerAt(d.block[:], 2750)
	return low+high > alertShare*total && low < 16*high && high < 16*low
}

// read shows the message of the modem if it is complete.
func (d *display) read(now int64) {
	japan := d.modem.data[0]&0x7F == dataHead[0]
	b := d.modem.message()
	if len(b) < 2 {
		return
	}
	c := CallerID{Form: "data"}
	if japan {
		c.Form = "data-japan"
	}
	switch b[0] {
	case 0x04:
		c.single(b[2:])
	case 0x80, 0x40:
		c.fields(b[2:])
	case 0x82:
		d.lamp = len(b) == 5 && b[2] == 0x0B && b[4] == 0xFF
		return
	default:
		return
	}
	d.show(c, now)
}

func (d *display) show(c CallerID, now int64) {
	c.Seconds = round(float64(now)/dsp.SampleRate, 3)
	d.shown = &c
	d.count++
}

// single reads date and number.
func (c *CallerID) single(b []byte) {
	if len(b) < 9 {
		return
	}
	c.date(b[:8])
	if len(b) == 9 && b[8] >= 'A' {
		c.Absent = string(b[8:])
		return
	}
	c.Number = string(b[8:])
}

func (c *CallerID) date(b []byte) {
	if len(b) == 8 && string(b) != "00000000" {
		c.Time = fmt.Sprintf("%s-%s %s:%s", b[0:2], b[2:4], b[4:6], b[6:8])
	}
}

// fields reads a message of several fields, each with its kind and length.
func (c *CallerID) fields(b []byte) {
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		value := b[2 : 2+int(b[1])]
		switch b[0] {
		case 1:
			c.date(value)
		case 2:
			c.Number = string(value)
		case 4:
			c.Absent = string(value)
		case 7:
			c.Name = string(value)
		}
		b = b[2+len(value):]
	}
}

// typeKey adds a key and shows the string that it ends.
func (d *display) typeKey(key byte, now int64) {
	if now-d.typedAt > keysGap || d.typedN == len(d.typed) {
		d.typedN = 0
	}
	d.typed[d.typedN] = key
	d.typedN++
	d.typedAt = now
	if key != '#' && key != 'C' {
		return
	}
	if c, ok := keyedCall(string(d.typed[:d.typedN])); ok {
		d.show(c, now)
	}
	d.typedN = 0
}

// keyedCall reads the forms A number C, B code C, D number C, A number #,
// D code # and number #.
func keyedCall(keys string) (c CallerID, ok bool) {
	c.Form = "keys"
	if len(keys) < 2 {
		return c, false
	}
	start, end, body := keys[0], keys[len(keys)-1], keys[1:len(keys)-1]
	switch {
	case start >= 'A' && body == "":
		return c, false
	case start == 'B' && body == "10", start == 'D' && end == '#' && body == "1":
		c.Absent = "P"
	case start == 'B', start == 'D' && end == '#':
		c.Absent = "O"
	case start >= 'A':
		c.Number, _, _ = strings.Cut(body, "B")
	default:
		c.Number = keys[:len(keys)-1]
	}
	return c, true
}

// rang notes that ringing has begun: what is shown may be of an older call.
func (d *display) rang(now int64) {
	if d.shown != nil && float64(now-staleAfter)/dsp.SampleRate > d.shown.Seconds {
		d.shown, d.used = nil, d.count
	}
}
