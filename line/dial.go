package line

import (
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dialplan"
)

// available says whether calls beside emergency calls can be made.
func (m *Machine) available() bool { return m.service || m.settings.NoServiceDialTone }

// startDialing gives dial tone. Without service it gives reorder, and collects
// all the same: it might be an emergency. A hot line dials here already.
func (m *Machine) startDialing() {
	m.rotary = false
	m.match = m.plan.NewMatch()
	m.enter(Dialing)
	r := m.match.Start()
	if r.Status != dialplan.Done {
		m.play(m.dialTone())
	}
	m.follow(r)
}

func (m *Machine) dialTone() Tone {
	switch {
	case !m.available():
		return Reorder
	case m.held.id != 0:
		return RecallDialTone
	case m.messages:
		return MessageDialTone
	}
	return DialTone
}

// dialing collects keys, with dial tone or after it.
func (m *Machine) dialing(e Event) {
	switch e := e.(type) {
	case Digit:
		m.digit(e.Key)
	case pulsing:
		m.turning()
	case dialed:
		m.dialed(e.count)
	case flash:
		m.resumeHeld()
	case expired:
		m.noMoreKeys()
	case Incoming:
		m.port.Reject(e.Call, RefuseBusy)
	}
}

// digit takes a DTMF key. A to D are no part of numbers.
func (m *Machine) digit(key byte) {
	if key >= '0' && key <= '9' || key == '*' || key == '#' {
		m.rotary = false
		m.hook.forget()
		m.key(key)
	}
}

// turning silences the dial tone at the first pulse, and gives the dial the
// time of a key.
func (m *Machine) turning() {
	if m.state == Dialing {
		m.enter(Collecting)
	}
	m.rotary = true
	m.play(Silence)
	m.start(stateTimer, m.patience())
}

func (m *Machine) dialed(pulses int) {
	key, ok := country.Digit(m.country.Pulses, pulses)
	if !ok {
		m.fail(Reorder) // a digit was lost, the number would be wrong
		return
	}
	m.rotary = true
	m.key(key)
}

// key gives a key to the dial plan.
func (m *Machine) key(key byte) {
	m.enter(Collecting)
	r := m.match.Key(key)
	switch {
	case r.Status == dialplan.NoMatch:
	case r.OutsideTone:
		m.play(OutsideDialTone)
	default:
		m.play(Silence)
	}
	m.follow(r)
}

// follow does what the dial plan says.
func (m *Machine) follow(r dialplan.Result) {
	switch r.Status {
	case dialplan.NoMatch:
		m.fail(Reorder)
	case dialplan.Done:
		m.place()
	default:
		m.waitForKey(r.Wait)
	}
}

// waitForKey waits as long as the dial plan says, or as long as dial tone lasts
// if it does not say.
func (m *Machine) waitForKey(d time.Duration) {
	m.planWaits = d > 0
	m.wait = m.settings.FirstDigit
	if m.planWaits {
		m.wait = d
	}
	m.start(stateTimer, m.patience())
}

// patience returns how long to wait for the next key. A dial takes longer than
// a key: the digit before ends late, and the next needs winding up.
func (m *Machine) patience() time.Duration {
	if m.rotary {
		return m.wait * 7 / 4
	}
	return m.wait
}

// noMoreKeys asks the plan what the keys so far mean. If nothing, a call on hold
// comes back.
func (m *Machine) noMoreKeys() {
	r := dialplan.Result{Status: dialplan.NoMatch}
	if m.planWaits {
		r = m.match.Timeout()
	}
	if r.Status != dialplan.NoMatch || !m.resumeHeld() {
		m.follow(r)
	}
}

// place dials the number that was collected.
func (m *Machine) place() {
	number, emergency := m.match.Number(), m.match.Emergency()
	if !emergency && !m.available() {
		m.fail(Reorder)
		return
	}
	m.play(Silence)
	m.enter(Calling)
	m.call = call{id: m.port.Dial(number, emergency), emergency: emergency}
	if m.call.id == 0 {
		m.fail(Reorder)
	}
}
