package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// A program is a sequence of actions that a telephone carries out. It runs
// inside Step, so what it does is exact to the sample whatever the goroutine
// that waits for it is doing.
type program struct {
	actions  []action
	at       int
	begun    bool
	speeches []*speech       // in the background
	tapes    []*recordAction // running or run
	notes    chan note
	ended    chan error
}

// note is a state to print.
type note struct {
	state State
	json  bool
}

// standstill is how long the world may stand still before Do gives up.
const standstill = 5 * time.Second

// Do carries out a sequence of actions (see Verbs) and returns when the last
// has ended, background speech and limited recordings included. What the
// actions print goes to out, which may be nil. Sequences of several callers run side by side.
//
// Time is the telephone's own: it passes only while the telephone is stepped,
// and Do gives up when it stands still.
func (t *Telephone) Do(ctx context.Context, actions []string, out io.Writer) error {
	list, err := parseActions(actions)
	if err != nil {
		return err
	}
	if err := t.fits(list); err != nil {
		return err
	}
	if out == nil {
		out = io.Discard
	}
	for _, a := range list {
		if p, ok := a.(preparer); ok {
			if err := p.prepare(t); err != nil {
				return err
			}
		}
	}
	p := &program{actions: list, notes: make(chan note, len(list)), ended: make(chan error, 1)}
	t.submit(p)
	err = t.follow(ctx, p, out)
	t.withdraw(p)
	for _, a := range p.tapes {
		err = errors.Join(err, a.finish())
	}
	return err
}

func (t *Telephone) submit(p *program) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.programs = append(t.programs, p)
}

// withdraw takes a program from the telephone and ends its recordings.
func (t *Telephone) withdraw(p *program) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove(p)
	for _, a := range p.tapes {
		a.tape.stop()
	}
}

func (t *Telephone) remove(p *program) {
	t.programs = slices.DeleteFunc(t.programs, func(o *program) bool { return o == p })
}

// follow prints the notes of a program until it has ended.
func (t *Telephone) follow(ctx context.Context, p *program, out io.Writer) error {
	watch := time.NewTicker(standstill)
	defer watch.Stop()
	seen := int64(-1)
	for {
		select {
		case n := <-p.notes:
			if err := n.print(out); err != nil {
				return err
			}
		case err := <-p.ended:
			for len(p.notes) > 0 {
				n := <-p.notes
				err = errors.Join(err, n.print(out))
			}
			return err
		case <-ctx.Done():
			return fmt.Errorf("sim: %w", ctx.Err())
		case <-watch.C:
			now := t.clock()
			if now == seen {
				return fmt.Errorf("sim: the world has stood still for %v: nothing runs the PCM highway", standstill)
			}
			seen = now
		}
	}
}

func (t *Telephone) clock() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

func (n note) print(out io.Writer) error {
	text := []byte(n.state.String())
	if n.json {
		var err error
		if text, err = json.Marshal(n.state); err != nil {
			return fmt.Errorf("sim: state: %w", err)
		}
	}
	if _, err := out.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("sim: state: %w", err)
	}
	return nil
}

// act advances all programs at the present sample.
func (t *Telephone) act() {
	for i := len(t.programs) - 1; i >= 0; i-- {
		p := t.programs[i]
		if over, err := p.run(t); over {
			t.remove(p)
			if err != nil {
				err = fmt.Errorf("sim: %w", err)
			}
			p.ended <- err
		}
	}
}

// run carries out what can be done at this sample.
func (p *program) run(t *Telephone) (over bool, err error) {
	for p.at < len(p.actions) {
		a := p.actions[p.at]
		if !p.begun {
			if err := a.begin(t, p); err != nil {
				return true, err
			}
			p.begun = true
		}
		done, err := a.done(t)
		if err != nil {
			return true, err
		}
		if !done {
			return false, nil
		}
		p.at++
		p.begun = false
	}
	return p.quiet(t), nil
}

// quiet says whether everything in the background has ended.
func (p *program) quiet(t *Telephone) bool {
	for _, s := range p.speeches {
		if !t.silent(s) {
			return false
		}
	}
	for _, a := range p.tapes {
		if a.length > 0 && !a.tape.stopped {
			return false
		}
	}
	return true
}
