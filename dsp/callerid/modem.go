package callerid

import "github.com/ata-agent/ata-agent/dsp"

// Modem is a modulation by frequency shift.
type Modem struct {
	Mark  float64 // hertz of a one
	Space float64 // hertz of a zero
}

// Modulations of caller ID, both of 1200 bit/s.
var (
	Bell202 = Modem{Mark: 1200, Space: 2200}
	V23     = Modem{Mark: 1300, Space: 2100} // ITU-T V.23 mode 2
)

// baud is the bit rate of all modulations here.
const baud = 1200

// dataLevel is the level of the data on a matched pair (GR-30-CORE §2.3: -13.5
// dBm ±1.5 at the exchange).
const dataLevel = dsp.DBm0(-13.5)

// frame is how the bytes of a message are put on the line: alternating bits
// that begin with a zero, ones, the characters, and a few ones behind.
type frame struct {
	modem   Modem
	seizure int // alternating bits
	marks   int // ones before the message
	stops   int // stop bits of a character
	tail    int // ones behind the message
}

// character is the number of bits of a character.
func (f *frame) character() int { return 1 + 8 + f.stops }

// bits is the number of bits of a message of n bytes.
func (f *frame) bits(n int) int { return f.seizure + f.marks + n*f.character() + f.tail }

// samples is its length, rounded up.
func (f *frame) samples(n int) int {
	return (f.bits(n)*dsp.SampleRate + baud - 1) / baud
}

// bit returns bit i of a message.
func (f *frame) bit(message []byte, i int) bool {
	if i < f.seizure {
		return i%2 == 1
	}
	i -= f.seizure + f.marks
	if i < 0 || i >= len(message)*f.character() {
		return true
	}
	n, k := i/f.character(), i%f.character()
	return k > 8 || k > 0 && message[n]>>(k-1)&1 == 1
}
