package factory

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/slic"
)

// line is a line under test.
type line struct {
	slic.Line
	number   int
	ear      *ear
	bench    Bench
	patience time.Duration
	events   chan slic.Event
}

// notify is called by the driver and must not block; a test that does not look
// for more events than fit needs none of them.
func (l *line) notify(e slic.Event) {
	select {
	case l.events <- e:
	default:
	}
}

func (l *line) test(ctx context.Context) ([]Result, error) {
	all, err := walk(ctx, l.number, []step{
		{"chip", l.chip}, {"loop", l.loop}, {"ring", l.ring}, {"audio", l.audio}, {"keys", l.keys},
	}, false)
	l.SetFeed(slic.Open)
	return all, err
}

// await waits for an event of a kind. A port that is lost is a failure.
func (l *line) await(ctx context.Context, kind slic.EventKind, limit time.Duration, late string) (slic.Event, error) {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		select {
		case e := <-l.events:
			switch e.Kind {
			case kind:
				return e, nil
			case slic.Lost:
				return e, &failure{fmt.Sprintf("the port does not work: %v", e.Err)}
			}
		case <-timeout.C:
			return slic.Event{}, &failure{late}
		case <-ctx.Done():
			return slic.Event{}, context.Cause(ctx)
		}
	}
}

// settle lets time pass.
func settle(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Limits of the steps.
const (
	powerUpLimit   = 20 * time.Second
	settleTime     = 500 * time.Millisecond
	leastOnHook    = 20.0  // volts
	leastOffHook   = 16e-3 // amperes; the monitors may be 20 % off
	mostOffHook    = 50e-3 // amperes
	ringTime       = time.Second
	audioTime      = time.Second
	probeLevel     = -10 // dBm0
	leastReturn    = -50 // dBm0
	leastClearness = 10  // dB above all the rest
	allKeys        = "1234567890*#"
)

// chip waits for the port and looks at the voltages of an idle line.
func (l *line) chip(ctx context.Context, r *Result) error {
	if _, err := l.await(ctx, slic.Ready, powerUpLimit, "the port has not come up within 20 s"); err != nil {
		return err
	}
	l.SetFeed(slic.Forward)
	if err := settle(ctx, settleTime); err != nil {
		return err
	}
	m, measures, err := l.measure()
	if err != nil || !measures {
		r.Text = "works; it measures nothing"
		return err
	}
	r.Figures["battery_volts"], r.Figures["loop_volts"] = volts(m.Battery), volts(m.Loop)
	r.Text = fmt.Sprintf("works; the idle line has %.0f V", volts(m.Loop))
	if volts(m.Loop) < leastOnHook {
		return &failure{fmt.Sprintf("the idle line has %.1f V, want at least %.0f V: is the receiver on hook?", volts(m.Loop), leastOnHook)}
	}
	return nil
}

// measure reads the monitors, where there are any.
func (l *line) measure() (m slic.Measurement, ok bool, err error) {
	m, err = l.Measure()
	switch {
	case errors.Is(err, slic.ErrUnsupported):
		return m, false, nil
	case err != nil:
		return m, false, &failure{err.Error()}
	}
	return m, true, nil
}

func volts(v physic.ElectricPotential) float64 {
	return math.Round(10*float64(v)/float64(physic.Volt)) / 10
}

// loop has the receiver lifted and put down.
func (l *line) loop(ctx context.Context, r *Result) error {
	if err := l.bench.Lift(ctx, l.number); err != nil {
		return err
	}
	if _, err := l.await(ctx, slic.OffHook, l.patience, "the lifted receiver was not noticed"); err != nil {
		return err
	}
	if err := settle(ctx, settleTime); err != nil {
		return err
	}
	m, measures, err := l.measure()
	if err != nil {
		return err
	}
	if err := l.hangUp(ctx); err != nil {
		return err
	}
	r.Text = "the hook is noticed both ways"
	if !measures {
		return nil
	}
	amps := math.Abs(float64(m.Current) / float64(physic.Ampere))
	r.Figures["loop_amps"] = amps
	r.Text += fmt.Sprintf("; %.0f mA flow off hook", 1000*amps)
	if amps < leastOffHook || amps > mostOffHook {
		return &failure{fmt.Sprintf("%.1f mA flow off hook, want %.0f to %.0f mA", 1000*amps, 1000*leastOffHook, 1000*mostOffHook)}
	}
	return nil
}

func (l *line) hangUp(ctx context.Context) error {
	if err := l.bench.HangUp(ctx, l.number); err != nil {
		return err
	}
	_, err := l.await(ctx, slic.OnHook, l.patience, "the receiver that was put down was not noticed")
	return err
}

// ring rings and has the receiver lifted while the bell sounds.
func (l *line) ring(ctx context.Context, r *Result) error {
	if err := settle(ctx, settleTime); err != nil {
		return err
	}
	l.SetFeed(slic.Ringing)
	defer l.SetFeed(slic.Forward)
	if _, err := l.await(ctx, slic.OffHook, ringTime, "silent"); err == nil {
		return &failure{"the bell alone trips the ringing"}
	} else if f := (*failure)(nil); !errors.As(err, &f) || f.text != "silent" {
		return err
	}
	begin := time.Now()
	if err := l.bench.Lift(ctx, l.number); err != nil {
		return err
	}
	e, err := l.await(ctx, slic.OffHook, l.patience, "the lifted receiver was not noticed while ringing")
	if err != nil {
		return err
	}
	r.Figures["answer_seconds"] = max(0, e.At.Sub(begin).Seconds())
	r.Text = fmt.Sprintf("rings, and stops %.2f s after the bench was asked to lift the receiver", r.Figures["answer_seconds"])
	return nil
}

// audio sends a tone to the telephone, whose hybrid gives some of it back.
func (l *line) audio(ctx context.Context, r *Result) error {
	if l.Caps().Keys {
		if err := l.bench.Couple(ctx, l.number); err != nil {
			return err
		}
		return l.coupled(ctx, r)
	}
	return l.sound(ctx, r)
}

// coupled is sound again and again, until whoever is at the bench has found out
// how to hold the receiver.
func (l *line) coupled(ctx context.Context, r *Result) error {
	for end := time.Now().Add(l.patience); ; {
		err := l.sound(ctx, r)
		if f := (*failure)(nil); !errors.As(err, &f) || !time.Now().Before(end) {
			return err
		}
	}
}

// sound measures once what comes back.
func (l *line) sound(ctx context.Context, r *Result) error {
	l.ear.say(true, probeLevel)
	defer l.ear.say(false, 0)
	if err := settle(ctx, settleTime); err != nil {
		return err
	}
	l.ear.listen()
	if err := settle(ctx, audioTime); err != nil {
		return err
	}
	probe, rest := l.ear.levels()
	r.Figures["return_dbm0"], r.Figures["rest_dbm0"] = level(probe), level(rest)
	r.Text = fmt.Sprintf("%.0f of %d dBm0 come back", float64(probe), probeLevel)
	if probe < leastReturn || probe < rest+leastClearness {
		return &failure{fmt.Sprintf("of a tone of %d dBm0, %.0f dBm0 come back among %.0f dBm0 of something else: voice does not pass both ways", probeLevel, level(probe), level(rest))}
	}
	return nil
}

// level is a level for JSON, in which silence has none.
func level(l dsp.DBm0) float64 { return math.Max(-100, math.Round(10*float64(l))/10) }

// keys has every key pressed, then the receiver put down.
func (l *line) keys(ctx context.Context, r *Result) error {
	l.ear.listen()
	if err := l.bench.PressKeys(ctx, l.number, allKeys); err != nil {
		return err
	}
	heard := ""
	for end := time.Now().Add(l.patience); len(heard) < len(allKeys) && time.Now().Before(end); {
		if err := settle(ctx, 50*time.Millisecond); err != nil {
			return err
		}
		heard = l.dialled(heard)
	}
	r.Text = "all keys are heard"
	hung := l.hangUp(ctx)
	if heard != allKeys {
		return &failure{fmt.Sprintf("heard %q of the keys %q", heard, allKeys)}
	}
	return hung
}

// dialled adds the keys that were pressed meanwhile: as tones, or as the port
// reports them.
func (l *line) dialled(before string) string {
	if !l.Caps().Keys {
		return l.ear.dialled()
	}
	for {
		select {
		case e := <-l.events:
			if e.Kind == slic.Key {
				before += string(e.Key)
			}
		default:
			return before
		}
	}
}
