package sdp

import "strings"

// Direction says which way media flows, seen from the sender of the
// description (RFC 3264 §5.1).
type Direction uint8

// The zero value is what holds when nothing is said.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

var directionNames = [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}

func (d Direction) String() string {
	if int(d) < len(directionNames) {
		return directionNames[d]
	}
	return "inactive"
}

// DirectionOf puts a direction together.
func DirectionOf(sends, receives bool) Direction {
	switch {
	case sends && receives:
		return SendRecv
	case sends:
		return SendOnly
	case receives:
		return RecvOnly
	}
	return Inactive
}

// Sends reports whether the sender of the description may send media.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives reports whether the sender of the description takes media.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// Reverse is the same flow seen from the other end.
func (d Direction) Reverse() Direction { return DirectionOf(d.Receives(), d.Sends()) }

// And is the flow that both allow. The answer of one who wants w to an offer
// o is o.Reverse().And(w) (RFC 3264 §6.1).
func (d Direction) And(e Direction) Direction {
	return DirectionOf(d.Sends() && e.Sends(), d.Receives() && e.Receives())
}

func parseDirection(name string) (Direction, bool) {
	for d, n := range directionNames {
		if strings.EqualFold(n, name) {
			return Direction(d), true
		}
	}
	return SendRecv, false
}
