package si321x

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

var _ slic.LineTester = (*Dev)(nil)

// testRequest asks Run for a line test.
type testRequest struct {
	ctx   context.Context
	reply chan tested
}

type tested struct {
	slic.TestReport
	err error
}

// TestLine implements slic.LineTester. What each test can see is told by the
// package comment.
func (d *Dev) TestLine(ctx context.Context) (slic.TestReport, error) {
	req := testRequest{ctx, make(chan tested, 1)}
	late := time.NewTimer(measureWait)
	defer late.Stop()
	select {
	case d.tests <- req:
	case <-late.C:
		return slic.TestReport{}, fmt.Errorf("si321x: test line: %w", slic.ErrTestBusy)
	}
	t := <-req.reply
	if t.err != nil {
		t.err = fmt.Errorf("si321x: test line: %w", t.err)
	}
	return t.TestReport, t.err
}

// testLine makes the tests and answers for them. Its error is that of a chip
// which failed meanwhile.
func (w *worker) testLine(ctx context.Context, req testRequest) error {
	if !w.cooling.IsZero() || !w.recovering.IsZero() || w.lf != lfForward && w.lf != lfReverse && w.lf != lfOnHook && w.lf != lfOnHookRev {
		req.reply <- tested{err: slic.ErrTestBusy}
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(req.ctx, func() { cancel(context.Cause(req.ctx)) })()
	before := w.orders.Wanted().Feeds
	w.abandon = func() bool { return w.orders.Wanted().Feeds != before }
	w.chip.write(drMask2, 0) // what a test does to the loop is no news, and nobody serves INT
	report, err := (&prober{worker: w, ctx: ctx}).test()
	w.abandon = nil
	w.endTest()
	fatal := w.stillThere()
	switch {
	case fatal != nil:
		err = fatal
	case errors.Is(err, errAbandoned):
		err = slic.ErrTestInterrupted
	}
	req.reply <- tested{report, err}
	return fatal
}

// stillThere says whether the chip has failed or was reset meanwhile.
func (w *worker) stillThere() error {
	switch {
	case w.wasReset():
		return errChipReset
	case w.chip.err == nil && !w.chip.alive():
		return errNoAnswer
	}
	return w.chip.fail()
}

// endTest gives the line its battery back; sync makes it what is wanted.
func (w *worker) endTest() {
	w.chip.write(drOnHook, w.chip.direct[drOnHook])
	w.command(lfForward)
	w.clearInterrupts()
	w.chip.write(drMask2, w.chip.direct[drMask2])
	w.drainEdges()
	w.deafTill = time.Now().Add(deafOnHook)
}

// Times of a line test.
const (
	drainTime   = 300 * time.Millisecond // five ringers (55 ms) give their charge back
	openTime    = 700 * time.Millisecond // a voltage behind 10 kohm charges a ringer's capacitor
	lookTime    = 200 * time.Millisecond // ten periods of 50 Hz
	feedTime    = 250 * time.Millisecond // five ringers are charged through 20 mA
	stepTime    = 30 * time.Millisecond  // the supply follows within 20 ms
	chargeTime  = 600 * time.Millisecond
	monitorTime = 1250 * time.Microsecond // the monitors are renewed at 800 Hz
	restTime    = 10 * time.Millisecond   // between looks whether the line is wanted
)

// prober makes a line test. The order spares the wires and the time: voltages
// from elsewhere first, for with them nothing else can be measured.
//
//	drain, open    -> potentials of the leads    -> hazardous potential, foreign EMF
//	forward        -> loop closed?
//	  yes: battery swept -> current over voltage -> telephone, short or ground
//	  no:  current, then reverse: charge, current -> resistive faults, ringers
type prober struct {
	*worker
	ctx context.Context
}

func (p *prober) test() (slic.TestReport, error) {
	r := slic.TestReport{At: time.Now()}
	leads, err := p.potentials()
	if err != nil {
		return r, err
	}
	hazard, foreign := judgePotentials(leads)
	r.Results = append(r.Results, hazard, foreign)
	if foreign.Verdict == slic.Failed || hazard.Verdict == slic.Failed {
		r.Results = append(r.Results, blocked("a voltage from elsewhere is on the line", slic.ResistiveFaults, slic.ReceiverOffHook, slic.RingerEquivalence)...)
		return r, nil
	}
	closed, err := p.feed()
	if err != nil {
		return r, err
	}
	var rest []slic.TestResult
	if closed {
		rest, err = p.closedLoop()
	} else {
		rest, err = p.openLoop()
	}
	r.Results = append(r.Results, rest...)
	return r, err
}

// blocked are the results of tests that something else stands in the way of.
func blocked(why string, tests ...slic.Test) []slic.TestResult {
	var all []slic.TestResult
	for _, t := range tests {
		all = append(all, slic.TestResult{Test: t, Verdict: slic.Unmeasured, Text: why})
	}
	return all
}

// settle waits, and gives up when the line is wanted.
func (p *prober) settle(d time.Duration) error {
	for end := time.Now().Add(d); ; {
		left := time.Until(end)
		if left <= 0 {
			return p.chip.err
		}
		if err := p.rest(p.ctx, min(left, restTime)); err != nil {
			return err
		}
	}
}

// potentials opens the pair, its ringers drained, and watches both leads.
func (p *prober) potentials() (leads [2]lead, err error) {
	p.chip.write(drOnHook, 0)
	p.command(lfForward)
	if err := p.settle(drainTime); err != nil {
		return leads, err
	}
	p.command(lfOpen)
	if err := p.settle(openTime); err != nil {
		return leads, err
	}
	for end := time.Now().Add(lookTime); time.Now().Before(end); {
		leads[0].add(p.chip.read(drTipVolts))
		leads[1].add(p.chip.read(drRingVolts))
		if err := p.rest(p.ctx, monitorTime); err != nil {
			return leads, err
		}
	}
	return leads, p.chip.err
}

// feed gives the line its usual battery and says whether the loop is closed,
// which a telephone that was just lifted does too.
func (p *prober) feed() (closed bool, err error) {
	p.chip.write(drOnHook, p.chip.direct[drOnHook])
	p.command(lfForward)
	if err := p.settle(feedTime); err != nil {
		return false, err
	}
	closed = p.chip.read(drStatus)&statusLoop != 0
	if closed && !p.off {
		return false, slic.ErrTestInterrupted
	}
	return closed, p.chip.err
}

// closedLoop sweeps the battery: how the current follows tells what closes the
// loop.
func (p *prober) closedLoop() ([]slic.TestResult, error) {
	p.chip.write(drOnHook, 1)
	if err := p.settle(drainTime); err != nil {
		return nil, err
	}
	var s sweep
	for steps := byte(1); steps <= sweepSteps; steps++ {
		p.chip.write(drOnHook, steps)
		if err := p.settle(stepTime); err != nil {
			return nil, err
		}
		if actual, ok := p.actual(); ok && actual == lfOpen {
			return overloaded("RING"), nil
		}
		s.add(p.voltage(), p.current())
	}
	return judgeLoop(s.find(p.limit())), p.chip.err
}

// openLoop measures what flows with either polarity, and what the ringers take
// when it is turned.
func (p *prober) openLoop() ([]slic.TestResult, error) {
	forward, err := p.steady()
	if err != nil {
		return nil, err
	}
	if actual, ok := p.actual(); ok && actual == lfOpen {
		return overloaded("RING"), nil
	}
	p.command(lfReverse)
	var c charge
	for begin := time.Now(); time.Since(begin) < chargeTime; {
		c.add(time.Since(begin), math.Abs(p.current()))
		if err := p.rest(p.ctx, monitorTime); err != nil {
			return nil, err
		}
	}
	if actual, ok := p.actual(); ok && actual == lfOpen {
		return overloaded("TIP"), nil
	}
	if p.chip.read(drStatus)&statusLoop != 0 {
		return nil, slic.ErrTestInterrupted
	}
	reverse, err := p.steady()
	if err != nil {
		return nil, err
	}
	fault := judgeLeakage(forward, reverse)
	off := slic.TestResult{Test: slic.ReceiverOffHook, Verdict: slic.Passed, Text: "the loop is open: every telephone is on hook"}
	return []slic.TestResult{fault, off, judgeRingers(c.ren(forward.volts+reverse.volts, reverse.amps), fault.Verdict)}, nil
}

// overloaded are the results of a line that the chip switched off.
func overloaded(lead string) []slic.TestResult {
	r := slic.TestResult{
		Test: slic.ResistiveFaults, Verdict: slic.Failed,
		Text: lead + " to ground: so much current flows that the feed was switched off",
	}
	return append([]slic.TestResult{r}, blocked("the feed is overloaded", slic.ReceiverOffHook, slic.RingerEquivalence)...)
}

// reading is a steady state of the line, magnitudes.
type reading struct{ volts, amps float64 }

const steadyReads = 8

// steady is the mean of some readings of the monitors.
func (p *prober) steady() (r reading, err error) {
	for range steadyReads {
		r.volts += math.Abs(p.voltage()) / steadyReads
		r.amps += math.Abs(p.current()) / steadyReads
		if err := p.rest(p.ctx, 2*monitorTime); err != nil {
			return r, err
		}
	}
	return r, p.chip.err
}

// voltage is TIP minus RING by the leads' monitors, whose steps are finer than
// the loop's.
func (p *prober) voltage() float64 {
	return (float64(p.chip.read(drRingVolts)) - float64(p.chip.read(drTipVolts))) * leadVolts
}

// current is the loop current; half of what goes to ground counts.
func (p *prober) current() float64 { return float64(signed(p.chip.read(drLoopAmps))) * loopAmpere }

// limit is the current limit of the feed in amperes.
func (p *prober) limit() float64 { return 0.020 + 0.003*float64(p.chip.direct[drLimit]&7) }

// The monitors' steps in volts and amperes.
const (
	leadVolts  = 0.376
	loopAmpere = 1.25e-3
)
