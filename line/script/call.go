package script

import (
	"fmt"
	"time"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/slic"
)

// Op is a method of line.Port.
type Op uint8

const (
	SetFeed Op = iota
	Play
	Dial
	Alert
	Answer
	Reject
	Hangup
	Hold
	Connect
	SendFlash
	SendCallerID
)

var opNames = [...]string{"feed", "play", "dial", "alert", "answer", "reject", "hangup", "hold", "connect", "flash", "callerid"}

// String returns the word for the method in scripts.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return fmt.Sprintf("op(%d)", uint8(o))
}

// Call is one call of a method of line.Port. Which fields count depends on Op;
// the others are zero.
type Call struct {
	Op        Op
	Feed      slic.Feed
	Tone      line.Tone
	Call      line.CallID // for Dial: what it returned
	Refusal   line.Refusal
	Hold      bool
	Number    string
	Emergency bool
	Signal    line.Signal
	Length    time.Duration // of the signal
}

// String returns the call as a script has it. ParseCall reads it back without
// loss.
func (c Call) String() string {
	switch c.Op {
	case SetFeed:
		return "feed " + c.Feed.String()
	case Play:
		return "play " + c.Tone.String()
	case Dial:
		return fmt.Sprintf("dial %d %q%s", c.Call, c.Number, choose(c.Emergency, " emergency", ""))
	case Reject:
		return fmt.Sprintf("reject %d %v", c.Call, c.Refusal)
	case Hold:
		return fmt.Sprintf("hold %d %s", c.Call, choose(c.Hold, "on", "off"))
	case SendCallerID:
		return fmt.Sprintf("callerid %d %v %v", c.Call, c.Signal, c.Length)
	}
	return fmt.Sprintf("%v %d", c.Op, c.Call)
}

// ParseCall reads what Call.String writes.
func ParseCall(text string) (Call, error) {
	w, err := split(text)
	if err != nil {
		return Call{}, fmt.Errorf("script: %w", err)
	}
	c, err := parseCall(w)
	if err != nil {
		return Call{}, fmt.Errorf("script: effect %q: %w", text, err)
	}
	return c, nil
}

func parseCall(w *words) (c Call, err error) {
	word := w.next()
	c.Op = Op(len(opNames))
	for i, name := range opNames {
		if name == word {
			c.Op = Op(i)
		}
	}
	switch c.Op {
	case Op(len(opNames)):
		w.fail(fmt.Errorf("unknown effect %q", word))
	case SetFeed:
		c.Feed = named[slic.Feed](w)
	case Play:
		c.Tone = named[line.Tone](w)
	case Dial:
		c.Call, c.Number, c.Emergency = w.call(), w.quoted(), w.flag("emergency")
	case Reject:
		c.Call, c.Refusal = w.call(), named[line.Refusal](w)
	case Hold:
		c.Call, c.Hold = w.call(), w.either("on", "off")
	case SendCallerID:
		c.Call, c.Signal, c.Length = w.call(), named[line.Signal](w), w.duration()
	default:
		c.Call = w.call()
	}
	return c, w.end()
}
