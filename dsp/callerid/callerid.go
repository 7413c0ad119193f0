// Package callerid tells a telephone who calls: what is said (messages), how it
// is put into the voice band (frequency shift keying, alert tones, DTMF), and
// in which order with the ringing each country does so (schemes). A [Sender]
// plays it, a [Receiver] reads it.
//
//	Call ─▶ message ─▶ Plan ─▶ Sender ─▶ samples ─▶ Receiver ─▶ Parse ─▶ Call
//
// It keeps no clock and starts nothing; when a part is sent is the affair of
// who follows the [Scheme].
package callerid

import (
	"strings"
	"time"
)

// Absence says why there is no number.
type Absence uint8

const (
	Given       Absence = iota // there is one
	Withheld                   // the caller asked for privacy
	Unavailable                // the network does not know it
)

// Call is what a telephone can be told of a call.
type Call struct {
	Time    time.Time // local wall clock, told to the minute; zero = not told
	Number  string    // digits, *, # and a leading +; other characters are left out
	Name    string    // any text; see [Text] for what arrives
	Absence Absence   // of the number; a call without digits is Unavailable
}

// Longest contents, in characters.
const (
	longestNumber   = 20 // EN 300 659-3 §5.4.2
	longestName     = 15 // GR-1188
	longestNameETSI = 50 // EN 300 659-3 §5.4.7
)

// clean returns the call as it can be told, with a name of at most so many
// characters.
func (c Call) clean(longestName int) Call {
	c.Number = number(c.Number)
	c.Name = Text(c.Name, longestName)
	switch {
	case c.Absence == Withheld:
		c.Number, c.Name = "", ""
	case c.Absence == Unavailable || c.Number == "":
		c.Number, c.Absence = "", Unavailable
	}
	return c
}

// number keeps what a number can have.
func number(s string) string {
	var b strings.Builder
	for i := 0; i < len(s) && b.Len() < longestNumber; i++ {
		digit := s[i] >= '0' && s[i] <= '9' || s[i] == '*' || s[i] == '#'
		if digit || s[i] == '+' && b.Len() == 0 {
			b.WriteByte(s[i])
		}
	}
	if b.String() == "+" {
		return ""
	}
	return b.String()
}

// digits keeps what of a number can be keyed: a plus sign cannot.
func digits(s string) string { return strings.TrimPrefix(number(s), "+") }
