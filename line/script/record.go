package script

import (
	"slices"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/line"
)

// Recorder stands between a line.Machine and its port and writes down what
// passes. The owner of the machine tells it each event before the machine:
//
//	recorder.Event(at, e, machine.State() == line.Idle)
//	machine.Handle(at, e)
//
// It is not safe for use by several goroutines.
type Recorder struct {
	Tap
	start time.Time
	most  int
	steps []Step
	fresh []bool // per step: it began with the line idle
	last  [3]line.Event
	notes []string // since the last step
	lost  bool     // what passed was not written down from its beginning: wait for an idle line
}

// held is the comment before a step that says what held before the recording began.
// What it caused was then, so it is not written down.
const held = "# held before the recording\n"

// mostNotes bounds the comments before a step.
const mostNotes = 120

// Note writes a line of comment before the next step, such as how the voice fares. Of
// many the last ones are kept.
func (r *Recorder) Note(text string) {
	if len(r.notes) == mostNotes {
		r.notes = append(r.notes[:0], r.notes[1:]...)
	}
	r.notes = append(r.notes, "# "+strings.ReplaceAll(text, "\n", " ")+"\n")
}

// Restart forgets the steps, because the machine is another from here on or has
// other settings. The recording goes on when the line is next idle.
func (r *Recorder) Restart() {
	for _, s := range r.steps {
		r.keep(s.Events[0].Event)
	}
	clear(r.steps)
	r.steps, r.fresh, r.notes, r.lost = r.steps[:0], r.fresh[:0], nil, true
}

// NewRecorder returns a recorder in front of a port. It keeps at least the last
// steps events, and more until a moment when the line was idle, because a
// script that begins there replays; but never more than four times as many.
func NewRecorder(port line.Port, start time.Time, steps int) *Recorder {
	r := &Recorder{start: start, most: max(steps, 1)}
	r.Tap = Tap{Port: port, Did: r.add}
	return r
}

// Event begins a step.
func (r *Recorder) Event(at time.Time, e line.Event, idle bool) {
	if r.lost = r.lost && !idle; r.lost {
		r.keep(e)
		return
	}
	r.forget()
	s := EventStep(at.Sub(r.start), e)
	s.Comment = strings.Join(r.notes, "")
	r.notes = r.notes[:0]
	r.steps = append(r.steps, s)
	r.fresh = append(r.fresh, idle)
}

// forget drops the oldest steps. What they said of the network, the port and
// the mailbox still holds and is kept apart.
func (r *Recorder) forget() {
	if len(r.steps) < 2*r.most {
		return
	}
	cut := len(r.steps) - r.most
	for cut > 0 && !r.fresh[cut] {
		cut--
	}
	if cut == 0 && len(r.steps) >= 4*r.most {
		cut = len(r.steps) - r.most
	}
	for _, s := range r.steps[:cut] {
		r.keep(s.Events[0].Event)
	}
	r.steps = slices.Delete(r.steps, 0, cut)
	r.fresh = slices.Delete(r.fresh, 0, cut)
}

func (r *Recorder) keep(e line.Event) {
	switch e.(type) {
	case line.PortState:
		r.last[0] = e
	case line.Service:
		r.last[1] = e
	case line.Messages:
		r.last[2] = e
	}
}

// Script returns what was written down. The script is a copy.
func (r *Recorder) Script() *Script {
	s := &Script{}
	for _, e := range r.last {
		if e != nil && len(r.steps) > 0 {
			step := EventStep(r.steps[0].At, e)
			step.Comment = held
			s.Steps = append(s.Steps, step)
		}
	}
	for _, step := range r.steps {
		step.Effects = slices.Clone(step.Effects)
		s.Steps = append(s.Steps, step)
	}
	s.Trailer = strings.Join(r.notes, "")
	return s
}

func (r *Recorder) add(c Call) {
	if len(r.steps) > 0 {
		s := &r.steps[len(r.steps)-1]
		s.Effects = append(s.Effects, Effect{Call: c})
	}
}
