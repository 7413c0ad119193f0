package script

import (
	"time"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/slic"
)

// Machine is what a script runs on; line.Machine is one.
type Machine interface {
	Handle(at time.Time, e line.Event)
	Deadline() (time.Time, bool)
}

// Start is when scripts begin.
var Start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// firstDialed is the name of the first call a script's port dials, unless the
// script says what Dial returned.
const firstDialed line.CallID = 101

// signalLength is how long a signal of a script's port sounds, unless the
// script says how long it did.
const signalLength = 100 * time.Millisecond

// Run plays the events of a script on a machine that build makes, and returns
// the script as it should have been: with the effects there were, and a timer
// step wherever a deadline of the machine came and had an effect. The timer
// steps of s are not played unless they are late.
func Run(s *Script, build func(line.Port) Machine) *Script {
	r := newRunner(s, build)
	for _, step := range s.Steps {
		if isTimer(step) && !step.Late {
			continue
		}
		r.step(step)
	}
	return r.out
}

// Replay plays a recorded script as it is, timers at the times they really
// came, and returns it with the effects there were, but for those of what held before
// a Recorder began.
func Replay(s *Script, build func(line.Port) Machine) *Script {
	r := newRunner(s, build)
	for _, step := range s.Steps {
		r.begin(step)
		for _, e := range step.Events {
			r.machine.Handle(r.at(e), e.Event)
		}
		if step.Comment == held {
			r.out.Steps[len(r.out.Steps)-1].Effects = nil
		}
	}
	return r.out
}

func isTimer(s Step) bool {
	return len(s.Events) == 1 && s.Events[0].Event == line.Event(line.Timer{})
}

// runner is also the port of its machine.
type runner struct {
	machine Machine
	dialed  []line.CallID   // what Dial returns
	lengths []time.Duration // what SendCallerID returns
	next    line.CallID
	out     *Script
	now     time.Duration // of the event that the machine handles
}

func newRunner(s *Script, build func(line.Port) Machine) *runner {
	r := &runner{next: firstDialed, out: &Script{Settings: s.Settings, Trailer: s.Trailer}}
	for _, step := range s.Steps {
		for _, e := range step.Effects {
			switch e.Call.Op {
			case Dial:
				r.dialed = append(r.dialed, e.Call.Call)
			case SendCallerID:
				r.lengths = append(r.lengths, e.Call.Length)
			}
		}
	}
	r.machine = build(r)
	return r
}

// begin appends a step without effects.
func (r *runner) begin(s Step) *Step {
	s.Effects = nil
	r.out.Steps = append(r.out.Steps, s)
	r.now = s.At
	return &r.out.Steps[len(r.out.Steps)-1]
}

// at returns the time of an event of the present step, and notes it for effects.
func (r *runner) at(e Timed) time.Time {
	r.now = r.out.Steps[len(r.out.Steps)-1].At + e.After
	return Start.Add(r.now)
}

func (r *runner) step(s Step) {
	if !s.Late {
		r.timers(s.At)
	}
	r.begin(s)
	for _, e := range s.Events {
		if !s.Late && e.After > 0 {
			r.inner(s.At + e.After)
		}
		r.machine.Handle(r.at(e), e.Event)
	}
}

// timers serves the deadlines before a step, each as a step of its own.
func (r *runner) timers(until time.Duration) {
	for d, ok := r.due(until); ok; d, ok = r.due(until) {
		s := r.begin(EventStep(d, line.Timer{}))
		r.machine.Handle(Start.Add(d), line.Timer{})
		if len(s.Effects) == 0 {
			r.out.Steps = r.out.Steps[:len(r.out.Steps)-1]
		}
	}
}

// inner serves the deadlines between the events of one action.
func (r *runner) inner(until time.Duration) {
	for d, ok := r.due(until); ok; d, ok = r.due(until) {
		r.now = d
		r.machine.Handle(Start.Add(d), line.Timer{})
	}
}

func (r *runner) due(until time.Duration) (time.Duration, bool) {
	at, ok := r.machine.Deadline()
	d := at.Sub(Start)
	return d, ok && d <= until
}

func (r *runner) add(c Call) {
	s := &r.out.Steps[len(r.out.Steps)-1]
	s.Effects = append(s.Effects, Effect{After: r.now - s.At, Call: c})
}

// Dial implements line.Port.
func (r *runner) Dial(number string, emergency bool) line.CallID {
	id := r.next
	if len(r.dialed) > 0 {
		id, r.dialed = r.dialed[0], r.dialed[1:]
	}
	r.next = max(r.next, id+1)
	r.add(Call{Op: Dial, Call: id, Number: number, Emergency: emergency})
	return id
}

// SendCallerID implements line.Port.
func (r *runner) SendCallerID(id line.CallID, s line.Signal) time.Duration {
	length := signalLength
	if s == line.NoSignal {
		length = 0
	}
	if len(r.lengths) > 0 {
		length, r.lengths = r.lengths[0], r.lengths[1:]
	}
	r.add(Call{Op: SendCallerID, Call: id, Signal: s, Length: length})
	return length
}

func (r *runner) SetFeed(f slic.Feed)      { r.add(Call{Op: SetFeed, Feed: f}) }
func (r *runner) Play(t line.Tone)         { r.add(Call{Op: Play, Tone: t}) }
func (r *runner) Alert(id line.CallID)     { r.add(Call{Op: Alert, Call: id}) }
func (r *runner) Answer(id line.CallID)    { r.add(Call{Op: Answer, Call: id}) }
func (r *runner) Hangup(id line.CallID)    { r.add(Call{Op: Hangup, Call: id}) }
func (r *runner) Connect(id line.CallID)   { r.add(Call{Op: Connect, Call: id}) }
func (r *runner) SendFlash(id line.CallID) { r.add(Call{Op: SendFlash, Call: id}) }

func (r *runner) Reject(id line.CallID, why line.Refusal) {
	r.add(Call{Op: Reject, Call: id, Refusal: why})
}

func (r *runner) Hold(id line.CallID, on bool) { r.add(Call{Op: Hold, Call: id, Hold: on}) }
