package sim

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// An action is carried out inside Telephone.Step, on the telephone's own time:
// begin at the sample it starts, done at that sample and each that follows.
type action interface {
	begin(*Telephone, *program) error
	done(*Telephone) (bool, error)
}

// A preparer has something to do before the sequence starts.
type preparer interface{ prepare(*Telephone) error }

var (
	errOnHook = errors.New("the telephone is on hook")
	errInUse  = errors.New("another sequence is dialing")
)

type hookAction struct{ off bool }

func (a *hookAction) begin(t *Telephone, _ *program) error {
	t.lift(a.off)
	return nil
}

func (a *hookAction) done(t *Telephone) (bool, error) { return t.hook.settled(t.now), nil }

type flashAction struct{ length time.Duration }

func (a *flashAction) begin(t *Telephone, _ *program) error {
	if !t.offHook {
		return fmt.Errorf("flash: %w", errOnHook)
	}
	t.flash(a.length)
	return nil
}

func (a *flashAction) done(t *Telephone) (bool, error) {
	return t.flashEnd == 0 && t.hook.settled(t.now), nil
}

type dialAction struct {
	keys  string
	style keyStyle
}

func (a *dialAction) begin(t *Telephone, _ *program) error {
	if !t.offHook {
		return fmt.Errorf("dial: %w", errOnHook)
	}
	if t.pad.busy(t.now) {
		return fmt.Errorf("dial: %w", errInUse)
	}
	t.pad.press(a.keys, a.style, t.now)
	return nil
}

func (a *dialAction) done(t *Telephone) (bool, error) {
	return !t.pad.busy(t.now) || !t.offHook, nil
}

type pulseAction struct {
	digits   string
	pps, brk float64 // pulses per second, percent
}

func (a *pulseAction) begin(t *Telephone, _ *program) error {
	if !t.offHook {
		return fmt.Errorf("pulse: %w", errOnHook)
	}
	if t.dial.busy() {
		return fmt.Errorf("pulse: %w", errInUse)
	}
	t.dial.send(a.digits, a.pps, a.brk/100, t.now+samples(windUp))
	return nil
}

func (a *pulseAction) done(t *Telephone) (bool, error) { return !t.dial.busy(), nil }

type sayAction struct {
	path       string
	background bool
	speech     *speech
}

func (a *sayAction) prepare(*Telephone) error {
	f, err := os.Open(a.path)
	if err != nil {
		return fmt.Errorf("sim: say: %w", err)
	}
	defer f.Close()
	samples, err := ReadWAV(f)
	if err != nil {
		return fmt.Errorf("sim: say %s: %w", a.path, err)
	}
	a.speech = &speech{samples: samples}
	return nil
}

func (a *sayAction) begin(t *Telephone, p *program) error {
	if !t.offHook {
		return fmt.Errorf("say: %w", errOnHook)
	}
	t.speech = a.speech
	if a.background {
		p.speeches = append(p.speeches, a.speech)
	}
	return nil
}

func (a *sayAction) done(t *Telephone) (bool, error) {
	return a.background || t.silent(a.speech), nil
}

// silent says whether a speech has ended: spoken, cut off by another, or by the
// handset going down.
func (t *Telephone) silent(s *speech) bool {
	return s.over() || t.speech != s || !t.offHook
}

type recordAction struct {
	path   string
	length time.Duration
	tape   *Recording
}

func (a *recordAction) prepare(t *Telephone) error {
	a.tape = newRecording(t, a.length)
	return nil
}

func (a *recordAction) begin(t *Telephone, p *program) error {
	a.tape.start = t.now
	t.tapes = append(t.tapes, a.tape)
	p.tapes = append(p.tapes, a)
	return nil
}

func (a *recordAction) done(*Telephone) (bool, error) { return true, nil }

func (a *recordAction) finish() error {
	f, err := os.Create(a.path)
	if err != nil {
		return fmt.Errorf("sim: record: %w", err)
	}
	if err := WriteWAV(f, a.tape.samples); err != nil {
		f.Close()
		return fmt.Errorf("sim: record %s: %w", a.path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("sim: record %s: %w", a.path, err)
	}
	return nil
}

type waitAction struct {
	event    string
	timeout  time.Duration
	deadline int64
}

func (a *waitAction) begin(t *Telephone, _ *program) error {
	a.deadline = t.now + samples(a.timeout)
	if strings.HasPrefix(a.event, "tone:") && len(t.ear.patterns) == 0 {
		return fmt.Errorf("wait %s: the telephone knows no country's tones", a.event)
	}
	return nil
}

func (a *waitAction) done(t *Telephone) (bool, error) {
	if a.came(t) {
		return true, nil
	}
	if t.now < a.deadline {
		return false, nil
	}
	return false, fmt.Errorf("wait %s: not within %v; now %v", a.event, a.timeout, t.state())
}

func (a *waitAction) came(t *Telephone) bool {
	switch a.event {
	case "ringing":
		return t.bell.bursting && !t.offHook
	case "silent":
		return t.quiet()
	case "callerid":
		if t.display.used == t.display.count {
			return false
		}
		t.display.used = t.display.count
		return true
	case "mwi":
		return t.display.lamp
	case "talk":
		return t.offHook && t.ear.talk()
	case "cpc":
		if t.meter.used == t.meter.cpc {
			return false
		}
		t.meter.used++
		return true
	}
	return t.offHook && t.ear.hears(Tone(strings.TrimPrefix(a.event, "tone:")))
}

// quiet says whether the bell has stopped for longer than a pause, or the
// earpiece for half a second and not between the bursts of a tone.
func (t *Telephone) quiet() bool {
	if !t.offHook {
		return !t.bell.ringing
	}
	last := &t.ear.segs[t.ear.n-1]
	return t.ear.tone == NoTone && last.kind == silence && last.frames >= 50
}

type pauseAction struct {
	length time.Duration
	end    int64
}

func (a *pauseAction) begin(t *Telephone, _ *program) error {
	a.end = t.now + samples(a.length)
	return nil
}

func (a *pauseAction) done(t *Telephone) (bool, error) { return t.now >= a.end, nil }

type stateAction struct{ json bool }

func (a *stateAction) begin(t *Telephone, p *program) error {
	p.notes <- note{t.state(), a.json}
	return nil
}

func (a *stateAction) done(*Telephone) (bool, error) { return true, nil }

type setAction struct{ assignments []string }

func (a *setAction) begin(t *Telephone, _ *program) error {
	for _, s := range a.assignments {
		if err := t.set.Put(s); err != nil {
			return err
		}
	}
	t.apply()
	return nil
}

func (a *setAction) done(*Telephone) (bool, error) { return true, nil }

type faultAction struct{ kinds []string }

func (a *faultAction) begin(t *Telephone, _ *program) error {
	for _, s := range a.kinds {
		if err := t.faults.Put(s); err != nil {
			return err
		}
	}
	t.apply()
	return nil
}

func (a *faultAction) done(*Telephone) (bool, error) { return true, nil }
