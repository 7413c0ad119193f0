package line

import (
	"fmt"
	"time"

	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/slic"
)

// Signal is what the telephone is sent to know who calls. The shell makes it
// from what it knows of the call and of the country.
type Signal uint8

const (
	NoSignal  Signal = iota // ends the one that sounds
	AlertTone               // wakes a telephone on hook
	CallData                // number and name, on hook
	KnockTone               // asks a telephone off hook whether it can take data
	KnockData               // number and name of a call that knocks
	LampOn                  // messages wait
	LampOff
)

var signalNames = [...]string{"off", "alert", "data", "knock-alert", "knock-data", "lamp-on", "lamp-off"}

// String returns the name used in scripts and logs.
func (s Signal) String() string {
	if int(s) < len(signalNames) {
		return signalNames[s]
	}
	return fmt.Sprintf("signal(%d)", uint8(s))
}

// occasion is why a telephone is told something.
type occasion uint8

const (
	noOccasion  occasion = iota
	beforeRing           // the ringing waits
	betweenRing          // in a pause of the ringing
	knocking             // call waiting
	mailbox              // the message lamp, on an idle line
)

// telling is a scheme that is being followed. The zero value is none.
//
//	ring:   Before … then the cadence; Between … in its longest pause
//	knock:  tone of call waiting, Knock …
//	mail:   Mail …
//
// Whatever changes the state of the line ends it.
type telling struct {
	occasion occasion
	call     CallID
	steps    []callerid.Step
	at       int
	sounding bool
	held     bool // the next ring waits for the end
}

func (t *telling) part() callerid.Part {
	if t.occasion == noOccasion {
		return callerid.Silence
	}
	return t.steps[t.at].Part
}

// tell begins to follow steps; none is no telling at all.
func (m *Machine) tell(o occasion, id CallID, steps []callerid.Step) {
	m.telling = telling{occasion: o, call: id, steps: steps}
	m.tellStep()
}

// tellNext goes to the next step, or ends.
func (m *Machine) tellNext() {
	m.telling.sounding = false
	if m.telling.at++; m.telling.at < len(m.telling.steps) {
		m.tellStep()
		return
	}
	m.told()
}

// tellStep does what the present step says. What happens between the steps is
// in tellTimer's hands.
func (m *Machine) tellStep() {
	step := m.telling.steps[m.telling.at]
	length := step.For
	switch step.Part {
	case callerid.Silence:
		m.openVoice(slic.OnHookTransmit, slic.Forward)
	case callerid.Reverse:
		m.openVoice(slic.OnHookTransmitRev, slic.Reverse)
	case callerid.Pulse:
		m.setFeed(slic.Ringing)
	case callerid.Alert, callerid.Data:
		length = m.send(step.Part)
	case callerid.Rouse:
		m.cadence, m.ringStep = rousing, 0
		m.setFeed(slic.Ringing)
		m.start(cadenceTimer, m.cadence[0])
	}
	m.start(tellTimer, length)
}

// rousing is the call-arrival ring of NTT.
var rousing = millis(500, 500)

// openVoice lets the telephone hear, on hook or, where it was roused, off hook.
// While a call is up it hears anyway.
func (m *Machine) openVoice(onHook, offHook slic.Feed) {
	switch {
	case m.telling.occasion == knocking:
	case m.hook.lifted:
		m.setFeed(offHook)
	default:
		m.setFeed(onHook)
	}
}

// send has the shell send a tone or data and returns for how long. The far end
// must not disturb a telephone that is asked during a call, nor hear it answer.
func (m *Machine) send(part callerid.Part) time.Duration {
	s := [...]Signal{AlertTone, CallData}
	switch m.telling.occasion {
	case knocking:
		m.connect(0)
		s = [...]Signal{KnockTone, KnockData}
	case mailbox:
		s[1] = m.lampDue
	}
	m.telling.sounding = true
	if part == callerid.Alert {
		return m.port.SendCallerID(m.telling.call, s[0])
	}
	return m.port.SendCallerID(m.telling.call, s[1])
}

// tellExpired ends a step by its time. What was waited for and did not come
// ends it all; a handset that nobody puts down again was lifted by a person.
func (m *Machine) tellExpired() {
	switch m.telling.part() {
	case callerid.Ack, callerid.Rouse:
		m.told()
	case callerid.Release:
		m.stopRing()
		m.answer()
	default:
		m.tellNext()
	}
}

// told goes on where telling held things up.
func (m *Machine) told() {
	t := m.telling
	m.stopTelling()
	switch {
	case t.occasion == mailbox:
		m.lamp = m.lampDue
	case t.occasion == beforeRing:
		m.startRing(m.call.ring)
	case t.held:
		m.nextRing()
	}
}

// stopTelling ends it, in whatever step it is.
func (m *Machine) stopTelling() {
	t := m.telling
	m.telling = telling{}
	m.stop(tellTimer)
	if t.sounding {
		m.port.SendCallerID(0, NoSignal)
	}
	switch {
	case t.occasion == mailbox:
		m.setFeed(slic.Forward)
	case t.occasion == knocking && m.state == Talking && m.call.id != 0:
		m.connect(m.call.id)
	}
}

// tellWho tells who rings, before the ring where the scheme has it so.
func (m *Machine) tellWho() {
	m.betweenDue = false
	switch {
	case m.scheme == nil:
	case len(m.scheme.Before) > 0:
		m.tell(beforeRing, m.call.id, m.scheme.Before)
		return
	default:
		m.betweenDue = len(m.scheme.Between) > 0
	}
	m.startRing(m.call.ring)
}

// tellBetween tells who rings in the longest pause of the cadence.
func (m *Machine) tellBetween() {
	if m.betweenDue && m.ringStep == longestPause(m.cadence) {
		m.betweenDue = false
		m.tell(betweenRing, m.call.id, m.scheme.Between)
	}
}

// longestPause returns the index of the first pause that is as long as any.
func longestPause(cadence []time.Duration) int {
	longest := 1
	for i := 3; i < len(cadence); i += 2 {
		if cadence[i] > cadence[longest] {
			longest = i
		}
	}
	return longest
}

// tellKnock tells who knocks.
func (m *Machine) tellKnock() {
	if m.scheme != nil && len(m.scheme.Knock) > 0 {
		m.tell(knocking, m.knock.id, m.scheme.Knock)
	}
}

// setMessages lets the message lamp follow the mailbox.
func (m *Machine) setMessages(waiting bool) {
	m.messages, m.lampDue = waiting, LampOff
	if waiting {
		m.lampDue = LampOn
	}
	if m.telling.occasion == mailbox {
		m.stopTelling()
	}
	m.tellMail()
}

// tellMail sets the message lamp if that is due and the line is idle.
func (m *Machine) tellMail() {
	if m.lamp != m.lampDue && m.state == Idle && m.scheme != nil && len(m.scheme.Mail) > 0 {
		m.tell(mailbox, 0, m.scheme.Mail)
	}
}

// acknowledged sends data to a telephone that can take them.
func (m *Machine) acknowledged() {
	if m.telling.part() == callerid.Ack {
		m.tellNext()
	}
}

// roused takes the lifting of a handset. It says whether the telephone did it by
// itself, to hear who calls.
func (m *Machine) roused() bool {
	if m.telling.part() != callerid.Rouse {
		return false
	}
	m.stop(cadenceTimer)
	m.tellNext()
	return true
}

// loopReleased takes the putting down of a handset while ringing. A telephone that
// does not wait for its data just rings.
func (m *Machine) loopReleased() {
	if m.telling.part() == callerid.Release {
		m.tellNext()
		return
	}
	m.stopTelling()
	m.startRing(m.call.ring)
}
