package callerid

import (
	"errors"
	"fmt"
	"time"
)

// Types of message (GR-30-CORE; EN 300 659-3 §5.2).
const (
	typeSDMF        = 0x04 // single data message: date and number
	typeSDMFWaiting = 0x06
	typeCall        = 0x80 // multiple data message: call setup
	typeWaiting     = 0x82 // message waiting indicator
)

// Parameters of a multiple data message (GR-30-CORE; EN 300 659-3 §5.3).
const (
	paramDate        = 0x01
	paramNumber      = 0x02
	paramNoNumber    = 0x04
	paramName        = 0x07
	paramNoName      = 0x08
	paramIndicator   = 0x0B
	paramCallType    = 0x11
	callTypeVoice    = 0x01
	indicatorOn      = 0xFF
	dateLayout       = "01021504"
	noDate           = "00000000"
	sdmfIndicatorOn  = "BBB" // 42h 42h 42h
	sdmfIndicatorOff = "ooo" // 6Fh 6Fh 6Fh
)

// SDMF returns the single data message of a call: date and number, or the
// reason why there is none. It ends with its checksum.
func SDMF(c Call) []byte {
	c = c.clean(0)
	b := []byte{typeSDMF, 0}
	if c.Time.IsZero() {
		b = append(b, noDate...)
	} else {
		b = c.Time.AppendFormat(b, dateLayout)
	}
	if c.Number == "" {
		b = append(b, c.reason())
	} else {
		b = append(b, c.Number...)
	}
	return seal(b)
}

// MDMF returns the multiple data message of a call as Bellcore has it: date,
// number, name of up to 15 characters. It ends with its checksum.
func MDMF(c Call) []byte {
	return seal(c.clean(longestName).parameters([]byte{typeCall, 0}))
}

// ETSI returns the call set-up message of EN 300 659-3: as [MDMF] with a name
// of up to 50 characters.
func ETSI(c Call) []byte {
	return seal(c.clean(longestNameETSI).parameters([]byte{typeCall, 0}))
}

// SIN227 returns the message of BT SIN 227: as [ETSI], and the first parameter
// says that a voice call is coming.
func SIN227(c Call) []byte {
	b := []byte{typeCall, 0, paramCallType, 1, callTypeVoice}
	return seal(c.clean(longestNameETSI).parameters(b))
}

// MessageWaiting returns the message that lights the message lamp of a
// telephone, or puts it out.
func MessageWaiting(on bool) []byte {
	b := []byte{typeWaiting, 0, paramIndicator, 1, 0}
	if on {
		b[4] = indicatorOn
	}
	return seal(b)
}

// parameters appends what is known of a clean call.
func (c Call) parameters(b []byte) []byte {
	if !c.Time.IsZero() {
		b = append(b, paramDate, byte(len(dateLayout)))
		b = c.Time.AppendFormat(b, dateLayout)
	}
	if c.Number != "" {
		b = parameter(b, paramNumber, c.Number)
	} else {
		b = append(b, paramNoNumber, 1, c.reason())
	}
	switch {
	case c.Name != "":
		b = parameter(b, paramName, c.Name)
	case c.Number == "":
		b = append(b, paramNoName, 1, c.reason())
	}
	return b
}

func parameter(b []byte, kind byte, text string) []byte {
	b = append(b, kind, byte(len(text)))
	return append(b, text...)
}

// reason is the letter for the absence of a number: private, or out of area.
func (c Call) reason() byte {
	if c.Absence == Withheld {
		return 'P'
	}
	return 'O'
}

// seal puts in the length and appends the checksum, the two's complement of
// the sum of all before it.
func seal(b []byte) []byte {
	b[1] = byte(len(b) - 2)
	return append(b, -sum(b))
}

func sum(b []byte) (s byte) {
	for _, v := range b {
		s += v
	}
	return s
}

// Message is what a telephone was told.
type Message struct {
	Call    Call  // of a call; the year of its time is not told and is 0
	Waiting *bool // of the mailbox, nil = the message is of a call
}

var errMessage = errors.New("callerid: not a message")

// Parse reads a message of any of the forms above with its checksum, or one of
// [NTT] with its check sequence.
func Parse(b []byte) (Message, error) {
	if len(b) > 0 && b[0] == even(dle) {
		return parseNTT(b)
	}
	if len(b) < 3 || len(b) != int(b[1])+3 || sum(b) != 0 {
		return Message{}, errMessage
	}
	body := b[2 : len(b)-1]
	switch b[0] {
	case typeSDMF:
		return parseSDMF(body)
	case typeSDMFWaiting:
		on := string(body) == sdmfIndicatorOn
		if !on && string(body) != sdmfIndicatorOff {
			return Message{}, errMessage
		}
		return Message{Waiting: &on}, nil
	case typeCall, typeWaiting:
		return parseParameters(body)
	}
	return Message{}, fmt.Errorf("callerid: unknown message type %#02x", b[0])
}

func parseSDMF(body []byte) (m Message, err error) {
	if len(body) <= len(dateLayout) {
		return m, errMessage
	}
	m.Call.Time = parseDate(body[:len(dateLayout)])
	body = body[len(dateLayout):]
	if reason, ok := reasonOf(body); ok {
		m.Call.Absence = reason
	} else {
		m.Call.Number = string(body)
	}
	return m, nil
}

// reasonOf reads the letter for the absence of a number or name.
func reasonOf(body []byte) (Absence, bool) {
	if len(body) != 1 {
		return Given, false
	}
	switch body[0] {
	case 'P':
		return Withheld, true
	case 'O', 'S', 'C':
		return Unavailable, true
	}
	return Given, false
}

func parseParameters(body []byte) (m Message, err error) {
	for len(body) > 0 {
		if len(body) < 2 || len(body) < 2+int(body[1]) {
			return Message{}, errMessage
		}
		m.take(body[0], body[2:2+int(body[1])])
		body = body[2+int(body[1]):]
	}
	return m, nil
}

// take reads one parameter; unknown ones say nothing to us.
func (m *Message) take(kind byte, value []byte) {
	switch kind {
	case paramDate:
		m.Call.Time = parseDate(value)
	case paramNumber:
		m.Call.Number = string(value)
	case paramNoNumber:
		m.Call.Absence, _ = reasonOf(value)
	case paramName:
		m.Call.Name = string(value)
	case paramIndicator:
		on := len(value) == 1 && value[0] == indicatorOn
		m.Waiting = &on
	}
}

// parseDate reads MMDDHHMM; what is no date is the zero time.
func parseDate(b []byte) time.Time {
	t, err := time.Parse(dateLayout, string(b))
	if err != nil {
		return time.Time{}
	}
	return t
}
