package line

import (
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dialplan"
	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/slic"
)

// Machine is the call processing of one telephone. It is not safe for use by
// several goroutines: one owns it, gives it events and sleeps until Deadline.
//
// A new Machine takes the port for working, the handset for put down, the feed
// for Forward and the network for absent; a Service event ends the last.
type Machine struct {
	port Port
	setup
	next *setup // takes effect when the line is idle

	now   time.Time
	state State
	hook  hook
	timer [timers]time.Time

	service  bool
	messages bool   // messages wait
	lamp     Signal // what the message lamp was last set to
	lampDue  Signal // what it should be
	downOff  bool   // the last edge while the port was down

	call  call // the call of the state
	held  call // on hold
	knock call // call waiting

	match     *dialplan.Match
	wait      time.Duration // for the next key
	planWaits bool          // the dial plan gave it, and wants to know its end
	rotary    bool          // keys come from a dial

	feed      slic.Feed
	tone      Tone
	connected CallID
	cadence   []time.Duration // of the ringing, on first
	ringStep  int

	scheme     *callerid.Scheme // of telling who calls, nil = none
	telling    telling
	betweenDue bool // who calls is to be told in a pause of this ringing
}

// setup is what Configure changes.
type setup struct {
	country  *country.Country
	plan     *dialplan.Plan
	settings Settings
}

// call is a call as the machine remembers it. The zero value is no call.
type call struct {
	id        CallID
	emergency bool
	ring      int
}

func callOf(e Incoming) call { return call{id: e.Call, emergency: e.Emergency, ring: e.Ring} }

// New returns a machine that acts on port. The plan knows the emergency numbers
// already (dialplan.Plan.WithEmergency), and what a configuration changes of a
// country (hook timing, ring cadence, open loop) is changed in c. Nothing
// happens before Handle.
func New(port Port, c *country.Country, plan *dialplan.Plan, s Settings) *Machine {
	m := &Machine{port: port, feed: slic.Forward}
	m.apply(setup{c, plan, s})
	return m
}

// Configure changes what New was given. It takes effect now if the line is
// idle, otherwise when it next is.
func (m *Machine) Configure(c *country.Country, plan *dialplan.Plan, s Settings) {
	m.next = &setup{c, plan, s}
	if m.state == Idle || m.state == Down {
		m.applyNext()
	}
}

func (m *Machine) applyNext() {
	if m.next != nil {
		m.apply(*m.next)
		m.next = nil
	}
}

func (m *Machine) apply(s setup) {
	s.settings = s.settings.withDefaults()
	m.setup = s
	m.hook.timing = withDefaults(s.country.Hook)
	m.scheme, _ = callerid.Lookup(s.country.CallerID)
}

// withDefaults returns the settings with the values in brackets where they are zero.
func (s Settings) withDefaults() Settings {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&s.FirstDigit, 16*time.Second)
	def(&s.RingTimeout, 120*time.Second)
	def(&s.ReorderDelay, 5*time.Second)
	def(&s.ReorderTime, 30*time.Second)
	def(&s.HowlerTime, 60*time.Second)
	return s
}

// Handle tells the machine what happened at a time. Deadlines that passed
// before are served first, in order, whether a Timer came for them or not.
// Times are monotonic, except that a Hook may be told somewhat after its time.
func (m *Machine) Handle(at time.Time, e Event) {
	m.advance(at)
	m.pass(at)
	if hook, ok := e.(Hook); ok && m.state != Down {
		m.edge(at, hook.Off)
	} else {
		m.dispatch(e)
	}
	m.advance(at)
}

// edge gives an edge to the hook reader, twice if the first told that the
// handset had been put down before it.
func (m *Machine) edge(at time.Time, off bool) {
	e := m.hook.edge(at, off)
	m.gesture(e)
	if _, down := e.(hangUp); down {
		m.gesture(m.hook.edge(at, off))
	}
}

func (m *Machine) gesture(e Event) {
	switch e.(type) {
	case nil:
	case hangUp:
		m.putDown()
		m.setHookMode()
	default:
		m.dispatch(e)
	}
}

// dispatch handles what is the same in every state, and gives the rest to the state.
func (m *Machine) dispatch(e Event) {
	switch e := e.(type) {
	case Service:
		m.setService(e.Up)
	case Messages:
		m.setMessages(e.Waiting)
	case PortState:
		m.portState(e.Up)
	case Recall:
		m.inState(flash{})
	case Incoming:
		if !m.has(e.Call) {
			m.inState(e)
		}
	case Released:
		m.released(e)
	default:
		m.inState(e)
	}
	m.setHookMode()
}

// setService lets a dial tone that nobody has answered yet tell the truth.
func (m *Machine) setService(up bool) {
	m.service = up
	if m.state == Dialing {
		m.play(m.dialTone())
	}
}

// has says whether a call is known. No call is, as one of the three is always free.
func (m *Machine) has(id CallID) bool {
	return id == m.call.id || id == m.held.id || id == m.knock.id
}

// released sorts out whose end it is: only that of the present call concerns
// the state.
func (m *Machine) released(e Released) {
	switch e.Call {
	case 0:
	case m.call.id:
		m.inState(e)
	case m.knock.id:
		m.endKnock()
	case m.held.id:
		m.held = call{}
		if m.state == Reminding {
			m.toIdle()
		}
	}
}

func (m *Machine) portState(up bool) {
	switch {
	case !up && m.state != Down:
		m.goDown()
	case up && m.state == Down:
		m.comeUp()
	case up && m.state == Idle:
		m.port.SetFeed(m.feed)
	}
}

func (m *Machine) goDown() {
	if m.state == Ringing {
		m.port.Reject(m.call.id, RefuseUnavailable)
		m.call = call{}
	}
	if m.knock.id != 0 {
		m.port.Reject(m.knock.id, RefuseUnavailable)
		m.knock = call{}
	}
	m.hangup(&m.call)
	m.hangup(&m.held)
	m.hook.reset()
	m.downOff = false
	m.rest()
	m.state = Down
}

func (m *Machine) comeUp() {
	m.state = Idle
	m.port.SetFeed(slic.Forward)
	m.edge(m.now, m.downOff)
	m.tellMail()
}

// putDown ends what the handset was in. A call that knocks or is on hold rings.
func (m *Machine) putDown() {
	if m.state == Ringing {
		m.loopReleased()
		return
	}
	m.hangup(&m.call)
	m.play(Silence)
	m.connect(0)
	switch {
	case m.knock.id != 0:
		m.call, m.knock = m.knock, call{}
		m.ring()
	case m.held.id != 0:
		m.remind()
	default:
		m.toIdle()
	}
}

func (m *Machine) toIdle() {
	m.rest()
	m.tellMail()
}

// rest leaves the line idle.
func (m *Machine) rest() {
	m.play(Silence)
	m.connect(0)
	m.enter(Idle)
	m.stop(ringTimer)
	m.closeLoop()
	m.applyNext()
}

// enter changes the state and stops the timers of the one before.
func (m *Machine) enter(s State) {
	m.state = s
	m.stop(stateTimer)
	m.stop(cadenceTimer)
	m.stopTelling()
}

// setHookMode tells the hook reader what breaks can mean in the present state.
func (m *Machine) setHookMode() {
	switch {
	case m.state == Ringing:
		m.hook.setMode(fetching)
	case m.settings.NoPulse, m.state != Dialing && m.state != Collecting:
		m.hook.setMode(talking)
	case m.held.id != 0:
		m.hook.setMode(recalling)
	default:
		m.hook.setMode(dialing)
	}
}

// The port is told only what changes.

func (m *Machine) setFeed(f slic.Feed) {
	if m.feed != f {
		m.feed = f
		m.port.SetFeed(f)
	}
}

func (m *Machine) play(t Tone) {
	if m.tone != t {
		m.tone = t
		m.port.Play(t)
	}
}

func (m *Machine) connect(id CallID) {
	if m.connected != id {
		m.connected = id
		m.port.Connect(id)
	}
}

func (m *Machine) hangup(c *call) {
	if c.id != 0 {
		m.port.Hangup(c.id)
		*c = call{}
	}
}

// State returns where the machine stands.
func (m *Machine) State() State { return m.state }

// Call returns the call that is dialed, rings or is talked on, 0 = none.
func (m *Machine) Call() CallID { return m.call.id }

// Held returns the call on hold, 0 = none.
func (m *Machine) Held() CallID { return m.held.id }

// Knocking returns the call that waits (call waiting), 0 = none.
func (m *Machine) Knocking() CallID { return m.knock.id }

// OffHook says whether the handset is lifted. Flashes and dial pulses do not
// count.
func (m *Machine) OffHook() bool { return m.hook.lifted }

// Tone returns the tone that plays.
func (m *Machine) Tone() Tone { return m.tone }

// Feed returns what is on the pair.
func (m *Machine) Feed() slic.Feed { return m.feed }
