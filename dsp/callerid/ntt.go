package callerid

import "math/bits"

// Transmission control characters of an NTT message.
const (
	soh = 0x01
	stx = 0x02
	etx = 0x03
	dle = 0x10
)

const (
	nttHeader = 0x07
	typeNTT   = 0x40 // message of a call
)

// NTT returns the message of the Japanese number display: characters of 7 bits
// with even parity between transmission controls, with a CRC of 16 bits behind.
func NTT(c Call) []byte {
	c = c.clean(0)
	var body []byte
	if c.Number != "" {
		body = parameter(body, paramNumber, digits(c.Number))
	} else {
		body = append(body, paramNoNumber, 1, c.nttReason())
	}
	b := []byte{dle, soh, nttHeader, dle, stx}
	b = stuff(b, append([]byte{typeNTT, byte(len(body))}, body...))
	b = append(b, dle, etx)
	for i, v := range b {
		b[i] = even(v)
	}
	check := crc16(b[2:])
	return append(b, byte(check), byte(check>>8))
}

// nttReason is the letter for the absence of a number: private, or the service
// does not reach there.
func (c Call) nttReason() byte {
	if c.Absence == Withheld {
		return 'P'
	}
	return 'S'
}

// stuff appends content, in which DLE is sent twice.
func stuff(b, content []byte) []byte {
	for _, v := range content {
		if v == dle {
			b = append(b, dle)
		}
		b = append(b, v)
	}
	return b
}

// even sets the eighth bit so that the number of ones is even.
func even(v byte) byte {
	v &= 0x7F
	return v | byte(bits.OnesCount8(v)&1)<<7
}

// crc16 is the CRC of ITU-T V.41 sent with the lowest bit first, from zero.
func crc16(b []byte) (crc uint16) {
	for _, v := range b {
		crc ^= uint16(v)
		for range 8 {
			low := crc & 1
			crc >>= 1
			if low != 0 {
				crc ^= 0x8408
			}
		}
	}
	return crc
}

// parseNTT reads what NTT writes.
func parseNTT(b []byte) (Message, error) {
	if nttLength(b) != len(b) || crc16(b[2:]) != 0 {
		return Message{}, errMessage
	}
	var content []byte
	for i := 5; i < len(b)-4; i++ {
		v := b[i] & 0x7F
		if v == dle {
			i++
		}
		content = append(content, v)
	}
	if len(content) < 2 || content[0] != typeNTT || len(content) != 2+int(content[1]) {
		return Message{}, errMessage
	}
	return parseParameters(content[2:])
}

// nttLength returns the length of the NTT message that b begins with, 0 if it
// is not complete, -1 if it is none. The parity of every character is checked.
func nttLength(b []byte) int {
	const head = "\x10\x01\x07\x10\x02"
	for i, v := range b {
		switch {
		case i < len(head):
			if v != even(head[i]) {
				return -1
			}
		case v&0x7F == dle && i+1 < len(b) && b[i+1]&0x7F == etx && !stuffed(b[len(head):i]):
			if i+4 > len(b) {
				return 0
			}
			return i + 4
		case v != even(v):
			return -1
		}
	}
	return 0
}

// stuffed says whether b ends with a DLE that makes the next one content.
func stuffed(b []byte) bool {
	n := 0
	for i := len(b) - 1; i >= 0 && b[i]&0x7F == dle; i-- {
		n++
	}
	return n%2 == 1
}
