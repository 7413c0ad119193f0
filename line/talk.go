package line

// calling waits for the far end. A flash means nothing unless a call is on
// hold: then it gives up and goes back.
func (m *Machine) calling(e Event) {
	switch e := e.(type) {
	case Progress:
		if e.Call == m.call.id {
			m.progress(e)
		}
	case Answered:
		if e.Call == m.call.id {
			m.talk()
		}
	case Released:
		m.call = call{}
		m.connect(0)
		if e.Tone == Silence {
			m.farEndGone()
		} else {
			m.fail(e.Tone)
		}
	case flash:
		if m.held.id != 0 && !m.call.emergency {
			m.hangup(&m.call)
			m.resume()
		}
	case Incoming:
		m.port.Reject(e.Call, RefuseBusy)
	}
}

// progress lets ringback sound unless the network sends it: the port lets
// voice of the call replace the tone while it comes, and only then, so that
// silence in the early media does not leave the caller without ringback.
func (m *Machine) progress(e Progress) {
	if e.Ringing {
		m.play(Ringback)
	}
	if e.Media {
		m.connect(e.Call)
	}
}

// talk connects the present call.
func (m *Machine) talk() {
	m.play(Silence)
	m.connect(m.call.id)
	m.enter(Talking)
}

// answer takes the present call, which rang or knocked.
func (m *Machine) answer() {
	m.port.Answer(m.call.id)
	m.talk()
}

// resume goes back to the call on hold.
func (m *Machine) resume() {
	m.call, m.held = m.held, call{}
	m.port.Hold(m.call.id, false)
	m.talk()
}

// hold puts the present call on hold.
func (m *Machine) hold() {
	m.port.Hold(m.call.id, true)
	m.held, m.call = m.call, call{}
}

func (m *Machine) talking(e Event) {
	switch e := e.(type) {
	case flash:
		m.flashInTalk()
	case Incoming:
		m.second(e)
	case Ready:
		m.acknowledged()
	case Released:
		m.call = call{}
		m.connect(0)
		m.afterTalk()
	}
}

// flashInTalk does what the subscriber wants of a second call. An emergency
// call is not left by a flash (RFC 6443 §13).
func (m *Machine) flashInTalk() {
	switch {
	case m.call.emergency:
	case m.knock.id != 0:
		m.hold()
		m.takeKnock()
	case m.held.id != 0:
		m.swap()
	case m.settings.FlashToNet:
		m.port.SendFlash(m.call.id)
	default:
		m.hold()
		m.connect(0)
		m.startDialing()
	}
}

func (m *Machine) swap() {
	other := m.held
	m.hold()
	m.call = other
	m.port.Hold(m.call.id, false)
	m.talk()
}

// second lets another call knock, or refuses it. A call back from an emergency
// service knocks whatever the settings say.
func (m *Machine) second(e Incoming) {
	allowed := m.settings.CallWaiting && !m.settings.FlashToNet || e.Emergency
	if !allowed || m.call.emergency || m.held.id != 0 || m.knock.id != 0 {
		m.port.Reject(e.Call, RefuseBusy)
		return
	}
	m.knock = callOf(e)
	m.port.Alert(e.Call)
	m.play(CallWaiting)
	m.start(ringTimer, m.settings.RingTimeout)
	m.tellKnock()
}

// takeKnock answers the call that knocks.
func (m *Machine) takeKnock() {
	m.stop(ringTimer)
	m.call, m.knock = m.knock, call{}
	m.answer()
}

// endKnock forgets the call that knocked.
func (m *Machine) endKnock() {
	m.stop(ringTimer)
	m.stopTelling()
	m.knock = call{}
	m.play(Silence)
	if m.state == Gone {
		m.start(stateTimer, m.settings.ReorderDelay)
	}
}
