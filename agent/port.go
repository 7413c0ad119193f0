package agent

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/slic"
)

// inboxSize holds what can happen to a line while its goroutine is busy for a
// moment; nothing that posts may block.
const inboxSize = 256

// message is one thing that happened to a line.
type message struct {
	at     time.Time
	event  line.Event   // for the machine
	chip   *slic.Event  // from the port's driver
	sip    sip.Event    // from the user agent
	agent  *userAgent   // which user agent sip is from
	key    keyPress     // from the voice path
	data   dataChange   // from the voice path
	far    farTone      // from the voice path
	config *config.Line // a new document's line

	incident chan<- string // takes what was recorded; it has room
	forget   bool          // what was recorded
}

type keyPress struct {
	key  byte
	down bool
}

// port is one line with everything that belongs to it. Its fields belong to the
// goroutine of run; the exceptions say so.
type port struct {
	n     int // from 0
	agent *Agent
	log   *slog.Logger
	inbox chan message  // any goroutine posts
	lost  atomic.Uint64 // messages that found the inbox full
	chip  slic.Line     // SetFeed and Configure are safe from here
	voice *media.Voice  // Play and Connect are safe from here

	lostTold  uint64 // of lost, how many the log knows of
	config    config.Line
	pending   *config.Line // waits for the line to be idle
	nation    *nation
	tuned     slic.Electrical // what the port was told last
	sound     sound           // and the voice
	machine   *line.Machine
	flight    *flight
	caught    catchUp
	agents    *userAgents
	calls     map[line.CallID]*call
	lastID    line.CallID
	connected line.CallID // whom the telephone hears, 0 nobody
	at        time.Time   // of the message being handled

	keys     keypad
	messages bool        // wait in the mailbox
	shown    slic.Screen // of a telephone with a panel

	feed    slic.Feed
	tone    line.Tone
	offHook bool
	chipUp  bool
	chipErr error
	reg     sip.Registration

	registeredAt time.Time // the registrar's last consent
	emergencyAt  time.Time // end of the last emergency call
	alarms       uint64    // power alarms and resets of the port

	tested atomic.Pointer[slic.TestReport] // any goroutine reads and writes
	status atomic.Pointer[snapshot]        // any goroutine reads
}

func newPort(a *Agent, n int, chip slic.Line, cfg config.Line) (*port, error) {
	p := &port{
		n: n, agent: a, chip: chip, config: cfg,
		log:   a.log.With("line", n+1),
		inbox: make(chan message, inboxSize),
		calls: map[line.CallID]*call{}, caught: newCatchUp(chip),
	}
	p.voice = media.NewVoice(media.VoiceOpts{
		Keys: p.keyPressed, Released: p.keyReleased, NoKeys: chip.Caps().Keys,
		Data: p.dataChanged, FarTone: p.farToneHeard,
	})
	p.agents = &userAgents{port: p}
	nat, err := newNation(&cfg, chip.Caps())
	if err != nil {
		return nil, err
	}
	p.nation = nat
	p.setVoice(p.soundOf(&cfg))
	p.flight = newFlight(p)
	p.machine = line.New(p.flight, nat.country, nat.plan, lineSettings(&cfg))
	p.tuned = nat.electrical(&cfg)
	if err := chip.Configure(p.tuned); err != nil {
		return nil, fmt.Errorf("configure %v: %w", chip, err)
	}
	p.publish()
	return p, nil
}

// post puts a message into the inbox. It never blocks, nor logs: the audio
// goroutine posts too. A full inbox means that the line's goroutine is stuck,
// and loses the message; settle reports it. What has no time happened now, in the
// time of the lines: it must not come before an edge that they have yet to tell.
func (p *port) post(m message) {
	if m.at.IsZero() {
		m.at = p.agent.lineTime()
	}
	select {
	case p.inbox <- m:
	default:
		p.lost.Add(1)
	}
}

// keyPressed is called by the audio goroutine.
func (p *port) keyPressed(key byte, down bool) {
	p.post(message{key: keyPress{key, down}})
}

// sound is what the configuration says of the voice path.
type sound struct {
	processing media.Processing
	data       media.DataMode
	network    string // country of the network whose busy tone ends calls, empty = none
}

func (p *port) soundOf(cfg *config.Line) sound {
	s := sound{processing: processing(cfg, p.chip.Caps()), data: dataMode(&cfg.Fax)}
	if cfg.Tones.BusyHangup {
		s.network = cfg.SLIC.Country
	}
	return s
}

func (p *port) setVoice(s sound) {
	p.sound = s
	p.voice.Process(s.processing)
	p.voice.CarryData(s.data)
	p.voice.Watch(nil)
	if s.network != "" {
		p.voice.Watch(p.nation.networkTones())
	}
}

// shortestReady is the shortest key by which a telephone answers an alert tone:
// GR-30-CORE has it press D, or A if it can show more, for 55 to 65 ms.
const shortestReady = 40 * time.Millisecond

// keyReleased is called by the audio goroutine.
func (p *port) keyReleased(key byte, held time.Duration) {
	if (key == 'D' || key == 'A') && held >= shortestReady {
		p.post(message{event: line.Ready{}})
	}
}

// runDriver serves the chip until ctx ends.
func (p *port) runDriver(ctx context.Context) error {
	err := p.chip.Run(ctx, func(e slic.Event) { p.post(message{at: e.At, chip: &e}) })
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("agent: line %d: %w", p.n+1, err)
	}
	return nil
}

// run is the goroutine of the line: one inbox, one timer.
func (p *port) run(ctx context.Context) {
	p.at = time.Now()
	p.agents.start(&p.config)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.settle(timer)
		select {
		case <-ctx.Done():
			p.shutDown()
			return
		case m := <-p.inbox:
			p.handle(m)
		case <-timer.C:
			p.timeUp()
		}
	}
}

// timeUp serves a deadline. What came into the inbox before comes first: a
// break of the loop that ended in time must not count as a hang-up because the
// program was late, nor because the lines are: the time is theirs.
func (p *port) timeUp() {
	now := p.agent.lineTime()
	for n := len(p.inbox); n > 0; n-- {
		p.handle(<-p.inbox)
	}
	p.at = now
	p.watchEarlyMedia(now)
	p.observeDue(now)
	if due, ok := p.machine.Deadline(); ok && !due.After(now) && p.certain(due, now) {
		p.tell(now, line.Timer{})
	}
}

// settle does what waits for a quiet line, publishes the state and sets the
// timer to the next deadline.
func (p *port) settle(timer *time.Timer) {
	if lost := p.lost.Load(); lost != p.lostTold {
		p.log.Error("inbox was full, events are lost", "since_start", lost)
		p.lostTold = lost
	}
	if p.idle() {
		if p.pending != nil {
			p.reconfigure()
		}
		p.tune()
	}
	p.publish()
	p.show()
	next := time.Now().Add(time.Hour)
	if due, ok := p.machine.Deadline(); ok && due.Before(next) {
		next = due
		if p.caught.waiting() {
			next = p.caught.until
		}
	}
	if due, ok := p.earlyMediaCheck(); ok && due.Before(next) {
		next = due
	}
	if due, ok := p.nextLook(); ok && due.Before(next) {
		next = due
	}
	timer.Reset(time.Until(next) + p.agent.behind())
}

// idle says whether nothing would notice a new configuration: neither this
// line nor an emergency call of another that uses its account.
func (p *port) idle() bool {
	return len(p.calls) == 0 && !p.offHook && (p.agents.current == nil || !p.agents.current.lent())
}

func (p *port) handle(m message) {
	p.at = m.at
	switch {
	case m.event != nil:
		p.tell(m.at, m.event)
	case m.chip != nil:
		p.chipEvent(*m.chip)
	case m.sip != nil:
		p.sipEvent(m.agent, m.sip)
	case m.key.key != 0:
		if m.key.down {
			p.tell(m.at, line.Digit{Key: m.key.key})
		}
	case m.data.session != nil:
		p.carryData(m.data)
	case m.far.session != nil:
		p.farTone(m.far)
	case m.incident != nil:
		m.incident <- p.incident()
	case m.forget:
		p.flight.Restart()
	case m.config != nil:
		p.newConfig(m.config)
	}
}

// tell hands an event to the machine, which acts on the port at once. Edges
// carry the time at which the hardware saw them, which may lie a little before
// what other goroutines reported.
//
// Keys pressed in a call mean nothing to the machine and may be a secret of the
// subscriber, such as the number of a bank card: nobody records them.
func (p *port) tell(at time.Time, e line.Event) {
	if _, key := e.(line.Digit); !key || p.machine.State() != line.Talking {
		p.agent.hub.event(p.n, at, e)
	}
	p.flight.event(at, e, p.machine.State())
	p.machine.Handle(at, e)
}

func (p *port) chipEvent(e slic.Event) {
	switch e.Kind {
	case slic.OffHook, slic.OnHook:
		p.offHook = e.Kind == slic.OffHook
		p.tell(e.At, line.Hook{Off: p.offHook})
	case slic.CaughtUp:
		p.caught.answered()
	case slic.Key:
		p.keypadKey(e.At, e.Key)
	case slic.Ready:
		p.log.Info("port ready", "port", p.chip.String())
		p.chipUp, p.chipErr = true, nil
		p.tell(e.At, line.PortState{Up: true})
	case slic.Lost:
		p.log.Error("port out of service", "port", p.chip.String(), "err", e.Err)
		p.chipUp, p.chipErr = false, e.Err
		p.alarms++
		p.tell(e.At, line.PortState{})
	case slic.PowerAlarm, slic.ChipReset:
		p.log.Warn("port recovering", "port", p.chip.String(), "event", e.Kind.String(), "err", e.Err)
		p.chipErr = e.Err
		p.alarms++
	case slic.Note:
		p.log.Info("port", "port", p.chip.String(), "note", e.Err)
	}
}

// newConfig takes over what changes nothing but the next use, and keeps for a
// quiet moment what needs a new registration.
func (p *port) newConfig(cfg *config.Line) {
	p.pending = nil
	changes := config.DiffLine(&p.config, cfg)
	switch {
	case len(changes) == 0:
	case changes.Class() == config.Live:
		if p.adopt(cfg) {
			p.log.Info("new configuration applied, the registration stays")
		}
	default:
		p.pending = cfg
	}
}

// reconfigure takes over the pending document. What it holds was validated
// whole, so it cannot fail half-way.
func (p *port) reconfigure() {
	cfg := p.pending
	p.pending = nil
	if p.adopt(cfg) {
		p.agents.restart(cfg)
		p.log.Info("new configuration applied")
	}
}

// adopt makes cfg the configuration of the line. The machine takes it when it is
// next idle, the port when the line is quiet (tune).
func (p *port) adopt(cfg *config.Line) bool {
	nat, err := newNation(cfg, p.chip.Caps())
	if err != nil {
		p.log.Error("new configuration not applied", "err", err)
		return false
	}
	p.config, p.nation = *cfg, nat
	p.flight.Restart()
	p.machine.Configure(nat.country, nat.plan, lineSettings(cfg))
	return true
}

// tune sets the port and the voice to the configuration, if it changed. It is
// done while nobody would hear it.
func (p *port) tune() {
	e := p.nation.electrical(&p.config)
	if sound := p.soundOf(&p.config); sound != p.sound {
		p.setVoice(sound)
	}
	if p.tuned == e {
		return
	}
	p.tuned = e
	if err := p.chip.Configure(e); err != nil {
		p.log.Error("new configuration of the port not applied", "err", err)
	}
}

// shutDown ends the calls, takes the registration back and waits for what the
// line started.
func (p *port) shutDown() {
	p.agents.stop()
	for _, c := range p.calls {
		p.drop(c)
	}
	p.voice.Play(nil)
	p.chip.SetFeed(slic.Forward)
	p.publish()
}
