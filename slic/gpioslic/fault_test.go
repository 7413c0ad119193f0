package gpioslic_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
	"github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
)

// TestOffHookAtStart begins with the handset off.
func TestOffHookAtStart(t *testing.T) {
	for name, pins := range map[string]func(*model.Module) gpioslic.Pins{"PD": allPins, "no PD": noPD} {
		t.Run(name, func(t *testing.T) {
			phone := slictest.NewTelephone(400, 1)
			phone.Lift()
			onBench(t, setup{phone: phone, pins: pins}, func(b *bench) {
				b.want(slic.Ready, 10*ms)
				b.dev.SetFeed(slic.Forward)
				b.want(slic.OffHook, 300*ms)
				b.quiet(time.Second)
				b.phone.Hang()
				b.want(slic.OnHook, 80*ms)
			})
		})
	}
}

// TestBlindRingTrip has a module that does not see an answer while it rings: the
// pause of the cadence does.
func TestBlindRingTrip(t *testing.T) {
	onBench(t, setup{}, func(b *bench) {
		b.module.Inject(model.NoRingTrip)
		b.ready()
		b.dev.SetFeed(slic.Ringing)
		b.quiet(500 * ms)
		b.phone.Lift()
		b.quiet(500 * ms)
		b.dev.SetFeed(slic.OnHookTransmit)
		b.want(slic.OffHook, 200*ms)
		b.dev.SetFeed(slic.Ringing)
		b.quiet(200 * ms)
		if volts, _ := b.ringing(); volts != 0 {
			t.Errorf("a phone off hook is rung with %.1f V", volts)
		}
	})
}

// TestShortWhileRinging takes a short for an answer and knows when it is gone.
func TestShortWhileRinging(t *testing.T) {
	onBench(t, setup{}, func(b *bench) {
		b.ready()
		b.dev.SetFeed(slic.Ringing)
		b.quiet(500 * ms)
		b.phone.Short(true)
		b.want(slic.OffHook, 200*ms)
		b.quiet(time.Second)
		b.phone.Short(false)
		b.want(slic.OnHook, 80*ms)
		b.dev.SetFeed(slic.Ringing)
		b.quiet(100 * ms)
		if volts, _ := b.ringing(); volts < 50 {
			t.Errorf("the line rings with %.1f V after the short", volts)
		}
	})
}

// TestLongBounce bounces for longer than the debounce time: one event each.
func TestLongBounce(t *testing.T) {
	onBench(t, setup{}, func(b *bench) {
		b.ready()
		b.phone.SetBounce(80 * ms)
		for range 5 {
			lifted := time.Now()
			b.phone.Lift()
			e := b.want(slic.OffHook, 130*ms)
			if d := e.At.Sub(lifted); d > 15*ms {
				t.Errorf("off hook is dated %v after the first contact", d)
			}
			b.quiet(300 * ms)
			b.phone.Hang()
			b.want(slic.OnHook, 130*ms)
			b.quiet(300 * ms)
		}
	})
}

// TestFlapping has a cradle that never rests: events alternate and the line
// survives.
func TestFlapping(t *testing.T) {
	onBench(t, setup{}, func(b *bench) {
		b.ready()
		random := rand.New(rand.NewPCG(1, 2))
		off := false
		for range 500 {
			if random.IntN(2) == 0 {
				b.phone.Lift()
			} else {
				b.phone.Hang()
			}
			time.Sleep(time.Duration(random.IntN(30)) * ms)
		}
		b.phone.Hang()
		time.Sleep(200 * ms)
		for len(b.events) > 0 {
			if e := <-b.events; e.Kind != slic.Note {
				if now := e.Kind == slic.OffHook; now == off {
					t.Fatalf("two events %v in a row", e.Kind)
				}
				off = !off
			}
		}
		if off {
			t.Error("the line is off hook at the end")
		}
	})
}

// TestStuckSHK is a line that seems off hook: it is not rung, and works again
// when the wire is mended.
func TestStuckSHK(t *testing.T) {
	onBench(t, setup{}, func(b *bench) {
		b.ready()
		b.module.Inject(model.StuckSHK)
		b.want(slic.OffHook, 40*ms)
		b.dev.SetFeed(slic.Ringing)
		b.quiet(time.Second)
		b.module.Clear(model.StuckSHK)
		b.want(slic.OnHook, 40*ms)
		b.dev.SetFeed(slic.Ringing)
		b.quiet(300 * ms)
	})
}

// TestNoSupply is a module that lost its supply: nobody can tell, the phone seems
// on hook, and all is well when the supply is back.
func TestNoSupply(t *testing.T) {
	onBench(t, setup{}, func(b *bench) {
		b.ready()
		b.phone.Lift()
		b.want(slic.OffHook, 40*ms)
		b.module.Inject(model.NoSupply)
		b.want(slic.OnHook, 40*ms)
		b.quiet(time.Second)
		b.module.Clear(model.NoSupply)
		b.want(slic.OffHook, 200*ms)
	})
}

// TestPinsFail takes the GPIO controller away, idle and while the phone rings.
// The port is lost once, comes back by itself and does what is wanted.
func TestPinsFail(t *testing.T) {
	for _, feed := range []slic.Feed{slic.Forward, slic.Ringing} {
		t.Run(feed.String(), func(t *testing.T) {
			s := setup{}
			if feed == slic.Ringing {
				s.pins = plainSHK // F/R finds out
			}
			onBench(t, s, func(b *bench) {
				b.ready()
				b.dev.SetFeed(feed)
				b.quiet(300 * ms)
				b.module.Inject(model.PinsFail)
				b.forgive = feed == slic.Ringing // RM cannot be taken back
				e := b.want(slic.Lost, 200*ms)
				if !strings.Contains(e.Err.Error(), "gpioslic: ") || errors.Unwrap(e.Err) == nil {
					t.Errorf("Lost because of %v", e.Err)
				}
				b.quiet(30 * time.Second)
				b.module.Clear(model.PinsFail)
				b.want(slic.Ready, 11*time.Second)
				b.quiet(500 * ms)
				if volts, _ := b.ringing(); (volts > 50) != (feed == slic.Ringing) {
					t.Errorf("after recovery the line rings with %.1f V, feed %v", volts, feed)
				}
				b.phone.Lift()
				b.want(slic.OffHook, 200*ms)
			})
		})
	}
}

// TestLostEdges has a controller that loses every edge: the poll finds the hook.
func TestLostEdges(t *testing.T) {
	quiet := func(m *model.Module) gpioslic.Pins {
		p := allPins(m)
		p.SHK = mute{m.SHK()}
		return p
	}
	onBench(t, setup{pins: quiet}, func(b *bench) {
		b.ready()
		for range 5 {
			b.phone.Lift()
			b.want(slic.OffHook, 200*ms)
			b.phone.Hang()
			b.want(slic.OnHook, 200*ms)
			b.dev.SetFeed(slic.Ringing)
			b.quiet(500 * ms)
			b.phone.Lift()
			b.want(slic.OffHook, 300*ms)
			b.dev.SetFeed(slic.Forward)
			b.phone.Hang()
			b.want(slic.OnHook, 300*ms)
		}
	})
}
