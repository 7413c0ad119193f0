package si321x_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
)

// hookLimit is the promise of slictest for reporting the hook.
const hookLimit = 40 * time.Millisecond

// TestFaultsAtPowerUp checks for each fault that the port is reported lost once
// with what is wrong, that the converter is off meanwhile, and that the port
// comes up when the fault is gone.
func TestFaultsAtPowerUp(t *testing.T) {
	old := setup{model: model.Opts{Variant: model.Si3210, Si3201: true}, opts: si321x.Opts{Si3201: true}}
	for _, tt := range []struct {
		name  string
		fault model.Fault
		setup setup
		says  string
		want  slic.Trouble
	}{
		{"missing, pulled up", model.Missing, setup{}, "no answer from the chip; is the PCM clock running? (all registers read 0xff)", slic.NoAnswer},
		{"missing, pulled down", model.Missing, setup{model: model.Opts{Idle: func() byte { return 0 }}}, "no answer", slic.NoAnswer},
		{"wrong revision", model.WrongID, setup{}, "unknown revision: DR0=0x0f", slic.WrongChip},
		{"no battery", model.NoBattery, setup{}, "supply of 3", slic.NoSupply},
		{"leakage", model.Leakage, setup{}, "leakage or short", slic.SupplyLeak},
		{"calibration", model.CalibrationStuck, setup{}, "calibrate: not finished after 2s: DR96=0x5f", slic.Uncalibrated},
		{"manual calibration", model.ManualCalibrationStuck, old, "gain of RING: DR88 never reads 0", slic.Uncalibrated},
		{"indirect engine", model.IndirectStuck, setup{}, "indirect engine still busy after 1000 polls", slic.BadRegisters},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.setup
			s.faults = []model.Fault{tt.fault}
			inBubble(t, s, func(b *bench) {
				if e, _ := b.want(slic.Lost, tt.says, 5*time.Second); slic.TroubleOf(e.Err) != tt.want {
					t.Errorf("trouble %q, want %q", slic.TroubleOf(e.Err), tt.want)
				}
				b.quiet(20 * time.Second)
				if got := strings.Count(b.logged(), "level=WARN"); got != 1 {
					t.Errorf("%d warnings for one fault:\n%s", got, b.logged())
				}
				b.chip.Clear(tt.fault)
				b.want(slic.Ready, "", 40*time.Second)
				b.dev.SetFeed(slic.Forward)
				b.quiet(300 * time.Millisecond)
				b.works(hookLimit)
			})
		})
	}
}

// TestConverterOffAtOnce checks that a supply that does not come up is switched
// off in the same millisecond.
func TestConverterOffAtOnce(t *testing.T) {
	inBubble(t, setup{faults: []model.Fault{model.NoBattery}}, func(b *bench) {
		b.want(slic.Lost, "converter broken or line shorted", 5*time.Second)
		if got := b.chip.Register(14); got != 0x10 {
			t.Errorf("DR14 = %#02x when the port is lost, want the converter off", got)
		}
	})
}

// TestSelectHeld: a controller that does not raise chip select between the bytes of
// a transfer is found out, and gets one transfer per byte.
func TestSelectHeld(t *testing.T) {
	inBubble(t, setup{faults: []model.Fault{model.SelectHeld}}, func(b *bench) {
		b.want(slic.Note, "holds chip select within a transfer", time.Second)
		b.fed()
		b.works(hookLimit)
	})
}

func TestWrongVariant(t *testing.T) {
	inBubble(t, setup{opts: si321x.Opts{Variant: si321x.Si3210}}, func(b *bench) {
		b.want(slic.Lost, "a part of the Si3215 family where a Si3210 is expected", time.Second)
	})
}

// TestClockLost stops the highway in service: the port is lost within half a
// second and works again when the clock is back, without a new calibration.
func TestClockLost(t *testing.T) {
	for _, idle := range []byte{0xFF, 0x00} {
		for _, lifted := range []bool{false, true} {
			t.Run(fmt.Sprintf("SDO reads %#02x, lifted %v", idle, lifted), func(t *testing.T) {
				inBubble(t, setup{model: model.Opts{Idle: func() byte { return idle }}}, func(b *bench) {
					b.fed()
					if lifted {
						b.phone.Lift()
						b.want(slic.OffHook, "", hookLimit)
					}
					b.stuck.Store(true)
					b.chip.ClockStopped()
					b.want(slic.Lost, "is the PCM clock running?", 500*time.Millisecond)
					b.quiet(3 * time.Second)
					b.stuck.Store(false)
					b.want(slic.Ready, "", 10*time.Second)
					b.quiet(500 * time.Millisecond)
					if b.phone.Drive().Volts < 10 {
						t.Error("the line is not fed after recovery")
					}
				})
			})
		}
	}
}

func TestPeakCurrentWild(t *testing.T) {
	inBubble(t, setup{faults: []model.Fault{model.PeakCurrentWild}}, func(b *bench) {
		b.want(slic.Note, "DR107=0xf, using 0x8", 5*time.Second)
		b.fed()
		if got := b.chip.Register(107); got != 8 {
			t.Errorf("DR107 = %#02x, want 8", got)
		}
	})
}

// TestOffHookAtPowerUp: the port works without calibration and calibrates when
// the line has been idle for five seconds, unless it is wanted meanwhile.
func TestOffHookAtPowerUp(t *testing.T) {
	var saved []si321x.Calibration
	s := setup{lifted: true, opts: si321x.Opts{Calibrated: func(c si321x.Calibration) { saved = append(saved, c) }}}
	inBubble(t, s, func(b *bench) {
		b.want(slic.Note, "calibrating later", 5*time.Second)
		b.want(slic.Ready, "", time.Second)
		b.dev.SetFeed(slic.Forward)
		b.want(slic.OffHook, "", 300*time.Millisecond)
		b.quiet(10 * time.Second)
		b.phone.Hang()
		b.want(slic.OnHook, "", hookLimit)
		b.quiet(5050 * time.Millisecond)
		if !b.phone.Drive().Open || len(saved) != 0 {
			t.Fatal("no calibration after five idle seconds")
		}
		b.dev.SetFeed(slic.Ringing)
		time.Sleep(20 * time.Millisecond)
		if b.chip.Linefeed() != 4 {
			t.Error("calibration holds up ringing")
		}
		b.quiet(time.Second)
		b.dev.SetFeed(slic.Forward)
		b.quiet(7 * time.Second)
		if len(saved) != 1 {
			t.Fatalf("calibrated %d times, want once", len(saved))
		}
		b.quiet(10 * time.Second)
		b.works(hookLimit)
	})
}

// TestSavedCalibration: results of another run make power-up shorter and are in
// the chip's registers.
func TestSavedCalibration(t *testing.T) {
	cal := si321x.Calibration{Part: si321x.Si3215, Revision: 5, Results: [10]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}
	inBubble(t, setup{opts: si321x.Opts{Calibration: &cal}}, func(b *bench) {
		if _, took := b.want(slic.Ready, "", time.Second); took > 700*time.Millisecond {
			t.Errorf("power-up with saved results took %v", took)
		}
		for i, want := range cal.Results {
			if got := b.chip.Register(98 + uint8(i)); got != want {
				t.Errorf("DR%d = %#02x, want %#02x", 98+i, got, want)
			}
		}
	})
	otherPart, otherRevision := cal, cal
	otherPart.Part, otherRevision.Revision = si321x.Si3210, 4
	for _, c := range []*si321x.Calibration{&otherPart, &otherRevision} {
		inBubble(t, setup{opts: si321x.Opts{Calibration: c}}, func(b *bench) {
			b.want(slic.Ready, "", 5*time.Second)
			if b.chip.Register(98) == 1 && b.chip.Register(99) == 2 {
				t.Errorf("results of a %v of revision %d are used", c.Part, c.Revision)
			}
		})
	}
}

// TestFastRecovery: a reset in a call interrupts the feed for at most 400 ms,
// most of it until the sanity poll.
func TestFastRecovery(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		b.phone.Lift()
		b.want(slic.OffHook, "", hookLimit)
		b.quiet(time.Second)
		begin := time.Now()
		b.chip.Inject(model.SpontaneousReset)
		b.want(slic.ChipReset, "chip was reset", 300*time.Millisecond)
		if _, took := b.want(slic.Ready, "", time.Second); took > 100*time.Millisecond {
			t.Errorf("recovery took %v", took)
		}
		for b.phone.Sense().Amps < 0.018 {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(begin); took > 400*time.Millisecond {
			t.Errorf("no loop current for %v", took)
		}
		b.quiet(time.Second)
	})
}

// TestResetStorm: eleven resets in a row are no longer coped with at once.
func TestResetStorm(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		for range 10 {
			b.chip.Inject(model.SpontaneousReset)
			b.want(slic.ChipReset, "", time.Second)
			b.want(slic.Ready, "", time.Second)
		}
		b.chip.Inject(model.SpontaneousReset)
		b.want(slic.Lost, "chip was reset", time.Second)
		b.want(slic.Ready, "", 10*time.Second)
	})
}

func TestOverload(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		b.chip.Inject(model.Overload)
		if _, took := b.want(slic.PowerAlarm, "power alarm of Q1, Q5", time.Second); took > 10*time.Millisecond {
			t.Errorf("alarm reported after %v", took)
		}
		b.quiet(150 * time.Millisecond)
		if !b.phone.Drive().Open {
			t.Error("the line is fed while it should cool")
		}
		b.want(slic.Ready, "", time.Second)
		b.quiet(time.Second)
		b.works(hookLimit)
	})
}

// TestOverloadWhileRinging: the line takes battery before it rings again.
func TestOverloadWhileRinging(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		b.dev.SetFeed(slic.Ringing)
		b.quiet(500 * time.Millisecond)
		b.chip.Inject(model.Overload)
		b.want(slic.PowerAlarm, "", time.Second)
		b.quiet(250 * time.Millisecond)
		if got := b.chip.Linefeed(); got != 1 {
			t.Errorf("LFS = %d after cooling, want forward active", got)
		}
		b.want(slic.Ready, "", time.Second)
		time.Sleep(10 * time.Millisecond)
		if got := b.chip.Linefeed(); got != 4 {
			t.Errorf("LFS = %d after recovery, want ringing", got)
		}
	})
}

// TestAlarmStorm puts RING to ground, which the chip itself notices.
func TestAlarmStorm(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		b.phone.Ground(300)
		alarms := 0
		for kind := slic.Ready; kind != slic.Lost; {
			e := <-b.events
			if kind = e.Kind; kind == slic.PowerAlarm {
				alarms++
			}
		}
		if alarms != 11 || !strings.Contains(b.logged(), "power alarm persists") {
			t.Errorf("lost after %d alarms, want 11; log:\n%s", alarms, b.logged())
		}
		if got := b.chip.Register(14); got != 0x10 {
			t.Errorf("DR14 = %#02x, want the converter off", got)
		}
		b.phone.Ground(0)
		b.want(slic.Ready, "", 10*time.Second)
		b.want(slic.OnHook, "", 500*time.Millisecond) // current to ground was a closed loop
		b.works(hookLimit)
	})
}

// TestAlarmsForgiven: alarms eleven seconds apart never add up.
func TestAlarmsForgiven(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		for range 15 {
			b.chip.Inject(model.Overload)
			b.want(slic.PowerAlarm, "", time.Second)
			b.want(slic.Ready, "", time.Second)
			b.quiet(11 * time.Second)
		}
	})
}

func TestIntStuck(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		b.chip.Inject(model.StuckInt)
		b.want(slic.Note, "INT is stuck low, polling instead", time.Second)
		b.works(hookLimit)
	})
}

// TestIntDead: the watchdog poll finds what INT does not tell and soon polls
// fast.
func TestIntDead(t *testing.T) {
	inBubble(t, setup{faults: []model.Fault{model.DeadInt}}, func(b *bench) {
		b.fed()
		b.phone.Lift()
		b.want(slic.OffHook, "", 130*time.Millisecond)
		b.quiet(time.Second)
		b.phone.Hang()
		b.want(slic.Note, "INT does not go low, polling instead", 130*time.Millisecond)
		b.want(slic.OnHook, "", time.Millisecond)
		b.works(hookLimit)
	})
}

// deafPin refuses to be an input.
type deafPin struct{ gpio.PinIn }

func (deafPin) In(gpio.Pull, gpio.Edge) error { return errors.New("line busy") }

func TestIntBroken(t *testing.T) {
	pins := func(c *model.Chip) si321x.Pins { return si321x.Pins{Reset: c.Reset(), Int: deafPin{c.Int()}} }
	inBubble(t, setup{pins: pins}, func(b *bench) {
		b.want(slic.Ready, "", 10*time.Second)
		b.want(slic.Note, "INT cannot be watched: line busy, polling instead", time.Second)
		b.dev.SetFeed(slic.Forward)
		b.quiet(300 * time.Millisecond)
		b.works(hookLimit)
	})
}

// TestLostByte: a byte that the chip missed shifts all later accesses; the port
// comes into step again, now and then by a reset, and sends no wrong hook event.
func TestLostByte(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		for range 10 {
			b.chip.Inject(model.LostByte)
			deadline := time.After(12 * time.Second)
			for alive := true; alive; {
				select {
				case e := <-b.events:
					if e.Kind == slic.OffHook || e.Kind == slic.OnHook {
						t.Fatalf("event %v of a phone nobody touched", e.Kind)
					}
				case <-deadline:
					alive = false
				}
			}
			b.works(hookLimit)
		}
		if n := strings.Count(b.logged(), "line lost"); n > 3 {
			t.Errorf("lost %d times in ten", n)
		}
	})
}

// TestBitErrors: one of 200 bytes is wrong. A minute of that may cost events
// that are true of a bad bus, but no hook event, and hook is still reported.
func TestBitErrors(t *testing.T) {
	seeds := uint64(2)
	if full() {
		seeds = 20
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inBubble(t, setup{model: model.Opts{Seed: seed}, faults: []model.Fault{model.BitErrors}}, func(b *bench) {
				b.wait(slic.Ready, 60*time.Second)
				b.dev.SetFeed(slic.Forward)
				end := time.After(time.Minute)
				for running := true; running; {
					select {
					case e := <-b.events:
						if e.Kind == slic.OffHook || e.Kind == slic.OnHook {
							t.Fatalf("event %v of a phone nobody touched; log:\n%s", e.Kind, b.logged())
						}
					case <-end:
						running = false
					}
				}
				b.phone.Lift()
				b.wait(slic.OffHook, 2*time.Second)
				b.phone.Hang()
				b.wait(slic.OnHook, 2*time.Second)
			})
		})
	}
}

// wait takes events until one of a kind.
func (b *bench) wait(kind slic.EventKind, limit time.Duration) {
	b.Helper()
	late := time.After(limit)
	for {
		select {
		case e := <-b.events:
			if e.Kind == kind {
				return
			}
		case <-late:
			b.Fatalf("no %v within %v; log:\n%s", kind, limit, b.logged())
		}
	}
}

// TestRingTripBlind: a detector that never trips leaves the answer to the
// silent part of the cadence; the second time that is told.
func TestRingTripBlind(t *testing.T) {
	inBubble(t, setup{faults: []model.Fault{model.NoRingTrip}}, func(b *bench) {
		b.fed()
		for n := range 2 {
			b.dev.SetFeed(slic.Ringing)
			b.quiet(500 * time.Millisecond)
			b.phone.Lift()
			b.quiet(500 * time.Millisecond)
			b.dev.SetFeed(slic.OnHookTransmit)
			b.want(slic.OffHook, "", 200*time.Millisecond)
			if n == 1 {
				b.want(slic.Note, "ring trip does not see them", time.Millisecond)
			}
			b.dev.SetFeed(slic.Forward)
			b.quiet(time.Second)
			b.phone.Hang()
			b.want(slic.OnHook, "", hookLimit)
		}
	})
}

// TestShortWhileRinging: a short looks like an answer and ends the ringing.
func TestShortWhileRinging(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		b.dev.SetFeed(slic.Ringing)
		b.quiet(500 * time.Millisecond)
		b.phone.Short(true)
		b.want(slic.OffHook, "", 200*time.Millisecond)
		b.quiet(30 * time.Second)
		b.phone.Short(false)
		b.want(slic.OnHook, "", 100*time.Millisecond)
		b.quiet(time.Second)
		if b.chip.Linefeed() != 1 {
			t.Error("the line rings again without being asked")
		}
	})
}

// TestFlapping: a contact that never rests, at every rate up to what the
// debounce lets through, makes alternating events in the order of their times.
func TestFlapping(t *testing.T) {
	inBubble(t, setup{}, func(b *bench) {
		b.fed()
		random := rand.New(rand.NewPCG(1, 2))
		off := false
		for range 500 {
			if off = !off; off {
				b.phone.Lift()
			} else {
				b.phone.Hang()
			}
			time.Sleep(time.Duration(1+random.IntN(60)) * time.Millisecond)
		}
		b.phone.Hang()
		time.Sleep(200 * time.Millisecond)
		state, n := slic.OnHook, 0
		var last time.Time
		for len(b.events) > 0 {
			e := <-b.events
			if e.Kind == state || e.Kind != slic.OffHook && e.Kind != slic.OnHook || e.At.Before(last) {
				t.Fatalf("event %v at %v after %v at %v", e.Kind, e.At, state, last)
			}
			state, last, n = e.Kind, e.At, n+1
		}
		if state != slic.OnHook || n < 50 {
			t.Errorf("%d events, the last is %v", n, state)
		}
	})
}

// brokenPort fails when told to, as a bus driver does with EPIPE.
type brokenPort struct {
	spi.Port
	broken *atomic.Bool
}

type brokenConn struct {
	spi.Conn
	broken *atomic.Bool
}

func (p brokenPort) Connect(f physic.Frequency, m spi.Mode, bits int) (spi.Conn, error) {
	c, err := p.Port.Connect(f, m, bits)
	return brokenConn{c, p.broken}, err
}

var errPipe = errors.New("broken pipe")

func (c brokenConn) TxPackets(p []spi.Packet) error {
	if c.broken.Load() {
		return errPipe
	}
	return c.Conn.TxPackets(p)
}

func (c brokenConn) Tx(w, r []byte) error {
	if c.broken.Load() {
		return errPipe
	}
	return c.Conn.Tx(w, r)
}

func TestBusError(t *testing.T) {
	var broken atomic.Bool
	s := setup{port: func(p spi.Port) spi.Port { return brokenPort{p, &broken} }}
	inBubble(t, s, func(b *bench) {
		b.fed()
		time.Sleep(time.Microsecond) // past the instants at which Run wakes
		broken.Store(true)
		e, _ := b.want(slic.Lost, "broken pipe", time.Second)
		if !errors.Is(e.Err, errPipe) {
			t.Errorf("%v does not wrap the bus's error", e.Err)
		}
		time.Sleep(2 * time.Second)
		broken.Store(false)
		b.want(slic.Ready, "", 10*time.Second)
		b.quiet(time.Second)
		b.works(hookLimit)
	})
}

// byteConn has no packets, like several ports of periph.
type byteConn struct{ spi.Conn }

func (byteConn) TxPackets([]spi.Packet) error { return errors.New("not implemented") }

type bytePort struct{ spi.Port }

func (p bytePort) Connect(f physic.Frequency, m spi.Mode, bits int) (spi.Conn, error) {
	c, err := p.Port.Connect(f, m, bits)
	return byteConn{c}, err
}

// TestByteTransfers: a port without packets is noticed, and the option avoids
// the attempt.
func TestByteTransfers(t *testing.T) {
	for _, forced := range []bool{false, true} {
		s := setup{port: func(p spi.Port) spi.Port { return bytePort{p} }, opts: si321x.Opts{ByteTransfer: forced}}
		inBubble(t, s, func(b *bench) {
			b.fed()
			b.works(hookLimit)
			if told := strings.Contains(b.logged(), "one transfer per byte"); told == forced {
				t.Errorf("forced %v: log says so: %v", forced, told)
			}
		})
	}
}
