package agent

import (
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/sip"
)

// clockSet is the earliest time that a clock which was set can show. Before, the
// telephone is not told the time and keeps its own.
const clockSet = 2025

// callerOf is what the telephone is told of a call. A user name that is no
// number is shown as the name if there is no other.
func callerOf(e sip.Incoming, at time.Time) callerid.Call {
	c := callerid.Call{Number: e.Number, Name: e.Name}
	if !strings.ContainsAny(e.Number, "0123456789") || strings.ContainsFunc(e.Number, isLetter) {
		c.Number = ""
		if c.Name == "" {
			c.Name = e.Number
		}
	}
	if e.Withheld {
		c = callerid.Call{Absence: callerid.Withheld}
	}
	if at.Year() >= clockSet {
		c.Time = at.Local()
	}
	return c
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 0x7F }

// signal makes the sound of a signal of the line, nil for none.
func (n *nation) signal(s line.Signal, caller callerid.Call) *callerid.Plan {
	if n.scheme == nil {
		return nil
	}
	switch s {
	case line.AlertTone:
		return n.scheme.AlertTone()
	case line.CallData:
		return n.scheme.Message(caller)
	case line.KnockTone:
		return n.scheme.KnockTone()
	case line.KnockData:
		return n.scheme.KnockMessage(caller)
	case line.LampOn, line.LampOff:
		return n.scheme.MailMessage(s == line.LampOn)
	}
	return nil
}
