package slictest

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// plain is a telephone on a short loop with one ringer.
func plain() *Telephone { return NewTelephone(400, 1) }

// TestLine checks the promises of slic.Line on a driver and its model in
// virtual time: what is reported, in which order and how soon, that the pair
// shows what SetFeed asked for, and that a capability that Caps claims works.
func TestLine(t *testing.T, r Rig) {
	r = r.withDefaults()
	r.run(t, "hook", plain, testHook)
	r.run(t, "pulses at 20 per second", plain, func(b *bench) { testPulses(b, 20) })
	r.run(t, "ring trip with 3 REN", ringers(3), testRingTrip)
	r.run(t, "open loop", plain, testOpenLoop)
	r.run(t, "reset off hook", plain, testResetOffHook)
	if r.Sample {
		return
	}
	r.hookTests(t)
	for _, ren := range []float64{1, 3, 5} {
		r.ringTests(t, ren)
	}
	r.run(t, "no ringing off hook", plain, testNoRingingOffHook)
	r.run(t, "on-hook transmission", plain, testOnHookTransmission)
	r.run(t, "reset", plain, testReset)
	r.run(t, "configure", plain, testConfigure)
	r.run(t, "measure", plain, testMeasure)
	r.run(t, "catch up", plain, testCatchUp)
	r.stopEarly(t)
}

func ringers(ren float64) func() *Telephone {
	return func() *Telephone { return NewTelephone(400, ren) }
}

func (r Rig) hookTests(t *testing.T) {
	r.run(t, "bounce", plain, testBounce)
	r.run(t, "flash", plain, testFlash)
	for _, pps := range []float64{8, 10, 16} {
		r.run(t, fmt.Sprintf("pulses at %v per second", pps), plain, func(b *bench) { testPulses(b, pps) })
	}
}

func (r Rig) ringTests(t *testing.T, ren float64) {
	if ren != 3 {
		r.run(t, fmt.Sprintf("ring trip with %v REN", ren), ringers(ren), testRingTrip)
	}
	r.run(t, fmt.Sprintf("cadence with %v REN", ren), ringers(ren), testCadence)
	r.run(t, fmt.Sprintf("reversal with %v REN", ren), ringers(ren), testReversal)
	r.run(t, fmt.Sprintf("answer in the pause with %v REN", ren), ringers(ren), testAnswerInPause)
}

func testHook(b *bench) {
	for range 5 {
		b.lift()
		b.quiet(500 * time.Millisecond)
		b.hang()
		b.quiet(500 * time.Millisecond)
	}
}

// testBounce allows the bounce itself on top of the limit.
func testBounce(b *bench) {
	for _, bounce := range []time.Duration{5, 10, 20, 30} {
		bounce *= time.Millisecond
		b.phone.SetBounce(bounce)
		b.phone.Lift()
		b.want(slic.OffHook, b.rig.OffHook+bounce)
		b.quiet(200 * time.Millisecond)
		b.phone.Hang()
		b.want(slic.OnHook, b.rig.OffHook+bounce)
		b.quiet(200 * time.Millisecond)
	}
}

// testCatchUp asks in every state whether all is told: the answer comes soon, once,
// and after an edge that came before the question.
func testCatchUp(b *bench) {
	line, ok := b.port.Line.(slic.CatchingUp)
	if !ok {
		return
	}
	const answer = 150 * time.Millisecond // a plain pin is looked at every 100 ms
	ask := func() {
		b.Helper()
		line.CatchUp()
		b.want(slic.CaughtUp, answer)
		b.quiet(b.rig.Settle)
	}
	ask()
	b.port.Line.SetFeed(slic.Ringing)
	b.quiet(300 * time.Millisecond)
	ask()
	b.port.Line.SetFeed(slic.Forward)
	b.quiet(b.rig.Settle)
	b.phone.Lift()
	time.Sleep(b.rig.OffHook)
	line.CatchUp()
	b.want(slic.OffHook, answer)
	b.want(slic.CaughtUp, answer)
	ask()
}

// testFlash checks that the length of a flash is reported within 5 ms.
func testFlash(b *bench) {
	b.lift()
	for _, d := range []time.Duration{80, 120, 300, 750} {
		d *= time.Millisecond
		b.quiet(300 * time.Millisecond)
		b.phone.Flash(d)
		on := b.want(slic.OnHook, b.rig.OffHook)
		off := b.want(slic.OffHook, d+b.rig.OffHook)
		if got := off.At.Sub(on.At); (got - d).Abs() > 5*time.Millisecond {
			b.Errorf("flash of %v reported as %v", d, got)
		}
	}
}

// testPulses checks that every edge of a dialled digit arrives in order and
// that the breaks keep their length.
func testPulses(b *bench, pps float64) {
	const digits = 9
	b.lift()
	b.quiet(300 * time.Millisecond)
	period := time.Duration(float64(time.Second) / pps)
	worst := time.Duration(0)
	for _, open := range []float64{0.6, 0.667} {
		b.phone.Pulse(digits, pps, open)
		for i := range digits {
			on := b.want(slic.OnHook, period+b.rig.OffHook)
			off := b.want(slic.OffHook, period+b.rig.OffHook)
			want := time.Duration(float64(period) * open)
			got := off.At.Sub(on.At)
			if worst = max(worst, (got - want).Abs()); (got - want).Abs() > 8*time.Millisecond {
				b.Errorf("break %d of %v reported as %v", i, want, got)
			}
		}
		b.quiet(300 * time.Millisecond)
	}
	b.Logf("breaks are off by at most %v", worst)
}

// ringing says that the pair carried ringing during the next 100 ms: the
// voltage changed its sign and had an rms of at least 30 V.
func (b *bench) ringing() bool {
	var sum float64
	var low, high bool
	const samples = 100
	for range samples {
		time.Sleep(time.Millisecond)
		d := b.phone.Drive()
		if d.Open {
			continue
		}
		sum += d.Volts * d.Volts
		low, high = low || d.Volts < -10, high || d.Volts > 10
	}
	return low && high && math.Sqrt(sum/samples) >= 30
}

// testRingTrip answers at eight phases of the ringing.
func testRingTrip(b *bench) {
	worst := time.Duration(0)
	for i := range 8 {
		b.port.Line.SetFeed(slic.Ringing)
		if !b.ringing() {
			b.Fatal("the pair carries no ringing")
		}
		b.quiet(time.Second + time.Duration(i)*7*time.Millisecond)
		begin := time.Now()
		b.phone.Lift()
		b.want(slic.OffHook, b.rig.RingTrip)
		took := time.Since(begin)
		if worst = max(worst, took); took > b.rig.RingTrip {
			b.Errorf("ring trip took %v", took)
		}
		time.Sleep(2 * time.Millisecond)
		if b.ringing() {
			b.Error("ringing goes on after OffHook")
		}
		b.port.Line.SetFeed(slic.Forward)
		b.quiet(b.rig.Settle)
		b.hang()
		b.quiet(b.rig.Settle)
	}
	b.Logf("ring trip takes at most %v", worst)
}

// idleBetweenBursts is the feed of the silent part of a cadence.
func (b *bench) idleBetweenBursts() slic.Feed {
	if b.port.Line.Caps().OnHookTransmit {
		return slic.OnHookTransmit
	}
	return slic.Forward
}

// testCadence rings for a while with nobody answering.
func testCadence(b *bench) {
	for range 6 {
		b.port.Line.SetFeed(slic.Ringing)
		b.quiet(time.Second)
		b.port.Line.SetFeed(b.idleBetweenBursts())
		b.quiet(2 * time.Second)
	}
	b.port.Line.SetFeed(slic.Ringing)
	b.quiet(400 * time.Millisecond)
	b.port.Line.SetFeed(slic.Forward)
	b.quiet(time.Second)
}

// testAnswerInPause lifts the handset at several times after a burst.
func testAnswerInPause(b *bench) {
	for _, after := range []time.Duration{1, 20, 60, 150, 500} {
		b.port.Line.SetFeed(slic.Ringing)
		b.quiet(time.Second)
		b.port.Line.SetFeed(b.idleBetweenBursts())
		b.quiet(after * time.Millisecond)
		b.phone.Lift()
		b.want(slic.OffHook, b.rig.RingTrip)
		b.port.Line.SetFeed(slic.Forward)
		b.quiet(b.rig.Settle)
		b.hang()
		b.quiet(b.rig.Settle)
	}
}

func testNoRingingOffHook(b *bench) {
	b.lift()
	b.port.Line.SetFeed(slic.Ringing)
	time.Sleep(5 * time.Millisecond)
	if b.ringing() {
		b.Error("a phone off hook is rung")
	}
	b.quiet(b.rig.Settle)
	b.port.Line.SetFeed(slic.Forward)
	b.quiet(b.rig.Settle)
	b.hang()
}

// testOpenLoop checks that an open loop is neither an alarm nor a hook event,
// and that a hook that changed meanwhile is reported afterwards.
func testOpenLoop(b *bench) {
	if !b.port.Line.Caps().OpenLoop {
		b.Skip("the port cannot open the loop")
	}
	open := func() {
		b.port.Line.SetFeed(slic.Open)
		b.quiet(10 * time.Millisecond)
		if !b.phone.Drive().Open {
			b.Error("the loop is not open 10ms after SetFeed")
		}
	}
	open()
	b.quiet(time.Second)
	b.feed(slic.Forward)

	b.lift()
	open()
	b.quiet(750 * time.Millisecond)
	b.feed(slic.Forward)

	open()
	b.phone.Hang()
	b.quiet(750 * time.Millisecond)
	b.port.Line.SetFeed(slic.Forward)
	b.want(slic.OnHook, b.rig.Settle)
	b.quiet(time.Second)
}

func testOnHookTransmission(b *bench) {
	if !b.port.Line.Caps().OnHookTransmit {
		b.Skip("the port has no on-hook transmission")
	}
	b.feed(slic.OnHookTransmit)
	if d := b.phone.Drive(); d.Open || d.Volts < 20 {
		b.Errorf("on-hook transmission drives %+v", d)
	}
	b.lift()
	b.port.Line.SetFeed(slic.Forward)
	b.quiet(time.Second)
}

// testReversal reverses on hook, when the ringers' capacitors are turned over,
// and off hook.
func testReversal(b *bench) {
	if !b.port.Line.Caps().Reversal {
		b.Skip("the port cannot reverse")
	}
	reverse := func() {
		b.feed(slic.Reverse)
		if v := b.phone.Sense().Volts; v > -2 {
			b.Errorf("reversed line has %.1f V", v)
		}
		b.feed(slic.Forward)
		if v := b.phone.Sense().Volts; v < 2 {
			b.Errorf("forward line has %.1f V", v)
		}
	}
	reverse()
	b.lift()
	reverse()
	b.port.Line.SetFeed(slic.Reverse)
	b.quiet(b.rig.Settle)
	b.hang()
}

// testReset loses the chip's state with the phone on hook.
func testReset(b *bench) {
	if b.port.Reset == nil {
		b.Skip("the chip has no state to lose")
	}
	b.port.Reset()
	b.want(slic.ChipReset, time.Second)
	b.want(slic.Ready, time.Second)
	b.quiet(b.rig.Settle)
	b.lift()
	b.port.Line.SetFeed(slic.Ringing)
	b.quiet(b.rig.Settle)
}

// testResetOffHook loses it in a call, which goes on.
func testResetOffHook(b *bench) {
	if b.port.Reset == nil {
		b.Skip("the chip has no state to lose")
	}
	b.lift()
	b.port.Reset()
	b.want(slic.ChipReset, time.Second)
	b.want(slic.Ready, time.Second)
	b.quiet(time.Second)
	if b.phone.Sense().Amps < 0.015 {
		b.Errorf("%.1f mA after recovery", 1e3*b.phone.Sense().Amps)
	}
	b.hang()
}

func testConfigure(b *bench) {
	if err := b.port.Line.Configure(slic.Electrical{}); err != nil {
		b.Errorf("Configure of the defaults: %v", err)
	}
	if err := b.port.Line.Configure(slic.Electrical{Impedance: "mud"}); err == nil {
		b.Error("Configure accepts an impedance of mud")
	}
	b.quiet(time.Second)
}

func testMeasure(b *bench) {
	m, err := b.port.Line.Measure()
	if !b.port.Line.Caps().Measure {
		if err == nil {
			b.Error("Measure works although Caps says no")
		}
		b.Skip("the port cannot measure")
	}
	if err != nil {
		b.Fatalf("Measure: %v", err)
	}
	want := b.phone.Sense().Volts
	if got := float64(m.Loop) / 1e9; math.Abs(got-want) > 0.1*want+1.5 {
		b.Errorf("Measure = %.1f V on hook, want %.1f V", got, want)
	}
	b.lift()
	b.quiet(200 * time.Millisecond)
	if m, err = b.port.Line.Measure(); err != nil {
		b.Fatalf("Measure: %v", err)
	}
	want = b.phone.Sense().Amps
	if got := float64(m.Current) / 1e9; math.Abs(got-want) > 0.2*want+0.00125 {
		b.Errorf("Measure = %.4f A off hook, want %.4f A", got, want)
	}
}

// stopEarly ends Run at many times of power-up.
func (r Rig) stopEarly(t *testing.T) {
	for _, after := range []time.Duration{0, 1, 5, 20, 100, 300, 700, 1200} {
		after *= time.Millisecond
		t.Run(fmt.Sprintf("stop after %v", after), func(t *testing.T) { r.stopAfter(t, after) })
	}
}
