package gpioslic_test

import (
	"math"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
	"github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
)

// TestRinging measures the voltage on the pair.
func TestRinging(t *testing.T) {
	wide := gpioslic.Opts{RingMin: 15 * physic.Hertz, RingMax: 50 * physic.Hertz}
	ks := gpioslic.Opts{Kind: gpioslic.KS0835F}
	for _, tt := range []struct {
		name        string
		kind        model.Kind
		opts        gpioslic.Opts
		ask         physic.Frequency
		hertz       float64
		low, high   float64 // volts rms
		wantClamped bool
	}{
		{"Ag1171 default", model.Ag1171, gpioslic.Opts{}, 0, 20, 58, 63, false},
		{"Ag1171 25 Hz", model.Ag1171, gpioslic.Opts{}, 25 * physic.Hertz, 25, 55, 60, false},
		{"Ag1171 16.67 Hz", model.Ag1171, gpioslic.Opts{}, 16667 * physic.MilliHertz, 16.667, 60, 65, false},
		{"Ag1171 50 Hz", model.Ag1171, gpioslic.Opts{}, 50 * physic.Hertz, 25, 55, 60, true},
		{"15 Hz where it is allowed", model.Ag1171, wide, 15 * physic.Hertz, 15, 60, 66, false},
		{"50 Hz where it is allowed", model.Ag1171, wide, 50 * physic.Hertz, 50, 33, 40, false},
		{"KS0835F 20 Hz", model.KS0835F, ks, 0, 20, 45, 50, false},
		{"KS0835F 25 Hz", model.KS0835F, ks, 25 * physic.Hertz, 25, 42, 47, false},
		{"KS0835F 16 Hz", model.KS0835F, ks, 16 * physic.Hertz, 20, 45, 50, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onBench(t, setup{model: model.Opts{Kind: tt.kind}, opts: tt.opts}, func(b *bench) {
				b.ready()
				if err := b.dev.Configure(slic.Electrical{RingFrequency: tt.ask}); err != nil {
					t.Fatal(err)
				}
				if tt.wantClamped {
					b.wantNote("ringing at", 10*ms)
				}
				b.dev.SetFeed(slic.Ringing)
				b.quiet(100 * ms)
				volts, hertz := b.ringing()
				if math.Abs(hertz-tt.hertz) > 0.004*tt.hertz || volts < tt.low || volts > tt.high {
					t.Errorf("ringing %.1f V at %.3f Hz, want %.0f..%.0f V at %.3f Hz", volts, hertz, tt.low, tt.high, tt.hertz)
				}
			})
		})
	}
}

// TestRingTripTime answers at 100 phases of the ringing, for every SHK delay, the
// slowest frequency and the most ringers that the data sheet allows.
func TestRingTripTime(t *testing.T) {
	phases := 4
	if full() {
		phases = 100
	}
	var worst time.Duration
	for _, f := range []physic.Frequency{16 * physic.Hertz, 20 * physic.Hertz, 25 * physic.Hertz} {
		for _, delay := range []time.Duration{2 * ms, 10 * ms} {
			s := setup{model: model.Opts{Delay: delay}, phone: slictest.NewTelephone(600, 3)}
			onBench(t, s, func(b *bench) {
				b.ready()
				if err := b.dev.Configure(slic.Electrical{RingFrequency: f}); err != nil {
					t.Fatal(err)
				}
				for i := range phases {
					worst = max(worst, b.answer(time.Duration(700+i*137%100)*ms))
				}
			})
		}
	}
	t.Logf("worst ring trip %v from the contact to the report, ringing gone", worst)
	if worst > 200*ms {
		t.Errorf("ring trip takes %v, want at most 200ms", worst)
	}
}

// answer lifts some time after the begin of ringing and returns how long it took
// until that was reported; no ringing may be left then.
func (b *bench) answer(after time.Duration) time.Duration {
	b.Helper()
	b.dev.SetFeed(slic.Ringing)
	b.quiet(after)
	lifted := time.Now()
	b.phone.Lift()
	b.want(slic.OffHook, time.Second)
	took := time.Since(lifted)
	time.Sleep(10 * ms)
	if v := b.voltage(1)[0]; v != 48 {
		b.Errorf("the line has %v V after the report, want battery", v)
	}
	b.feed(slic.Forward)
	b.phone.Hang()
	b.want(slic.OnHook, 100*ms)
	b.quiet(300 * ms)
	return took
}

// TestFalseTrip lets SHK rise during ringing without an answer: the ringing
// pauses and goes on.
func TestFalseTrip(t *testing.T) {
	onBench(t, setup{phone: slictest.NewTelephone(400, 3)}, func(b *bench) {
		b.ready()
		b.dev.SetFeed(slic.Ringing)
		b.quiet(500 * ms)
		for range 3 {
			b.module.Inject(model.Glitch)
			b.quiet(300 * ms)
			if volts, hertz := b.ringing(); volts < 50 || math.Abs(hertz-20) > 0.1 {
				t.Fatalf("after a glitch the line rings with %.1f V at %.2f Hz", volts, hertz)
			}
		}
		b.answer(200 * ms)
	})
}

// TestAnswerAtTheEnd lifts the handset around the end of a burst.
func TestAnswerAtTheEnd(t *testing.T) {
	for _, after := range []time.Duration{-120, -100, -60, -20, 0, 10, 24, 26, 50, 140} {
		onBench(t, setup{phone: slictest.NewTelephone(400, 3)}, func(b *bench) {
			b.ready()
			b.dev.SetFeed(slic.Ringing)
			b.quiet(500 * ms)
			go func() {
				time.Sleep(200*ms + after*ms)
				b.phone.Lift()
			}()
			time.Sleep(200 * ms)
			b.dev.SetFeed(slic.OnHookTransmit)
			b.want(slic.OffHook, 200*ms+max(0, after*ms))
			b.quiet(500 * ms)
		})
	}
}

// TestShortPauses rings in pairs of short bursts, as distinctive ringing does,
// into many ringers.
func TestShortPauses(t *testing.T) {
	onBench(t, setup{phone: slictest.NewTelephone(400, 5)}, func(b *bench) {
		b.ready()
		for range 30 {
			b.dev.SetFeed(slic.Ringing)
			b.quiet(200 * ms)
			b.dev.SetFeed(slic.OnHookTransmit)
			b.quiet(80 * ms)
		}
		b.feed(slic.Forward)
		b.phone.Lift()
		b.want(slic.OffHook, 40*ms)
	})
}

// TestRingingFromEveryFeed begins and ends ringing in every state.
func TestRingingFromEveryFeed(t *testing.T) {
	feeds := []struct {
		feed  slic.Feed
		volts float64
	}{
		{slic.Open, 0}, {slic.Forward, 48}, {slic.Reverse, -48}, {slic.OnHookTransmit, 48}, {slic.OnHookTransmitRev, -48},
	}
	onBench(t, setup{}, func(b *bench) {
		b.ready()
		for _, f := range feeds {
			b.feed(f.feed)
			b.dev.SetFeed(slic.Ringing)
			b.quiet(300 * ms)
			if volts, _ := b.ringing(); volts < 55 {
				t.Errorf("from %v the line rings with %.1f V", f.feed, volts)
			}
			b.feed(f.feed)
			if got := b.voltage(1)[0]; got != f.volts {
				t.Errorf("after ringing %v has %v V, want %v V", f.feed, got, f.volts)
			}
		}
	})
}

// TestNewFrequencyWaits changes the frequency while the phone is ringing.
func TestNewFrequencyWaits(t *testing.T) {
	onBench(t, setup{}, func(b *bench) {
		b.ready()
		b.dev.SetFeed(slic.Ringing)
		b.quiet(200 * ms)
		if err := b.dev.Configure(slic.Electrical{RingFrequency: 25 * physic.Hertz}); err != nil {
			t.Fatal(err)
		}
		if _, hertz := b.ringing(); math.Abs(hertz-20) > 0.1 {
			t.Errorf("the running burst has %.2f Hz, want 20 Hz", hertz)
		}
		b.feed(slic.Forward)
		b.dev.SetFeed(slic.Ringing)
		b.quiet(200 * ms)
		if _, hertz := b.ringing(); math.Abs(hertz-25) > 0.1 {
			t.Errorf("the next burst has %.2f Hz, want 25 Hz", hertz)
		}
	})
}

// TestStopWhileRinging ends Run in the middle of a burst, at many phases.
func TestStopWhileRinging(t *testing.T) {
	for phase := range 10 {
		onBench(t, setup{}, func(b *bench) {
			b.ready()
			b.dev.SetFeed(slic.Ringing)
			time.Sleep(500*ms + time.Duration(5*phase)*ms)
		})
	}
}
