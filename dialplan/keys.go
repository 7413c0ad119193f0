package dialplan

import (
	"math/bits"
	"strings"
)

// keySet is a set of keys, a bit for each byte of keyOrder.
type keySet uint32

// keyOrder are the keys of a telephone, and the plus sign that an application
// may dial.
const keyOrder = "0123456789*#ABCD+"

// digits is the set of 0 to 9, the x of a digit map.
const digits keySet = 1<<10 - 1

// keyOf returns the set of one key, empty if c is none. a to d are A to D.
func keyOf(c byte) keySet {
	if c >= '0' && c <= '9' { // the usual case
		return 1 << (c - '0')
	}
	if i := strings.IndexByte(keyOrder, upper(c)); i >= 0 {
		return 1 << i
	}
	return 0
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'd' {
		return c - 'a' + 'A'
	}
	return c
}

// String returns the set as a digit map writes it.
func (s keySet) String() string {
	switch {
	case s == digits:
		return "x"
	case s == keyOf('+'):
		return `\+`
	case bits.OnesCount32(uint32(s)) == 1:
		return string(keyOrder[bits.TrailingZeros32(uint32(s))])
	}
	return "[" + s.members() + "]"
}

// members lists the keys of the set, three and more digits in a row as a range.
func (s keySet) members() string {
	var b strings.Builder
	for i := 0; i < len(keyOrder); i++ {
		n := bits.TrailingZeros32(^uint32(s&digits) >> i) // digits in a row from i
		switch {
		case i < 10 && n >= 3:
			b.WriteByte(keyOrder[i])
			b.WriteByte('-')
			i += n - 1
			b.WriteByte(keyOrder[i])
		case s>>i&1 == 1:
			b.WriteByte(keyOrder[i])
		}
	}
	return b.String()
}

// isNumber says whether every character of n is a key and a match can hold it.
func isNumber(n string) bool {
	for i := 0; i < len(n); i++ {
		if keyOf(n[i]) == 0 {
			return false
		}
	}
	return n != "" && len(n) <= maxKeys
}
