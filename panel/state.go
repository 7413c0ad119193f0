package panel

import "github.com/ata-agent/ata-agent/hal/led"

// State is how a device fares, as far as lamps tell it.
type State struct {
	Clock bool // the PCM clock runs
	Lines []Line
}

// Line is how one line fares.
type Line struct {
	Up         bool // the port works
	OffHook    bool
	Ringing    bool
	Registers  bool // the line is in use and wants to be registered
	Registered bool
	Messages   bool // messages wait in its mailbox
}

// Pattern is how a lamp is lit.
type Pattern uint8

// Patterns.
const (
	Dark Pattern = iota
	Lit
	Slow // on and off for a second each
	Fast // five times a second
	Wink // a short flash every two seconds
)

var patterns = [...]struct {
	name string
	led  led.Pattern
}{{"dark", led.Dark}, {"lit", led.Lit}, {"slow", led.Slow}, {"fast", led.Fast}, {"wink", led.Wink}}

// String returns the name used in status.
func (p Pattern) String() string { return patterns[p].name }

// power is the lamp of the device.
func (s State) power() Pattern {
	if !s.Clock {
		return Fast
	}
	for _, l := range s.Lines {
		if !l.Up {
			return Slow
		}
	}
	return Lit
}

// network is the lamp of the registrations.
func (s State) network() Pattern {
	wanted, have := 0, 0
	for _, l := range s.Lines {
		if l.Registers {
			wanted++
			if l.Registered {
				have++
			}
		}
	}
	switch {
	case wanted == 0:
		return Dark
	case have == wanted:
		return Lit
	case have > 0:
		return Slow
	}
	return Fast
}

// message is the lamp of the mailboxes.
func (s State) message() Pattern {
	for _, l := range s.Lines {
		if l.Messages {
			return Slow
		}
	}
	return Dark
}

// line is the lamp of line i; one that the agent does not have is dark.
func (s State) line(i int) Pattern {
	if i >= len(s.Lines) {
		return Dark
	}
	switch l := s.Lines[i]; {
	case !l.Up:
		return Wink
	case l.Ringing:
		return Fast
	case l.OffHook:
		return Lit
	}
	return Dark
}
