// Package factory is the test that a device passes before it leaves the bench:
// for each line its chip, its loop, its ringing, its voice both ways and the keys
// of a telephone; then the lamps and the button of the box. It needs the hardware
// for itself, and somebody or something at the other end of the wires: a [Bench].
package factory

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/panel"
	"github.com/ata-agent/ata-agent/slic"
)

// Hardware is the device under test.
type Hardware struct {
	PCM   hal.PCM // channel i belongs to line i
	Lines []slic.Line
	Panel *panel.Panel // nil: none; it must not be running
}

// Bench is who is at the other end: a person with a telephone, or a machine. What
// it is asked to do may be done when the method returns or soon after; what comes
// of it is found by the test. Lines are counted from 1.
type Bench interface {
	Lift(ctx context.Context, line int) error
	HangUp(ctx context.Context, line int) error
	PressKeys(ctx context.Context, line int, keys string) error
	// Couple holds the earpiece of a telephone that is part of the device to its
	// mouthpiece, because it has no hybrid that would give back what it hears.
	Couple(ctx context.Context, line int) error
	// SeesLamp says whether the lamp of that name, and no other, is lit.
	SeesLamp(ctx context.Context, name string) (bool, error)
	PressButton(ctx context.Context) error
}

// Opts are settings of a test. The zero value of a field means the default given
// in brackets.
type Opts struct {
	Patience time.Duration // for the bench to do what it was asked [30 s]
}

// Outcome is how a step ended.
type Outcome string

// Outcomes.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	Skip Outcome = "skip" // a step before failed, or there is nothing to test
)

// Result is how one step ended.
type Result struct {
	Line    int                `json:"line,omitempty"` // from 1; 0: the box
	Step    string             `json:"step"`           // chip, loop, ring, audio, keys, lamps, button
	Outcome Outcome            `json:"outcome"`
	Text    string             `json:"text"`
	Figures map[string]float64 `json:"figures,omitempty"` // names end in the unit
	Seconds float64            `json:"seconds"`
}

// Verdict is how a test ended.
type Verdict struct {
	Passed  bool      `json:"passed"`
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	Results []Result  `json:"results"`
}

// Run makes the test. It returns when it is over and everything it started has
// ended; the pairs are open then and the lamps dark. The error is that of ctx or
// of a bench that gave up; a device that fails is no error.
func Run(ctx context.Context, hw Hardware, bench Bench, opts Opts) (Verdict, error) {
	if hw.PCM == nil || len(hw.Lines) == 0 || hw.PCM.Channels() < len(hw.Lines) {
		return Verdict{}, errors.New("factory: run: want lines and a highway with a channel for each")
	}
	if opts.Patience == 0 {
		opts.Patience = 30 * time.Second
	}
	v := Verdict{At: time.Now()}
	var err error
	v.Results, err = test(ctx, hw, bench, opts)
	v.Seconds = time.Since(v.At).Seconds()
	v.Passed = err == nil
	for _, r := range v.Results {
		v.Passed = v.Passed && r.Outcome != Fail
	}
	return v, err
}

// test runs the hardware and goes through the steps. The highway outlives the
// lines, which need its clock to the last.
func test(ctx context.Context, hw Hardware, bench Bench, opts Opts) ([]Result, error) {
	clock, stopClock := context.WithCancel(context.WithoutCancel(ctx))
	chips, stopChips := context.WithCancel(context.WithoutCancel(ctx))
	var audio, drivers sync.WaitGroup
	h := newHighway(hw.PCM, len(hw.Lines))
	audio.Go(func() { h.run(clock) })
	var lines []*line
	for i, l := range hw.Lines {
		under := &line{Line: l, number: i + 1, ear: h.ears[i], bench: bench, patience: opts.Patience, events: make(chan slic.Event, 256)}
		lines = append(lines, under)
		drivers.Go(func() { _ = l.Run(chips, under.notify) }) // it ends with chips
	}
	defer func() {
		stopChips()
		drivers.Wait()
		stopClock()
		audio.Wait()
	}()
	var all []Result
	for _, l := range lines {
		results, err := l.test(ctx)
		if all = append(all, results...); err != nil {
			return all, err
		}
	}
	box := &box{panel: hw.Panel, bench: bench, patience: opts.Patience}
	results, err := box.test(ctx)
	return append(all, results...), err
}

// step is one step: what it found, or why it failed. A faulty device is told by
// a failure, any other error ends the test.
type step struct {
	name string
	do   func(ctx context.Context, r *Result) error
}

// failure is what is wrong with the device.
type failure struct{ text string }

func (f *failure) Error() string { return f.text }

// walk goes through steps; after a failure those that remain are skipped if they
// need what failed.
func walk(ctx context.Context, line int, steps []step, independent bool) ([]Result, error) {
	var all []Result
	failed := ""
	for _, s := range steps {
		r := Result{Line: line, Step: s.name, Outcome: Pass, Figures: map[string]float64{}}
		if failed != "" && !independent {
			r.Outcome, r.Text = Skip, "not tested: "+failed+" failed"
			all = append(all, r)
			continue
		}
		begin := time.Now()
		err := s.do(ctx, &r)
		r.Seconds = time.Since(begin).Seconds()
		var bad *failure
		if errors.As(err, &bad) {
			r.Outcome, r.Text, failed = Fail, bad.text, s.name
		} else if err != nil {
			return all, err
		}
		all = append(all, r)
	}
	return all, nil
}
