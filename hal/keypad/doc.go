// Package keypad reads a keypad matrix: keys that connect a row to a column.
//
//	       column 0   column 1   column 2      inputs with pull-up
//	row 0 ───[1]────────[2]────────[3]
//	row 1 ───[4]────────[5]────────[6]         outputs, low or floating
//	row 2 ───[7]────────[8]────────[9]
//	row 3 ───[*]────────[0]────────[#]
//
// While no key is down all rows are low and the columns are read every 10 ms:
// one that is low begins the scan, which pulls one row low after the other. Rows
// are never driven high, so that two keys of a column do not short two outputs.
//
// A key counts when all scans of 20 ms agree, which is longer than rubber and metal
// domes bounce, and is reported once: there is no repeat.
// Any number of keys may be down at a time as long as each can be told. Without
// diodes three keys at the corners of a rectangle show a fourth that nobody
// presses; a scan with such a rectangle changes nothing (n-key rollover with
// ghosts locked out).
//
// A matrix has no interrupts: a key that is pressed and let go between two looks was
// never there. [Keypad.Gaps] counts the looks that came too late to be sure.
package keypad
