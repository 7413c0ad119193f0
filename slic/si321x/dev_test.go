package si321x_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
)

// TestSetFeedSoon: every change of feed is on the pair within 5 ms.
func TestSetFeedSoon(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		for i := range 100 {
			f := slic.Feed(i % 6)
			want := []uint8{0, 1, 5, 2, 6, 4}[f]
			begin := time.Now()
			b.dev.SetFeed(f)
			for b.chip.Linefeed() != want && time.Since(begin) < time.Second {
				time.Sleep(100 * time.Microsecond)
			}
			if took := time.Since(begin); took > 5*time.Millisecond {
				t.Errorf("%v after %v", f, took)
			}
			time.Sleep(time.Duration(i) * 1700 * time.Microsecond)
		}
	})
}

// TestEdgeTimes: with an edge pin the time of an event is that of the chip's
// interrupt, to one frame, although the highway runs 1 ms at a time; the delay
// is the debounce for both edges.
func TestEdgeTimes(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		for range 20 {
			begin := time.Now()
			b.phone.Lift()
			off, _ := b.want(slic.OffHook, "", hookLimit)
			time.Sleep(217 * time.Millisecond)
			mid := time.Now()
			b.phone.Hang()
			on, _ := b.want(slic.OnHook, "", hookLimit)
			time.Sleep(313 * time.Millisecond)
			if got, want := on.At.Sub(off.At), mid.Sub(begin); (got - want).Abs() > 3*time.Millisecond {
				t.Errorf("off hook for %v reported as %v", want, got)
			}
			if off.At.Nanosecond()%125000 != 50000 {
				t.Errorf("event at %v does not carry the time of a frame", off.At)
			}
		}
	})
}

// TestConfigure: settings reach the chip, while the phone is ringing only after
// the burst, and what cannot be had is reported once.
func TestConfigure(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		b.dev.SetFeed(slic.Ringing)
		b.quiet(200 * time.Millisecond)
		e := slic.Electrical{
			RingFrequency: 25 * physic.Hertz, RingVoltage: 60 * physic.Volt, LoopCurrent: 32 * physic.MilliAmpere,
			ToPhoneGain: -6, Impedance: slic.Z320_1050,
		}
		if err := b.dev.Configure(e); err != nil {
			t.Fatal(err)
		}
		b.quiet(500 * time.Millisecond)
		if got := b.chip.Register(71); got != 1 {
			t.Errorf("DR71 = %d during the burst, want the old 1", got)
		}
		b.dev.SetFeed(slic.Forward)
		b.want(slic.Note, "impedance 320+(1050||230nF) is not available, using 270+(750||150nF)", 10*time.Millisecond)
		b.quiet(300 * time.Millisecond)
		if dr71, dr10, dacg := b.chip.Register(71), b.chip.Register(10), b.chip.Indirect(13); dr71 != 4 || dr10 != 0x0C || dacg != 0x2013 {
			t.Errorf("DR71=%d DR10=%#02x IR13=%#04x", dr71, dr10, dacg)
		}
		if rco, rngx := b.chip.Indirect(7), b.chip.Indirect(8); rco != 0x7E6D || rngx != 0x023A {
			t.Errorf("RCO=%04X RNGX=%04X, want the 60 V at 25 Hz of TBR 21", rco, rngx)
		}
		if err := b.dev.Configure(e); err != nil {
			t.Fatal(err)
		}
		b.quiet(time.Second)
		b.chip.Inject(model.SpontaneousReset)
		b.want(slic.ChipReset, "", time.Second)
		b.want(slic.Ready, "", time.Second)
		if got := b.chip.Register(71); got != 4 {
			t.Errorf("DR71 = %d after a reset, want 4", got)
		}
	})
}

// TestConfigureErrors: what is out of range is refused with the range.
func TestConfigureErrors(t *testing.T) {
	dev, err := si321x.New(model.New(model.Opts{}).SPI(), allPins(model.New(model.Opts{})), si321x.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	for says, e := range map[string]slic.Electrical{
		"15..70 Hz":     {RingFrequency: 5 * physic.Hertz},
		"20..100 V":     {RingVoltage: 300 * physic.Volt},
		"18..41 mA":     {LoopCurrent: physic.Ampere},
		"24..56 V":      {OnHookVoltage: 12 * physic.Volt},
		"-12..6 dB":     {ToPhoneGain: 7},
		"from the":      {FromPhoneGain: math.NaN()},
		"not a resist":  {Impedance: "0"},
		"ring waveform": {RingWaveform: 7},
	} {
		if err := dev.Configure(e); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Configure(%+v) = %v, want an error that says %q", e, err, says)
		}
	}
}

// TestRingingOnThePair measures what Configure asked for at the telephone.
func TestRingingOnThePair(t *testing.T) {
	for _, tt := range []struct {
		name  string
		e     slic.Electrical
		hertz float64
		rms   float64
	}{
		{"default", slic.Electrical{}, 20, 45},
		{"germany", slic.Electrical{RingFrequency: 25 * physic.Hertz, RingVoltage: 60 * physic.Volt}, 25, 60},
		{"japan", slic.Electrical{RingFrequency: 16 * physic.Hertz, RingVoltage: 50 * physic.Volt}, 16, 50},
		{"trapezoid", slic.Electrical{RingWaveform: slic.Trapezoid, RingVoltage: 55 * physic.Volt}, 20, 55},
		{"50 Hz", slic.Electrical{RingFrequency: 50 * physic.Hertz}, 50, 45},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, setup{phone: slictest.NewTelephone(400, 0)}, func(b *bench) {
				if err := b.dev.Configure(tt.e); err != nil {
					t.Fatal(err)
				}
				b.fed()
				b.dev.SetFeed(slic.Ringing)
				b.quiet(100 * time.Millisecond)
				var sum, last float64
				crossings := 0
				const n = 4000 // two seconds
				for range n {
					time.Sleep(500 * time.Microsecond)
					v := b.phone.Sense().Volts
					sum += v * v
					if last < 0 && v >= 0 {
						crossings++
					}
					last = v
				}
				if rms := math.Sqrt(sum / n); math.Abs(rms/tt.rms-1) > 0.02 {
					t.Errorf("%.1f V rms, want %v", rms, tt.rms)
				}
				if hz := float64(crossings) / 2; math.Abs(hz-tt.hertz) > 0.6 {
					t.Errorf("%v Hz, want %v", hz, tt.hertz)
				}
				b.dev.SetFeed(slic.Forward)
				b.quiet(100 * time.Millisecond)
			})
		})
	}
}

// TestRingTripEverywhere answers at every frequency and voltage that countries
// use, with one and five ringers, after ringing a while without a false one.
func TestRingTripEverywhere(t *testing.T) {
	for _, hertz := range []physic.Frequency{16, 20, 25, 33, 50, 60} {
		for _, rms := range []physic.ElectricPotential{40, 45, 60} {
			for _, ren := range []float64{1, 5} {
				e := slic.Electrical{RingFrequency: hertz * physic.Hertz, RingVoltage: rms * physic.Volt}
				inBubble(t, setup{phone: slictest.NewTelephone(400, ren)}, func(b *bench) {
					if err := b.dev.Configure(e); err != nil {
						t.Fatal(err)
					}
					b.fed()
					b.dev.SetFeed(slic.Ringing)
					b.quiet(1500 * time.Millisecond)
					b.phone.Lift()
					if _, took := b.want(slic.OffHook, "", time.Second); took > 200*time.Millisecond {
						t.Errorf("%v, %v, %v REN: ring trip took %v", e.RingFrequency, e.RingVoltage, ren, took)
					}
				})
			}
		}
	}
}

// TestTransmissionComesBack: the chip leaves on-hook transmission when the phone
// is lifted and does not return by itself.
func TestTransmissionComesBack(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		for f, lf := range map[slic.Feed][2]uint8{slic.OnHookTransmit: {2, 1}, slic.OnHookTransmitRev: {6, 5}} {
			b.dev.SetFeed(f)
			b.quiet(500 * time.Millisecond)
			b.phone.Lift()
			b.want(slic.OffHook, "", hookLimit)
			b.quiet(500 * time.Millisecond)
			if got := b.chip.Linefeed(); got != lf[1] {
				t.Errorf("%v off hook: LFS = %d, want %d", f, got, lf[1])
			}
			b.phone.Hang()
			b.want(slic.OnHook, "", hookLimit)
			b.quiet(200 * time.Millisecond)
			if got := b.chip.Linefeed(); got != lf[0] {
				t.Errorf("%v on hook again: LFS = %d, want %d", f, got, lf[0])
			}
		}
	})
}

// TestManualCalibration: with a Si3201 the Si3210 needs its gains searched, and
// they are found.
func TestManualCalibration(t *testing.T) {
	var cal si321x.Calibration
	s := setup{
		model: model.Opts{Variant: model.Si3210, Si3201: true, Seed: 9},
		opts:  si321x.Opts{Si3201: true, Calibrated: func(c si321x.Calibration) { cal = c }},
	}
	inBubble(t, s, func(b *bench) {
		b.want(slic.Ready, "", 5*time.Second)
		if cal.Part != si321x.Si3210 || cal.Results[0] != b.chip.Register(98) || cal.Results[1] != b.chip.Register(99) {
			t.Errorf("saved %+v, the chip has %#02x %#02x", cal, b.chip.Register(98), b.chip.Register(99))
		}
		if b.chip.Register(88) != 0 || b.chip.Register(89) != 0 {
			t.Error("the transistors of the leads still carry current")
		}
		if v := b.chip.Indirect(33); v != 0x7F80 {
			t.Errorf("alarm threshold %04X, want that of a Si3201", v)
		}
	})
}

func TestMeasureOutOfService(t *testing.T) {
	inBubble(t, setup{faults: []model.Fault{model.Missing}}, func(b *bench) {
		b.want(slic.Lost, "", time.Second)
		if m, err := b.dev.Measure(); err == nil {
			t.Errorf("Measure = %+v of a missing chip", m)
		}
	})
}

// TestMeasure checks signs and sums on a reversed line in use.
func TestMeasure(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		b.phone.Lift()
		b.want(slic.OffHook, "", hookLimit)
		b.dev.SetFeed(slic.Reverse)
		b.quiet(300 * time.Millisecond)
		m, err := b.dev.Measure()
		if err != nil {
			t.Fatal(err)
		}
		if m.Loop >= 0 || m.Current >= 0 || m.Tip >= m.Ring || m.Battery >= m.Tip || m.At.IsZero() {
			t.Errorf("reversed line in use: %+v", m)
		}
		if d := m.Tip - m.Ring - m.Loop; d.String() == "" || d > 2*physic.Volt || d < -2*physic.Volt {
			t.Errorf("TIP %v less RING %v is not the loop's %v", m.Tip, m.Ring, m.Loop)
		}
	})
}

// TestRunTwice: a second Run at the same time is refused, one after it works.
func TestRunTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, setup{})
		for range 2 {
			ctx, cancel := context.WithCancel(context.Background())
			b.start(ctx)
			b.fed()
			if err := b.dev.Run(ctx, func(slic.Event) {}); err == nil || !strings.Contains(err.Error(), "already running") {
				t.Errorf("second Run = %v", err)
			}
			b.works(hookLimit)
			cancel()
			b.done.Wait()
			if b.chip.Linefeed() != 0 {
				t.Error("the line is not open after Run")
			}
		}
	})
}

// TestRunReturnsCause: the cause of the end of ctx comes back.
func TestRunReturnsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, setup{})
		cause := errors.New("power fails")
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		if err := b.dev.Run(ctx, func(slic.Event) {}); !errors.Is(err, cause) {
			t.Errorf("Run = %v, want its cause", err)
		}
	})
}

func TestNewErrors(t *testing.T) {
	c := model.New(model.Opts{})
	if _, err := si321x.New(c.SPI(), si321x.Pins{}, si321x.Opts{}); err == nil {
		t.Error("New works without RESET")
	}
	if _, err := si321x.New(c.SPI(), allPins(c), si321x.Opts{TxStart: 5000}); err == nil {
		t.Error("New accepts a slot of 5000")
	}
	p := c.SPI()
	if _, err := si321x.New(p, allPins(c), si321x.Opts{Name: "line 1"}); err != nil {
		t.Error(err)
	}
	if _, err := si321x.New(p, allPins(c), si321x.Opts{}); err == nil {
		t.Error("New works on a port in use")
	}
}

// TestCorruptedRegister: a register that changes by itself is written again and
// reported.
func TestCorruptedRegister(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		b.chip.Poke(71, 7)
		b.want(slic.Note, "DR71 changed by itself and was written again", 30*time.Second)
		if got := b.chip.Register(71); got != 1 {
			t.Errorf("DR71 = %d, want 1", got)
		}
		b.chip.PokeIndirect(15, 0x7E00) // loop closure threshold
		b.want(slic.Note, "IR15 changed by itself and was written again", 30*time.Second)
		if got := b.chip.Indirect(15); got != 0x1000 {
			t.Errorf("IR15 = %#04x, want 0x1000", got)
		}
		b.chip.Poke(64, 3) // TIP open
		b.quiet(200 * time.Millisecond)
		if got := b.chip.Linefeed(); got != 1 {
			t.Errorf("LFS = %d, want the command repeated", got)
		}
	})
}

// TestRingCurrent compares the mean of the current of ringing with what the
// ringers draw: 2/pi of the peak through 7 kohm a ringer and the feed.
func TestRingCurrent(t *testing.T) {
	for _, ringers := range []float64{1, 3, 5} {
		t.Run(fmt.Sprint(ringers), func(t *testing.T) {
			inBubble(t, setup{phone: slictest.NewTelephone(400, ringers)}, func(b *bench) {
				b.fed()
				if m, err := b.dev.Measure(); err != nil || m.TripAt != 0 || m.RingCurrent != 0 {
					t.Errorf("before it rang: %v, %v, %v", m.RingCurrent, m.TripAt, err)
				}
				b.dev.SetFeed(slic.Ringing)
				var sum float64
				const n = 4000 // two seconds
				for range n {
					time.Sleep(500 * time.Microsecond)
					sum += math.Abs(b.phone.Sense().Amps)
				}
				b.dev.SetFeed(slic.Forward)
				b.quiet(300 * time.Millisecond)
				m, err := b.dev.Measure()
				got, want := float64(m.RingCurrent)/float64(physic.Ampere), sum/n
				if err != nil || math.Abs(got-want) > 0.15*want+0.6e-3 {
					t.Errorf("%.1f mA, %v; want %.1f", got*1e3, err, want*1e3)
				}
				if m.TripAt != 34290*physic.MicroAmpere || m.RingCurrent >= m.TripAt {
					t.Errorf("an answer is %v, ringing %v", m.TripAt, m.RingCurrent)
				}
			})
		})
	}
}
