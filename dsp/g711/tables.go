package g711

import "math/bits"

// A code depends only on the leading bits of a sample: the low four never
// matter to A-law, the low two never to mu-law. So the encoders look up what
// remains, read as an unsigned number.
const (
	aShift  = 4
	muShift = 2
)

var (
	aEncode  = aEncodeTable()
	muEncode = muEncodeTable()
	aDecode  = decodeTable(aDecodeCode)
	muDecode = decodeTable(muDecodeCode)
)

func aEncodeTable() (t [1 << (16 - aShift)]byte) {
	for i := range t {
		t[i] = aEncodeSample(int16(i << aShift))
	}
	return t
}

func muEncodeTable() (t [1 << (16 - muShift)]byte) {
	for i := range t {
		t[i] = muEncodeSample(int16(i << muShift))
	}
	return t
}

func decodeTable(decode func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = decode(byte(i))
	}
	return t
}

// aEncodeSample is G.711 Table 1: eight segments of sixteen steps a sign, the
// first two with the same step, even bits inverted on the line.
func aEncodeSample(s int16) byte {
	sign := byte(0x80)
	if s < 0 {
		sign, s = 0, ^s
	}
	m := uint16(s) >> aShift // 11 bits
	if m < 16 {
		return (sign | byte(m)) ^ 0x55
	}
	segment := byte(bits.Len16(m) - 4)
	step := byte(m>>(segment-1)) & 0x0F
	return (sign | segment<<4 | step) ^ 0x55
}

// muBias shifts the segment borders of mu-law to powers of two, in 14-bit steps.
const muBias = 33

// muEncodeSample is G.711 Table 2: eight segments of sixteen steps a sign, all
// bits inverted on the line.
func muEncodeSample(s int16) byte {
	sign := byte(0x80)
	if s < 0 {
		sign, s = 0, ^s
	}
	m := min(uint16(s)>>muShift+muBias, 1<<13-1)
	segment := byte(bits.Len16(m) - 6)
	step := byte(m>>(segment+1)) & 0x0F
	return sign | (^(segment<<4 | step))&0x7F
}

// aDecodeCode returns the middle of the interval a code stands for.
func aDecodeCode(c byte) int16 {
	c ^= 0x55
	segment, step := c>>4&7, int16(c&0x0F)
	m := step<<4 + 8
	if segment > 0 {
		m = (m + 0x100) << (segment - 1)
	}
	if c&0x80 == 0 {
		return -m
	}
	return m
}

// muDecodeCode returns the middle of the interval a code stands for.
func muDecodeCode(c byte) int16 {
	c = ^c
	segment, step := c>>4&7, int16(c&0x0F)
	m := ((step<<1+muBias)<<segment - muBias) << muShift
	if c&0x80 != 0 {
		return -m
	}
	return m
}
