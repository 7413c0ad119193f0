package sim

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

const (
	markHertz    = 1250 // between 1200 of Bell 202 and 1300 of V.23
	spaceHertz   = 2150 // between 2200 and 2100
	bitSamples   = dsp.SampleRate / 1200.0
	modemTaps    = 7                              // samples of a correlation, about a bit
	modemCarrier = -42                            // dBm0 below which there is no data
	leadSamples  = 20 * dsp.SampleRate / 1200     // of marks in front of a message
	maxData      = 2 + 255 + 1                    // octets of a message
	dataHead     = "\x10\x01\x07\x10\x02"         // DLE SOH, header, DLE STX of a Japanese message
	carrierDecay = 1 - 1.0/(4*dsp.SampleRate/1e3) // of the level, 4 ms
)

// modem reads data of 1200 bit/s: it compares how much of the last bit's time
// is like a mark and like a space, and cuts the result into octets.
type modem struct {
	past  [2 * modemTaps]float64 // written twice, so that a window is contiguous
	at    int
	power float64

	space  bool
	steady int // samples since the last change or octet, while marks
	busy   bool
	age    int // samples since the start bit began
	next   int // bit to read, 0 is the start bit
	octet  byte

	taking bool
	data   [maxData]byte
	n      int
	plain  [maxData]byte // a Japanese message without its controls
}

// waves are the references of a correlation: cosine and sine of mark and space.
var waves = func() (w [4][modemTaps]float64) {
	for i := range modemTaps {
		w[1][i], w[0][i] = math.Sincos(2 * math.Pi * markHertz / dsp.SampleRate * float64(i))
		w[3][i], w[2][i] = math.Sincos(2 * math.Pi * spaceHertz / dsp.SampleRate * float64(i))
	}
	return w
}()

// hear takes one sample in 16-bit units and says whether an octet is complete.
func (m *modem) hear(v float64) bool {
	m.past[m.at], m.past[m.at+modemTaps] = v, v
	m.at = (m.at + 1) % modemTaps
	var sums [4]float64
	for i, x := range m.past[m.at : m.at+modemTaps] {
		for k := range sums {
			sums[k] += x * waves[k][i]
		}
	}
	mark, space := sums[0]*sums[0]+sums[1]*sums[1], sums[2]*sums[2]+sums[3]*sums[3]
	m.power += (v*v - m.power) * (1 - carrierDecay)
	if dsp.Level(math.Sqrt(m.power)) < modemCarrier {
		m.busy, m.taking, m.steady, m.space = false, false, 0, false
		return false
	}
	return m.bit(space > mark)
}

func (m *modem) bit(space bool) bool {
	fell := space && !m.space
	m.space = space
	if m.busy {
		return m.read()
	}
	if m.steady++; m.steady >= leadSamples {
		m.taking, m.n = true, 0
	}
	if fell {
		m.busy, m.age, m.next, m.octet = true, 0, 0, 0
	}
	return false
}

// read reads the next bit when its middle has come.
func (m *modem) read() bool {
	m.age++
	if float64(m.age) < (float64(m.next)+0.5)*bitSamples {
		return false
	}
	one := !m.space
	m.next++
	switch {
	case m.next == 1 && one: // not a start bit
		m.busy = false
	case m.next == 10:
		m.busy, m.steady = false, 0
		return m.take(one)
	case m.next > 1 && one:
		m.octet |= 1 << (m.next - 2)
	}
	return false
}

// take keeps an octet of a message.
func (m *modem) take(stop bool) bool {
	if !m.taking || !stop || m.n == maxData {
		m.taking = false
		return false
	}
	m.data[m.n] = m.octet
	m.n++
	return true
}

// message returns the message that is complete, nil if none is. A Japanese one
// is returned as if it had been sent in the form of the others.
func (m *modem) message() []byte {
	d := m.data[:m.n]
	if len(d) > 0 && d[0]&0x7F == dataHead[0] {
		return m.japanese(d)
	}
	if len(d) < 2 || len(d) < int(d[1])+3 {
		return nil
	}
	m.taking = false
	total := 0
	for _, v := range d {
		total += int(v)
	}
	if total%256 != 0 {
		return nil
	}
	return d[:len(d)-1]
}

// japanese takes parity and transmission controls away from a message whose
// check sequence, the remainder of X^16+X^12+X^5+1, is right.
func (m *modem) japanese(d []byte) []byte {
	plain := m.plain[:0]
	escaped := false
	for i, v := range d {
		v &= 0x7F
		switch {
		case i < len(dataHead):
			if v != dataHead[i] {
				m.taking = false
				return nil
			}
		case escaped && v == 3: // DLE ETX
			if i+3 > len(d) {
				return nil
			}
			m.taking = false
			if remainder(d[2:i+3]) != 0 {
				return nil
			}
			return plain
		case v == dataHead[0] && !escaped:
			escaped = true
		default:
			escaped = false
			plain = append(plain, v)
		}
	}
	return nil
}

// remainder divides the bits of data in the order they were sent.
func remainder(data []byte) (r uint16) {
	for _, v := range data {
		for k := range 8 {
			out := r >> 15
			r <<= 1
			if out^uint16(v>>k&1) != 0 {
				r ^= 1<<12 | 1<<5 | 1
			}
		}
	}
	return r
}
