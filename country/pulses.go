package country

// Digit returns the key that a number of dial pulses stands for. Eleven and
// twelve pulses, which no dial of the network sends but some test sets and
// converters do, are '*' and '#'. ok is false for any other number.
func Digit(coding PulseCoding, pulses int) (key byte, ok bool) {
	switch {
	case pulses == 11:
		return '*', true
	case pulses == 12:
		return '#', true
	case pulses < 1 || pulses > 10:
		return 0, false
	case coding == PulsesNewZealand:
		return '0' + byte(10-pulses), true
	case coding == PulsesSweden:
		return '0' + byte(pulses-1), true
	}
	return '0' + byte(pulses%10), true
}
