package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	boardfile "github.com/ata-agent/ata-agent/board"
	"github.com/ata-agent/ata-agent/factory"
	"github.com/ata-agent/ata-agent/panel"
	"github.com/ata-agent/ata-agent/sim"
)

// factoryVerdict is what the bench's computer keeps of a device.
type factoryVerdict struct {
	Board   string `json:"board"`
	Model   string `json:"model,omitempty"`
	Serial  string `json:"serial,omitempty"`
	MAC     string `json:"mac,omitempty"`
	Program string `json:"program"` // version
	factory.Verdict
}

func runFactory(ctx context.Context, env *environment, args []string) error {
	if len(args) == 0 || args[0] != "test" {
		return &usageError{"say test"}
	}
	f := newFlags(env, "factory test", "test a device on the bench: chip, loop, ringing, voice and keys of each line, lamps and button; no agent may run\nwhat the person at the bench is to do is written to the standard error; lamps are answered by y or n")
	boardName := f.String("board", "", "board, as of run; default the detected one. A virtual board tests itself")
	patience := f.Duration("patience", 30*time.Second, "how long the bench has for what it is asked")
	asJSON := f.Bool("json", false, "print the verdict as JSON")
	if err := f.parse(args[1:]); err != nil {
		return err
	}
	if f.NArg() > 0 || *patience <= 0 {
		return &usageError{"takes no arguments, and a positive patience"}
	}
	m, err := findMachine(*boardName, env.root)
	if err != nil {
		return err
	}
	hw, bench, give, err := m.bench(env)
	if err != nil {
		return err
	}
	v := factoryVerdict{Board: m.id(), Model: m.identity.Model, Serial: m.identity.Serial, MAC: m.identity.MAC.String(), Program: version}
	v.Verdict, err = factory.Run(ctx, hw, bench, factory.Opts{Patience: *patience})
	if err := errors.Join(err, give()); err != nil {
		return err
	}
	return reportFactory(env, v, *asJSON)
}

func reportFactory(env *environment, v factoryVerdict, asJSON bool) error {
	var err error
	if asJSON {
		err = printJSON(env.stdout, v)
	} else {
		err = printFactory(env.stdout, v)
	}
	if err == nil && !v.Passed {
		err = errors.New("the device has not passed")
	}
	return err
}

func printFactory(w io.Writer, v factoryVerdict) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, r := range v.Results {
		what := "box"
		if r.Line > 0 {
			what = fmt.Sprintf("line %d", r.Line)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", what, r.Step, r.Outcome, r.Text)
	}
	verdict := "NOT PASSED"
	if v.Passed {
		verdict = "passed"
	}
	fmt.Fprintf(t, "%s\t\t\tin %.0f s\n", verdict, v.Seconds)
	return t.Flush()
}

// bench puts the hardware of a machine on the bench. give gives it back.
func (m *machine) bench(env *environment) (hw factory.Hardware, b factory.Bench, give func() error, err error) {
	if m.description == nil {
		return virtualBench(m.virtual, true)
	}
	log := newLogger(env.stderr, slog.LevelWarn)
	devices := boardfile.System()
	board, err := boardfile.Open(m.description, devices, boardfile.Opts{Logger: log})
	if err != nil {
		return hw, nil, nil, err
	}
	front, err := boardfile.OpenPanel(m.description, devices)
	if err != nil {
		return hw, nil, nil, errors.Join(err, front.Close(), board.Close())
	}
	hw = factory.Hardware{PCM: board.PCM, Lines: board.Lines, Panel: &front.Panel}
	return hw, newPerson(env), func() error { return errors.Join(front.Close(), board.Close()) }, nil
}

// virtualBench is a board in this computer, whose telephones are the bench.
func virtualBench(hardware sim.Hardware, realtime bool) (factory.Hardware, factory.Bench, func() error, error) {
	b, err := sim.NewBoard(sim.BoardOpts{Hardware: hardware, Realtime: realtime})
	if err != nil {
		return factory.Hardware{}, nil, nil, err
	}
	p := panel.NewVirtual(len(b.Lines))
	hw := factory.Hardware{PCM: b.PCM, Lines: b.Lines, Panel: &p.Panel}
	return hw, &robot{b, p}, b.PCM.Close, nil
}

// robot works the telephones and the panel of a virtual board.
type robot struct {
	board *sim.Board
	panel *panel.Virtual
}

func (r *robot) do(ctx context.Context, line int, actions ...string) error {
	return r.board.Do(ctx, line, actions, io.Discard)
}

func (r *robot) Lift(ctx context.Context, line int) error   { return r.do(ctx, line, "offhook") }
func (r *robot) HangUp(ctx context.Context, line int) error { return r.do(ctx, line, "onhook") }

func (r *robot) PressKeys(ctx context.Context, line int, keys string) error {
	return r.do(ctx, line, "dial", keys)
}

func (r *robot) Couple(ctx context.Context, line int) error {
	return r.do(ctx, line, "set", "echo=m1", "erl=20")
}

func (r *robot) SeesLamp(_ context.Context, name string) (bool, error) {
	return r.panel.OnlyLit(name), nil
}

func (r *robot) PressButton(ctx context.Context) error {
	r.panel.Hold(ctx, 200*time.Millisecond)
	return nil
}

// person is whoever sits at the bench and reads the standard error.
type person struct {
	say     io.Writer
	answers *bufio.Scanner
}

func newPerson(env *environment) *person { return &person{env.stderr, bufio.NewScanner(env.stdin)} }

func (p *person) ask(format string, args ...any) error {
	_, err := fmt.Fprintf(p.say, format+"\n", args...)
	return err
}

func (p *person) Lift(_ context.Context, line int) error {
	return p.ask("line %d: lift the receiver; if the telephone rings, when you have heard the bell", line)
}

func (p *person) HangUp(_ context.Context, line int) error {
	return p.ask("line %d: put the receiver down", line)
}

func (p *person) PressKeys(_ context.Context, line int, keys string) error {
	return p.ask("line %d: press %s", line, strings.Join(strings.Split(keys, ""), " "))
}

func (p *person) Couple(_ context.Context, line int) error {
	return p.ask("line %d: hold the earpiece to the mouthpiece", line)
}

// SeesLamp waits for an answer. An end of the input is no answer.
func (p *person) SeesLamp(ctx context.Context, name string) (bool, error) {
	for ctx.Err() == nil {
		if err := p.ask("lamp %s: is it lit, and no other? y or n", name); err != nil {
			return false, err
		}
		if !p.answers.Scan() {
			return false, errors.Join(errors.New("nobody answers"), p.answers.Err())
		}
		switch strings.ToLower(strings.TrimSpace(p.answers.Text())) {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
	}
	return false, context.Cause(ctx)
}

func (p *person) PressButton(context.Context) error { return p.ask("press the button shortly") }
