// Package g711 converts between 16-bit linear samples and the 64 kbit/s codes
// of ITU-T G.711: A-law, mu-law, and directly from one law to the other.
//
// Linear samples are left-justified: the 13-bit value of A-law is multiplied by
// 8, the 14-bit value of mu-law by 4. Every conversion is a table look-up, is
// bit-exact with the reference of the Recommendation for all inputs, and
// allocates nothing.
package g711

// Law is a companding law.
type Law uint8

// The laws of G.711 §3.
const (
	ALaw  Law = iota // Europe and all international circuits
	MuLaw            // North America and Japan
)

// String returns the encoding name of RFC 3551 §4.5.14.
func (law Law) String() string {
	if law == MuLaw {
		return "PCMU"
	}
	return "PCMA"
}

// Silence returns the code of the smallest positive value, what an idle circuit
// carries.
func (law Law) Silence() byte {
	if law == MuLaw {
		return 0xFF
	}
	return 0xD5
}

// Encode writes the codes of src to dst, which is at least as long as src.
func Encode(law Law, dst []byte, src []int16) {
	dst = dst[:len(src)]
	if law == MuLaw {
		for i, s := range src {
			dst[i] = muEncode[uint16(s)>>muShift]
		}
		return
	}
	for i, s := range src {
		dst[i] = aEncode[uint16(s)>>aShift]
	}
}

// Decode writes the samples of the codes in src to dst, which is at least as
// long as src.
func Decode(law Law, dst []int16, src []byte) {
	dst = dst[:len(src)]
	table := &aDecode
	if law == MuLaw {
		table = &muDecode
	}
	for i, c := range src {
		dst[i] = table[c]
	}
}

// EncodeSample returns the code of one sample.
func EncodeSample(law Law, s int16) byte {
	if law == MuLaw {
		return muEncode[uint16(s)>>muShift]
	}
	return aEncode[uint16(s)>>aShift]
}

// DecodeSample returns the sample of one code.
func DecodeSample(law Law, c byte) int16 {
	if law == MuLaw {
		return muDecode[c]
	}
	return aDecode[c]
}
