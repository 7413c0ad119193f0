package gpioslic_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
	"github.com/ata-agent/ata-agent/slic/gpioslic/model"
)

func TestNewRefuses(t *testing.T) {
	m := model.New(model.Opts{})
	good := allPins(m)
	for _, tt := range []struct {
		name string
		pins gpioslic.Pins
		opts gpioslic.Opts
		want string
	}{
		{"no SHK", gpioslic.Pins{RM: good.RM, FR: good.FR}, gpioslic.Opts{}, "must be wired"},
		{"no RM", gpioslic.Pins{SHK: good.SHK, FR: good.FR}, gpioslic.Opts{}, "must be wired"},
		{"no F/R", gpioslic.Pins{SHK: good.SHK, RM: good.RM}, gpioslic.Opts{}, "must be wired"},
		{"kind", good, gpioslic.Opts{Kind: 9}, "a known kind"},
		{"limits crossed", good, gpioslic.Opts{RingMin: 26 * physic.Hertz}, "RingMin <= RingMax"},
		{"limit too high", good, gpioslic.Opts{RingMax: 60 * physic.Hertz}, "RingMax <= 50 Hz"},
		{"limit too low", good, gpioslic.Opts{RingMin: 10 * physic.Hertz}, "15 Hz <= RingMin"},
		{"debounce", good, gpioslic.Opts{HookDebounce: 60 * ms}, "HookDebounce of 2..50 ms"},
		{"wake time", good, gpioslic.Opts{WakeTime: -1}, "WakeTime"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := gpioslic.New(tt.pins, tt.opts)
			if err == nil || !strings.HasPrefix(err.Error(), "gpioslic: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// TestNewTouchesNoPin makes a port on pins that fail.
func TestNewTouchesNoPin(t *testing.T) {
	m := model.New(model.Opts{})
	m.Inject(model.PinsFail)
	if _, err := gpioslic.New(allPins(m), gpioslic.Opts{}); err != nil {
		t.Errorf("New: %v", err)
	}
}

func TestCaps(t *testing.T) {
	m := model.New(model.Opts{})
	for _, tt := range []struct {
		name string
		pins gpioslic.Pins
		opts gpioslic.Opts
		want slic.Caps
	}{
		{"bare", noPD(m), gpioslic.Opts{}, slic.Caps{Reversal: true, RingFrequency: true}},
		{"PD", allPins(m), gpioslic.Opts{}, slic.Caps{Reversal: true, RingFrequency: true, OpenLoop: true}},
		{"bias resistor", noPD(m), gpioslic.Opts{OnHookAudio: true}, slic.Caps{Reversal: true, RingFrequency: true, OnHookTransmit: true}},
	} {
		dev, err := gpioslic.New(tt.pins, tt.opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := dev.Caps(); got != tt.want {
			t.Errorf("%s: Caps = %+v, want %+v", tt.name, got, tt.want)
		}
		if _, err := dev.Measure(); !errors.Is(err, slic.ErrUnsupported) {
			t.Errorf("%s: Measure: %v, want ErrUnsupported", tt.name, err)
		}
		if dev.String() != "gpioslic" {
			t.Errorf("%s: name %q", tt.name, dev)
		}
	}
}

// TestNotes asks for all that the module cannot do: each is told once.
func TestNotes(t *testing.T) {
	onBench(t, setup{pins: noPD}, func(b *bench) {
		b.ready()
		for range 3 {
			for _, e := range []slic.Electrical{
				{Impedance: slic.Z270_750},
				{ToPhoneGain: -3},
				{LoopCurrent: 40 * physic.MilliAmpere},
				{RingVoltage: 70 * physic.Volt},
				{OnHookVoltage: 40 * physic.Volt},
				{RingFrequency: 33 * physic.Hertz},
			} {
				if err := b.dev.Configure(e); err != nil {
					t.Fatal(err)
				}
				time.Sleep(ms)
			}
			b.dev.SetFeed(slic.Open)
			time.Sleep(ms)
		}
		want := []string{"impedance", "no gains", "loop current", "ringing voltage", "on-hook voltage", "25Hz instead of 33Hz", "PD is not wired"}
		if len(b.events) != len(want) {
			t.Errorf("%d events, want %d notes", len(b.events), len(want))
		}
		for _, w := range want {
			b.wantNote(w, ms)
		}
		if v := b.voltage(1)[0]; v != 48 {
			t.Errorf("a port that cannot open the loop has %v V", v)
		}
		if err := b.dev.Configure(slic.Electrical{RingFrequency: 5 * physic.Hertz}); err == nil {
			t.Error("Configure accepts 5 Hz")
		}
	})
}

// stiff is an input whose pull cannot be set, as of a kernel's sysfs.
type stiff struct{ gpio.PinIO }

func (s stiff) In(pull gpio.Pull, edge gpio.Edge) error {
	if pull != gpio.PullNoChange {
		return errors.New("no pulls here")
	}
	return s.PinIO.In(pull, edge)
}

func TestPullsThatCannotBeSet(t *testing.T) {
	for _, low := range []bool{false, true} {
		s := setup{
			model: model.Opts{SHKActiveLow: low}, opts: gpioslic.Opts{SHKActiveLow: low},
			pins: func(m *model.Module) gpioslic.Pins {
				p := allPins(m)
				p.SHK = stiff{m.SHK()}
				return p
			},
		}
		onBench(t, s, func(b *bench) {
			b.ready()
			b.phone.Lift()
			b.want(slic.OffHook, 40*ms)
		})
	}
}

func TestKindNames(t *testing.T) {
	for kind, want := range map[gpioslic.Kind]string{gpioslic.Ag1171: "ag1171", gpioslic.KS0835F: "ks0835f", 7: "kind(7)"} {
		if got := kind.String(); got != want {
			t.Errorf("kind %d is called %q, want %q", uint8(kind), got, want)
		}
	}
}

func TestRunTwice(t *testing.T) {
	onBench(t, setup{}, func(b *bench) {
		b.ready()
		if err := b.dev.Run(t.Context(), func(slic.Event) {}); err == nil || !strings.Contains(err.Error(), "already running") {
			t.Errorf("second Run = %v", err)
		}
	})
}

// recorder is a pin that writes down what is done to it.
type recorder struct {
	gpio.PinIO
	name string
	log  *[]string
}

func (r recorder) Out(l gpio.Level) error {
	*r.log = append(*r.log, r.name+" "+l.String())
	return r.PinIO.Out(l)
}

func (r recorder) In(pull gpio.Pull, edge gpio.Edge) error {
	*r.log = append(*r.log, r.name+" "+pull.String())
	return r.PinIO.In(pull, edge)
}

// TestOrder is the order in which pins are worked at start, for a burst and at
// the end.
func TestOrder(t *testing.T) {
	var log []string
	record := func(m *model.Module) gpioslic.Pins {
		return gpioslic.Pins{
			SHK: m.SHK(), RM: recorder{m.RM(), "RM", &log}, FR: recorder{m.FR(), "F/R", &log}, PD: recorder{m.PD(), "PD", &log},
		}
	}
	step := func(what string, want ...string) {
		t.Helper()
		if got := strings.Join(log, ", "); got != strings.Join(want, ", ") {
			t.Errorf("%s: %s, want %s", what, got, strings.Join(want, ", "))
		}
		log = nil
	}
	onBench(t, setup{pins: record}, func(b *bench) {
		b.want(slic.Ready, ms)
		step("start", "PD Low", "F/R High", "RM Low")
		b.feed(slic.Forward)
		step("forward", "PD Float")
		b.dev.SetFeed(slic.Ringing)
		b.quiet(60 * ms)
		step("ringing", "RM High", "F/R Low", "F/R High", "F/R Low")
		b.feed(slic.Forward)
		step("end of ringing", "F/R High", "RM Low")
		b.feed(slic.Reverse)
		step("reverse", "F/R Low")
		b.feed(slic.Open)
		step("open", "PD Low")
		b.feed(slic.OnHookTransmit)
		step("forward", "F/R High", "PD Float")
	})
	step("end", "RM Low", "F/R High", "PD Low")
}

// TestEndOfRun cancels before Run begins.
func TestEndOfRun(t *testing.T) {
	m := model.New(model.Opts{})
	dev, err := gpioslic.New(allPins(m), gpioslic.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errOver)
	if err := dev.Run(ctx, func(e slic.Event) { t.Errorf("event %v", e.Kind) }); !errors.Is(err, errOver) {
		t.Errorf("Run = %v, want the cause", err)
	}
	blameless(t, m)
}
