package line

import "github.com/ata-agent/ata-agent/slic"

// afterTalk follows the far end's hang-up of an answered call. A call that
// knocks keeps knocking; a call on hold comes back after a moment; otherwise
// the loop opens for as long as the country has it, which makes answering
// machines and modems hang up.
func (m *Machine) afterTalk() {
	if m.knock.id != 0 {
		m.enter(Gone)
		return
	}
	m.farEndGone()
	if m.held.id == 0 && m.country.CPC > 0 {
		m.hook.suspend()
		m.setFeed(slic.Open)
		m.start(loopTimer, m.country.CPC)
	}
}

// farEndGone is silence, in which most subscribers put the handset down.
func (m *Machine) farEndGone() {
	m.play(Silence)
	m.enter(Gone)
	m.start(stateTimer, m.settings.ReorderDelay)
}

// closeLoop ends open loop and ringing alike.
func (m *Machine) closeLoop() {
	m.stop(loopTimer)
	open := m.feed == slic.Open
	m.setFeed(slic.Forward)
	if open {
		m.hook.resume(m.now)
	}
}

func (m *Machine) gone(e Event) {
	switch e := e.(type) {
	case flash:
		if m.knock.id != 0 {
			m.takeKnock()
		} else {
			m.redial()
		}
	case expired:
		if !m.resumeHeld() {
			m.fail(Reorder)
		}
	case Incoming:
		m.port.Reject(e.Call, RefuseBusy)
	}
}

// resumeHeld resumes the call on hold, if there is one.
func (m *Machine) resumeHeld() bool {
	if m.held.id == 0 {
		return false
	}
	m.resume()
	return true
}

// redial is what a flash means when a call is over: back to the call on hold,
// or a new dial tone, which subscribers who tap the hook switch expect.
func (m *Machine) redial() {
	if !m.resumeHeld() {
		m.startDialing()
	}
}

// fail plays why there is no call.
func (m *Machine) fail(t Tone) {
	m.play(t)
	m.enter(Failed)
	m.start(stateTimer, m.settings.ReorderTime)
}

// failed goes from busy to reorder to howler. With a call on hold, it ends
// there instead.
func (m *Machine) failed(e Event) {
	switch e := e.(type) {
	case flash:
		m.redial()
	case expired:
		m.nextComplaint()
	case Incoming:
		m.port.Reject(e.Call, RefuseBusy)
	}
}

func (m *Machine) nextComplaint() {
	switch {
	case m.resumeHeld():
	case m.tone == Reorder, m.tone == VacantCode, m.tone == NoCircuit:
		m.play(Howler)
		m.enter(Howling)
		m.start(stateTimer, m.settings.HowlerTime)
	default:
		m.fail(Reorder)
	}
}

// leftOff is a handset that lies beside the telephone: howler, then silence.
// The feed stays, so that putting it down is seen.
func (m *Machine) leftOff(e Event) {
	switch e := e.(type) {
	case expired:
		m.play(Silence)
		m.enter(Locked)
	case Incoming:
		m.port.Reject(e.Call, RefuseBusy)
	}
}
