package line

import (
	"time"

	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/slic"
)

// distinctive are ring cadences 1 to 8: 1 to 5 as commonly published for
// Bellcore-dr1 to dr5 (GR-506), 6 to 8 as usual on adapters.
var distinctive = [...][]time.Duration{
	millis(2000, 4000),
	millis(800, 400, 800, 4000),
	millis(400, 200, 400, 200, 800, 4000),
	millis(300, 200, 1000, 200, 300, 4000),
	millis(500, 5500),
	millis(200, 400, 200, 400, 200, 4000),
	millis(400, 200, 400, 200, 400, 4000),
	millis(250, 9750),
}

// millis returns a cadence, on first, given in milliseconds.
func millis(parts ...time.Duration) []time.Duration {
	for i := range parts {
		parts[i] *= time.Millisecond
	}
	return parts
}

// cadenceOf returns the cadence of a distinctive ring, or the country's.
func (m *Machine) cadenceOf(ring int) []time.Duration {
	if ring >= 1 && ring <= len(distinctive) {
		return distinctive[ring-1]
	}
	for _, d := range m.country.Ring {
		if d <= 0 {
			return distinctive[0]
		}
	}
	if len(m.country.Ring) == 0 {
		return distinctive[0]
	}
	return m.country.Ring
}

// ring rings for the present call, from the start of its cadence.
func (m *Machine) ring() {
	m.enter(Ringing)
	m.tellWho()
}

// remind rings because the subscriber went away from a call on hold.
func (m *Machine) remind() {
	m.enter(Reminding)
	m.startRing(0)
}

func (m *Machine) startRing(ring int) {
	m.cadence, m.ringStep = m.cadenceOf(ring), 0
	m.setFeed(slic.Ringing)
	m.start(cadenceTimer, m.cadence[0])
	m.start(ringTimer, m.settings.RingTimeout)
}

// nextRing goes to the next part of the cadence. Between rings the pair carries
// audio, for caller ID; the next one waits until that has been told.
func (m *Machine) nextRing() {
	if m.telling.occasion == betweenRing {
		m.telling.held = true
		return
	}
	m.ringStep = (m.ringStep + 1) % len(m.cadence)
	switch {
	case m.ringStep%2 == 0:
		m.setFeed(slic.Ringing)
	case m.telling.part() == callerid.Rouse:
		m.setFeed(slic.OnHookTransmitRev)
	default:
		m.setFeed(slic.OnHookTransmit)
	}
	m.start(cadenceTimer, m.cadence[m.ringStep])
	m.tellBetween()
}

// stopRing is the first thing after ring trip, in any phase of the cadence.
func (m *Machine) stopRing() {
	m.stop(cadenceTimer)
	m.stop(ringTimer)
	m.stopTelling()
	m.setFeed(slic.Forward)
}

func (m *Machine) ringing(e Event) {
	switch e := e.(type) {
	case offHook:
		if !m.roused() {
			m.stopRing()
			m.answer()
		}
	case Released:
		m.call = call{}
		m.callerGone()
	case Incoming:
		m.port.Reject(e.Call, RefuseBusy)
	}
}

// callerGone ends the ringing. A telephone that is off hook to hear who called
// is left with silence.
func (m *Machine) callerGone() {
	if !m.hook.lifted {
		m.toIdle()
		return
	}
	m.stopRing()
	m.farEndGone()
}

func (m *Machine) reminding(e Event) {
	switch e := e.(type) {
	case offHook:
		m.stopRing()
		m.resume()
	case Incoming:
		m.port.Reject(e.Call, RefuseBusy)
	}
}

// unanswered ends what rang or knocked for too long.
func (m *Machine) unanswered() {
	switch {
	case m.state == Ringing:
		m.port.Reject(m.call.id, RefuseUnavailable)
		m.call = call{}
		m.toIdle()
	case m.state == Reminding:
		m.hangup(&m.held)
		m.toIdle()
	case m.knock.id != 0:
		m.port.Reject(m.knock.id, RefuseUnavailable)
		m.endKnock()
		m.setHookMode()
	}
}
