// Package script writes down what happened to a line and what the line did, as
// text that people read and machines replay. The scripts in line/testdata are
// the specification of package line and its test; a running agent keeps the
// last minutes of every line in the same form, so that a fault report is a test.
//
// A script is settings, then steps. A step is an event at the margin and,
// indented, what it caused:
//
//	# The caller gives up while the telephone rings.
//	set country eu
//
//	+0s incoming 1 "5551234" ""
//		alert 1
//		feed ringing
//	+1s timer
//		feed oht
//	+2.5s released 1 silence
//		feed forward
//
// A time is since the last event of the step before, or with @ since the start.
// Times may go back a little: hook edges are told late. The events are
//
//	hook off | hook on
//	digit KEY
//	recall
//	ready
//	incoming CALL "NUMBER" "NAME" [withheld] [ring=N] [emergency]
//	progress CALL [ringing] [media]
//	answered CALL
//	released CALL TONE
//	service up|down
//	port up|down
//	messages waiting|none
//	timer
//
// and for scripts written by hand, actions that stand for several events:
//
//	flash OPEN [CLOSED OPEN]…     the loop opens for a time, with bounce if more are given
//	pulses N… [pps=10] [break=60%] [pause=800ms]     a dial sends trains of N pulses
//	keys KEYS [every=100ms]       DTMF keys
//	wait                          nothing but time
//
// An effect may begin with +TIME when it came that long after its step began.
// Effects are calls of line.Port:
//
//	feed FEED · play TONE · dial CALL "NUMBER" [emergency] · alert CALL ·
//	answer CALL · reject CALL REFUSAL · hangup CALL · hold CALL on|off ·
//	connect CALL · flash CALL · callerid CALL SIGNAL LENGTH
//
// The word late before an event tells Run to let no timer come before it, as if
// the process had slept.
package script

import (
	"fmt"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/line"
)

// Script is a text taken apart. Format puts it together again.
type Script struct {
	Settings []Setting
	Steps    []Step
	Trailer  string // comments after the last step
}

// Setting is what the line was set to, in words that only the writer and the
// reader of a script must agree on.
type Setting struct {
	Comment string // lines of comment and blank lines before it
	Name    string // one word
	Value   string // the rest of the line
}

// Step is an event or an action, and what it caused.
type Step struct {
	Comment string // lines of comment and blank lines before it
	At      time.Duration
	Late    bool
	Text    string  // without time and late, as Format writes it
	Events  []Timed // in order; none for wait
	Effects []Effect
}

// Timed is an event at a time after the beginning of its step.
type Timed struct {
	After time.Duration
	Event line.Event
}

// Effect is a call of the port at a time after the beginning of its step.
type Effect struct {
	After time.Duration
	Call  Call
}

// Setting returns the value of the last setting of that name.
func (s *Script) Setting(name string) (value string, ok bool) {
	for _, set := range s.Settings {
		if set.Name == name {
			value, ok = set.Value, true
		}
	}
	return value, ok
}

// EventStep returns the step of one event.
func EventStep(at time.Duration, e line.Event) Step {
	return Step{At: at, Text: FormatEvent(e), Events: []Timed{{Event: e}}}
}

// Format returns the text of the script.
func (s *Script) Format() string {
	var b strings.Builder
	for _, set := range s.Settings {
		b.WriteString(set.Comment)
		b.WriteString(strings.TrimRight("set "+set.Name+" "+set.Value, " ") + "\n")
	}
	before := time.Duration(0)
	for i := range s.Steps {
		s.Steps[i].format(&b, before)
		before = s.Steps[i].end()
	}
	b.WriteString(s.Trailer)
	return b.String()
}

// end returns the time of the last event.
func (s *Step) end() time.Duration {
	if len(s.Events) == 0 {
		return s.At
	}
	return s.At + s.Events[len(s.Events)-1].After
}

func (s *Step) format(b *strings.Builder, before time.Duration) {
	b.WriteString(s.Comment)
	late := ""
	if s.Late {
		late = "late "
	}
	fmt.Fprintf(b, "%s %s%s\n", signed(s.At-before), late, s.Text)
	for _, e := range s.Effects {
		b.WriteByte('\t')
		if e.After != 0 {
			b.WriteString(signed(e.After) + " ")
		}
		b.WriteString(e.Call.String() + "\n")
	}
}

// signed writes a duration with its sign.
func signed(d time.Duration) string {
	if d < 0 {
		return d.String()
	}
	return "+" + d.String()
}
