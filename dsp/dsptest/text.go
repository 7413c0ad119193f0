package dsptest

import (
	"math/rand/v2"
	"slices"
)

// Modems of text telephones.
var (
	Baudot45 = FSK{Mark: 1400, Space: 1800, Baud: 1000.0 / 22, Level: -13} // TIA-825-A
	Baudot50 = FSK{Mark: 1400, Space: 1800, Baud: 50, Level: -13}          // ITU-T V.18 Annex A
	EDT      = FSK{Mark: 980, Space: 1180, Baud: 110, Level: -13}          // V.18 Annex C
	V21Low   = FSK{Mark: 980, Space: 1180, Baud: 300, Level: -13}          // channel 1 of V.21
)

// Typed returns n random characters of data bits with a start bit and so many stop
// bits, and before and behind them the mark of the hold time, both as bits.
func Typed(n, data, stops, hold int, rng *rand.Rand) []bool {
	bits := slices.Repeat([]bool{true}, hold)
	for range n {
		bits = append(bits, false)
		for range data {
			bits = append(bits, rng.IntN(2) == 0)
		}
		bits = append(bits, slices.Repeat([]bool{true}, stops)...)
	}
	return append(bits, slices.Repeat([]bool{true}, hold)...)
}

// CallIndicators returns n sequences of CI as bits: ten ones, nine zeros and a one,
// and the call function of text telephones (ITU-T V.8 §5.1 and table 2).
func CallIndicators(n int) (bits []bool) {
	const sequence = "1111111111" + "0000000001" + "0100000101"
	for range n {
		for _, b := range sequence {
			bits = append(bits, b == '1')
		}
	}
	return bits
}
