// Package dtmf makes and finds the dual-tone multi-frequency signals of
// push-button telephones (ITU-T Q.23 and Q.24).
package dtmf

import "strings"

// keys is in the order of the event codes of RFC 4733 §3.2.
const keys = "0123456789*#ABCD"

// Keys returns the sixteen keys; the index of a key is its event code
// (RFC 4733 §3.2).
func Keys() string { return keys }

// ITU-T Q.23 §3: the low group is the row of the keypad, the high group its
// column, in hertz.
var (
	lowGroup  = [4]float64{697, 770, 852, 941}
	highGroup = [4]float64{1209, 1336, 1477, 1633}
)

// keypad is the keys by row and column.
const keypad = "123A456B789C*0#D"

// Frequencies returns the low and the high frequency of a key in hertz. Ok is
// false when there is no such key.
func Frequencies(key byte) (low, high float64, ok bool) {
	i := strings.IndexByte(keypad, key)
	if i < 0 {
		return 0, 0, false
	}
	return lowGroup[i/4], highGroup[i%4], true
}
