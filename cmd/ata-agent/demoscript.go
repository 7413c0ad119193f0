package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/dsp/compare"
	"github.com/ata-agent/ata-agent/sim"
)

// What a call must be like for the script to call it good.
const (
	maxDelay       = 80 * time.Millisecond // mouth to ear, both agents; 40 ms each
	maxLevelError  = 0.5                   // dB
	minCorrelation = 0.98
	scriptTime     = 5 * time.Minute
)

// playScript makes a call in each direction with speech both ways at once, and
// a call that fails, and prints what was measured. Anything that is off is an
// error.
func (d *demo) playScript(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, scriptTime)
	defer cancel()
	began := time.Now()
	if err := ready(ctx, d.home); err != nil {
		return err
	}
	fmt.Fprintf(out, "both lines registered and ready after %v\n", time.Since(began).Round(time.Millisecond))
	s := &scriptedCalls{demo: d, out: out}
	s.measured(ctx, 1, 2, "dial", demoTwo)
	s.measured(ctx, 2, 1, s.second(), demoOne)
	s.failure(ctx)
	if s.err == nil {
		s.err = s.report(ctx)
	}
	if s.err == nil {
		fmt.Fprintln(out, "everything worked")
	}
	return s.err
}

// scriptedCalls plays calls until one is off.
type scriptedCalls struct {
	*demo
	out io.Writer
	err error
}

func (s *scriptedCalls) do(ctx context.Context, n int, actions ...string) {
	if s.err != nil {
		return
	}
	if err := s.phone(n).Do(ctx, actions, s.out); err != nil {
		s.err = fmt.Errorf("telephone %d: %w", n, err)
	}
}

// measured makes a call until one is as it must be. A call is made again only if
// the operating system held the telephones up meanwhile: a bad call that nothing
// disturbed is the agent's fault.
func (s *scriptedCalls) measured(ctx context.Context, from, to int, how, number string) {
	var last error
	for s.err == nil {
		before := s.stalls()
		off := s.call(ctx, from, to, how, number)
		held := s.stalls() - before
		switch {
		case s.err != nil:
			if last != nil && ctx.Err() != nil {
				s.err = fmt.Errorf("this computer is too busy to measure speech: %w", last)
			}
		case off == nil:
			return
		case held == 0:
			s.err = off
		default:
			fmt.Fprintf(s.out, "  %v; but this computer held the telephones up %d times: the call is made again\n", off, held)
			last = off
		}
	}
}

// stalls is how often the operating system held the telephones up so far, for 10 ms
// or more.
func (s *scriptedCalls) stalls() int64 { return s.home.board.virtual.World.Stats().Stalled }

// call has telephone from call telephone to, both talk at once, and the caller
// hang up. It returns what is off with the speech.
func (s *scriptedCalls) call(ctx context.Context, from, to int, how, number string) error {
	fmt.Fprintf(s.out, "\ntelephone %d lifts, hears dial tone and calls %s (%s)\n", from, number, howNames[how])
	// The wires and the telephones' own sidetone are not what is measured.
	for _, n := range []int{from, to} {
		s.do(ctx, n, s.plain()...)
	}
	s.do(ctx, from, "offhook", "wait", "tone:dial", how, number, "wait", "tone:ringback", "-timeout", "20s")
	s.do(ctx, to, "wait", "ringing")
	if s.err == nil {
		fmt.Fprintf(s.out, "telephone %d rings; telephone %d hears ringback; telephone %d answers\n", to, from, to)
	}
	s.do(ctx, to, "offhook", "pause", "500ms")
	off := s.talk(ctx, from, to)
	s.do(ctx, from, "onhook")
	event, words := s.gone()
	s.do(ctx, to, "wait", event, "-timeout", "10s", "onhook", "pause", "1500ms")
	if s.err == nil {
		fmt.Fprintf(s.out, "telephone %d hangs up; telephone %d notices by the %s and hangs up\n", from, to, words)
	}
	return off
}

// second is how the second call is dialed: by a rotary dial, if there is one.
func (s *scriptedCalls) second() string {
	if s.hardware == sim.Handset {
		return "dial"
	}
	return "pulse"
}

// plain makes a telephone one that adds nothing to what is measured.
func (s *scriptedCalls) plain() []string {
	if s.hardware == sim.Handset {
		return []string{"set", "sidetone=100"}
	}
	return []string{"set", "loop=0", "sidetone=100", "echo=none"}
}

// gone is how a telephone notices that the far end has hung up.
func (s *scriptedCalls) gone() (event, words string) {
	if s.hardware == sim.Handset {
		return "tone:reorder", "reorder tone"
	}
	return "cpc", "open loop"
}

var howNames = map[string]string{"dial": "keys", "pulse": "rotary dial"}

// talk has both speak at once and returns what is off in either direction.
func (s *scriptedCalls) talk(ctx context.Context, a, b int) error {
	if s.err != nil {
		return s.err
	}
	one, two := samplesOf(speechThanks), samplesOf(speechIntro)
	length := time.Duration(len(one))*time.Second/8000 + time.Second
	atA, atB := s.phone(a).Record(length), s.phone(b).Record(length)
	startA, startB := s.phone(a).Speak(one), s.phone(b).Speak(two)
	s.do(ctx, a, "pause", strconv.FormatInt((length+200*time.Millisecond).Milliseconds(), 10))
	recA, recB := atA.Stop(), atB.Stop()
	s.figures(ctx)
	if s.err != nil {
		return s.err
	}
	return errors.Join(s.judge(a, b, one, recB, startA-atB.Start()), s.judge(b, a, two, recA, startB-atA.Start()))
}

// figures prints what the agent itself says of the voice of the calls.
func (s *scriptedCalls) figures(ctx context.Context) {
	var st agent.Status
	if s.err != nil {
		return
	}
	if s.err = newControlClient(string(s.home.dir)).get(ctx, "/v1/status", &st); s.err != nil {
		return
	}
	for _, l := range st.Lines {
		for _, c := range l.Calls {
			fmt.Fprintf(s.out, "  line %d: %d packets received, %d lost, %d late, jitter %.1f ms, buffer %.1f ms, %.0f ms made up\n",
				l.Line, c.Voice.Received, c.Voice.Lost, c.Voice.Late, 1000*c.Voice.Jitter, 1000*c.Voice.Buffer, 1000*c.Voice.Concealed)
		}
	}
}

// judge measures one direction; the speech began offset samples into the
// recording.
func (s *scriptedCalls) judge(from, to int, said, recording []int16, offset int64) error {
	offset = max(0, offset) // the telephones' times may be a sample apart
	if int(offset) > len(recording) {
		return fmt.Errorf("the recording at telephone %d does not cover the speech", to)
	}
	r, err := compare.Speech(said, recording[offset:], 500*time.Millisecond)
	if err != nil {
		return fmt.Errorf("telephone %d to %d: %w", from, to, err)
	}
	fmt.Fprintf(s.out, "  speech from %d to %d: delay %v, level %+.2f dB, likeness %.4f, %d of %d pieces lost\n",
		from, to, r.Delay.Round(100*time.Microsecond), r.Gain, r.Correlation, r.Gaps, r.Pieces)
	switch {
	case r.Delay > maxDelay:
		return fmt.Errorf("delay %v, at most %v allowed", r.Delay, maxDelay)
	case math.Abs(r.Gain) > maxLevelError:
		return fmt.Errorf("level off by %.2f dB, at most %.1f allowed", r.Gain, maxLevelError)
	case r.Correlation < minCorrelation:
		return fmt.Errorf("likeness %.4f, at least %.2f wanted", r.Correlation, minCorrelation)
	case r.Gaps > 0:
		return fmt.Errorf("%d pieces of speech lost", r.Gaps)
	}
	return nil
}

// failure calls a number that is busy.
func (s *scriptedCalls) failure(ctx context.Context) {
	if s.err != nil {
		return
	}
	fmt.Fprintln(s.out, "\ntelephone 1 calls a number that is busy, then one that does not exist")
	s.do(ctx, 1, "offhook", "wait", "tone:dial", "dial", "9486", "wait", "tone:busy", "onhook", "pause", "1500ms")
	s.do(ctx, 1, "offhook", "wait", "tone:dial", "dial", "9404", "wait", "tone:sit", "onhook", "pause", "1500ms")
	if s.err == nil {
		fmt.Fprintln(s.out, "  it hears busy tone, and the special information tone")
	}
}

// report prints the agent's own account of the calls and checks that nothing is
// left over.
func (s *scriptedCalls) report(ctx context.Context) error {
	client := newControlClient(string(s.home.dir))
	var calls []agent.PastCall
	if err := client.get(ctx, "/v1/calls", &calls); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "\nthe agent's own account:")
	t := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	if err := printCalls(t, calls); err != nil {
		return err
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, c := range calls {
		if c.Voice.Lost > 0 {
			return fmt.Errorf("line %d lost %d packets", c.Line, c.Voice.Lost)
		}
	}
	var st agent.Status
	if err := client.get(ctx, "/v1/status", &st); err != nil {
		return err
	}
	for _, l := range st.Lines {
		if len(l.Calls) > 0 || l.OffHook {
			return fmt.Errorf("line %d is not idle after the calls", l.Line)
		}
	}
	return nil
}
