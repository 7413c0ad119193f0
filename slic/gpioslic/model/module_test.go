package model_test

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

const ms = time.Millisecond

// bench is a module with a telephone and a hand on its pins.
type bench struct {
	*testing.T
	*model.Module
	phone *slictest.Telephone
	now   time.Time
	dr    [4]byte
	dx    [4]byte
}

func newBench(t *testing.T, opts model.Opts) *bench {
	b := &bench{T: t, phone: slictest.NewTelephone(400, 1), now: time.Unix(1000, 0)}
	opts.Pair = b.phone
	b.Module = model.New(opts)
	return b
}

// run lives for d and calls look, if there is one, after each frame.
func (b *bench) run(d time.Duration, look func()) {
	for range d / model.FrameTime {
		b.Frame(b.now, b.dr[:], b.dx[:])
		b.now = b.now.Add(model.FrameTime)
		if look != nil {
			look()
		}
	}
}

func (b *bench) set(pin gpio.PinOut, l gpio.Level) {
	b.Helper()
	if err := pin.Out(l); err != nil {
		b.Fatal(err)
	}
}

// ring toggles F/R n times.
func (b *bench) ring(n int, half time.Duration, look func()) {
	b.set(b.RM(), gpio.High)
	for i := range n {
		b.set(b.FR(), gpio.Level(i%2 == 1))
		b.run(half, look)
	}
}

// settled lets the feed come up and forgets the edges of that.
func (b *bench) settled() {
	b.run(time.Second, nil)
	if err := b.SHK().In(gpio.Float, gpio.BothEdges); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) volts() float64 { return b.phone.Drive().Volts }

// closed is what SHK says, active high.
func (b *bench) closed() bool { return bool(b.SHK().Read()) }

func TestFeed(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind model.Kind
		amps float64
	}{{"Ag1171", model.Ag1171, 0.030}, {"KS0835F", model.KS0835F, 0.027}} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, model.Opts{Kind: tt.kind})
			b.settled()
			if s := b.phone.Sense(); math.Abs(s.Volts-48) > 0.1 || b.closed() {
				t.Errorf("on hook %.1f V, SHK %v", s.Volts, b.closed())
			}
			b.phone.Lift()
			b.run(100*ms, nil)
			if s := b.phone.Sense(); math.Abs(s.Amps-tt.amps) > 1e-6 || !b.closed() {
				t.Errorf("off hook %.1f mA, SHK %v", 1e3*s.Amps, b.closed())
			}
			b.set(b.FR(), gpio.Low)
			b.run(100*ms, nil)
			if s := b.phone.Sense(); math.Abs(s.Amps+tt.amps) > 1e-6 || !b.closed() {
				t.Errorf("reversed %.1f mA, SHK %v", 1e3*s.Amps, b.closed())
			}
			b.set(b.PD(), gpio.Low)
			b.run(20*ms, nil)
			if !b.phone.Drive().Open || b.closed() {
				t.Errorf("PD low drives %+v, SHK %v", b.phone.Drive(), b.closed())
			}
			if err := b.PD().In(gpio.Float, gpio.NoEdge); err != nil {
				t.Fatal(err)
			}
			b.run(50*ms, nil)
			if !b.phone.Drive().Open {
				t.Error("the feed comes back at once")
			}
			b.run(100*ms, nil)
			if s := b.phone.Sense(); math.Abs(s.Amps+tt.amps) > 1e-6 {
				t.Errorf("after PD %.1f mA", 1e3*s.Amps)
			}
		})
	}
}

// TestRinging checks that there is ringing voltage only with RM high and 15 to
// 50 Hz on F/R.
func TestRinging(t *testing.T) {
	for _, tt := range []struct {
		name string
		half time.Duration
		rm   bool
		peak float64
	}{
		{"20 Hz", 25 * ms, true, 72},
		{"15 Hz", 33 * ms, true, 72},
		{"25 Hz", 20 * ms, true, 72},
		{"too slow", 50 * ms, true, 72}, // falls back to 48 V within each half
		{"too fast", 6 * ms, true, 48},
		{"without RM", 25 * ms, false, 48},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, model.Opts{})
			b.settled()
			b.ring(20, tt.half, nil)
			b.set(b.RM(), gpio.Level(tt.rm))
			if !tt.rm {
				b.run(50*ms, nil)
			}
			peak, rest := 0.0, 0.0
			for i := range 20 {
				b.set(b.FR(), gpio.Level(i%2 == 1))
				b.run(tt.half, func() { peak = max(peak, math.Abs(b.volts())) })
				rest = max(rest, math.Abs(b.volts()))
			}
			if math.Abs(peak-tt.peak) > 0.5 {
				t.Errorf("peak %.1f V, want %.1f V", peak, tt.peak)
			}
			if tt.name == "too slow" && rest > 48 {
				t.Errorf("%.1f V at the end of a half period of %v", rest, tt.half)
			}
		})
	}
}

// TestHookDelay checks that SHK follows the loop 2 to 10 ms late and chatters.
func TestHookDelay(t *testing.T) {
	touches := 0
	for seed := range uint64(50) {
		b := newBench(t, model.Opts{Seed: seed})
		b.settled()
		lifted := b.now
		b.phone.Lift()
		b.run(50*ms, nil)
		edges := b.edges()
		if len(edges)%2 != 1 {
			t.Fatalf("seed %d: %d edges", seed, len(edges))
		}
		first, last := edges[0].At.Sub(lifted), edges[len(edges)-1].At.Sub(lifted)
		if first < 2*ms || first > 10*ms+model.FrameTime || last-first > 3*ms+model.FrameTime {
			t.Errorf("seed %d: SHK moves from %v to %v after the contact", seed, first, last)
		}
		touches += len(edges) - 1
	}
	if touches == 0 {
		t.Error("SHK never chatters")
	}
}

// edges takes what SHK has queued.
func (b *bench) edges() (all []hal.Edge) {
	pin := b.SHK().(hal.EdgePin)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		waits := !b.Heeded()
		e, err := pin.ReadEdge(ctx)
		if waits != (err == nil) {
			b.Fatalf("Heeded() = %v, then ReadEdge returned %v", !waits, err)
		}
		if err != nil {
			return all
		}
		all = append(all, e)
	}
}

// TestRingTrip lifts during ringing: SHK rises about 100 ms later, at any phase
// and for every load (set ATA_FULL=1 for all of them).
func TestRingTrip(t *testing.T) {
	phases, loads := 1, []float64{0, 5}
	if os.Getenv("ATA_FULL") == "1" {
		phases, loads = 5, []float64{0, 1, 3, 5}
	}
	for _, kind := range []model.Kind{model.Ag1171, model.KS0835F} {
		for _, ren := range loads {
			for phase := range phases {
				b := newBench(t, model.Opts{})
				b.phone = slictest.NewTelephone(400, ren)
				b.Module = model.New(model.Opts{Kind: kind, Delay: 5 * ms, Pair: b.phone})
				b.settled()
				b.ring(40, 25*ms, nil)
				if n := len(b.edges()); n > 0 {
					t.Fatalf("%v REN: %d edges of SHK without an answer", ren, n)
				}
				var lifted, rose time.Time
				start := b.now.Add(time.Duration(phase) * 10 * ms)
				b.ring(12, 25*ms, func() {
					if lifted.IsZero() && !b.now.Before(start) {
						lifted = b.now
						b.phone.Lift()
					}
					if rose.IsZero() && b.closed() {
						rose = b.now
					}
				})
				if took := rose.Sub(lifted); took < 70*ms || took > 130*ms {
					t.Errorf("kind %d, %v REN, phase %d: SHK rises %v after the lift", kind, ren, phase, took)
				}
			}
		}
	}
}

// TestMisuses commits each of them, and none.
func TestMisuses(t *testing.T) {
	burst := func(b *bench) { b.ring(10, 25*ms, nil) }
	for _, tt := range []struct {
		name string
		do   func(b *bench)
		want []model.Misuse
	}{
		{"none", func(b *bench) {
			burst(b)
			b.set(b.RM(), gpio.Low)
		}, nil},
		{"PD high", func(b *bench) { b.set(b.PD(), gpio.High) }, []model.Misuse{model.PDHigh}},
		{"PD pulled up", func(b *bench) { _ = b.PD().In(gpio.PullUp, gpio.NoEdge) }, []model.Misuse{model.PDHigh}},
		{"read back", func(b *bench) { b.RM().Read() }, []model.Misuse{model.OutputRead}},
		{"F/R rests", func(b *bench) {
			burst(b)
			b.run(90*ms, nil)
			b.set(b.RM(), gpio.Low)
		}, []model.Misuse{model.DCRinging}},
		{"RM left on", func(b *bench) {
			burst(b)
			b.run(300*ms, nil)
		}, []model.Misuse{model.DCRinging, model.RMLeftOn}},
		{"ends reversed", func(b *bench) {
			b.ring(9, 25*ms, nil)
			b.set(b.RM(), gpio.Low)
		}, []model.Misuse{model.RMFellReversed}},
		{"ends early", func(b *bench) {
			b.ring(9, 25*ms, nil)
			b.set(b.FR(), gpio.High)
			b.run(10*ms, nil)
			b.set(b.RM(), gpio.Low)
		}, []model.Misuse{model.RMFellEarly}},
		{"rings unfed", func(b *bench) {
			b.set(b.PD(), gpio.Low)
			b.set(b.RM(), gpio.High)
		}, []model.Misuse{model.RingingUnfed}},
		{"too fast", func(b *bench) { b.ring(10, 7*ms, nil) }, []model.Misuse{model.RingingTooFast}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, model.Opts{})
			b.settled()
			tt.do(b)
			if got := b.Misuses(); !slices.Equal(got, tt.want) {
				t.Errorf("misuses %v, want %v", got, tt.want)
			}
		})
	}
}

// TestVoice sends 1 kHz both ways.
func TestVoice(t *testing.T) {
	for _, tt := range []struct {
		name    string
		off     bool
		bias    bool
		audible bool
	}{{"off hook", true, false, true}, {"on hook", false, false, false}, {"on hook with bias", false, true, true}} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, model.Opts{Slot: 1, Bias: tt.bias, TransHybridLoss: 24})
			b.settled()
			if tt.off {
				b.phone.Lift()
				b.phone.Speak(tone(1000, 0.5))
			}
			b.run(200*ms, nil)
			next := tone(700, 8000)
			var sent, said float64
			b.run(200*ms, func() {
				v := b.phone.Drive().Voice
				sent += v * v
				s := float64(int16(binary.BigEndian.Uint16(b.dx[2:])))
				said += s * s
				binary.BigEndian.PutUint16(b.dr[2:], uint16(int16(next())))
			})
			rms := func(sum float64) float64 { return math.Sqrt(sum / 1600) }
			want := 0.0
			if tt.audible {
				want = 8000 / math.Sqrt2 * twowire.VoltsPerUnit
			}
			if got := rms(sent); math.Abs(got-want) > 0.01*want {
				t.Errorf("the pair gets %.4f V, want %.4f V", got, want)
			}
			// The talker, and what of the other voice the hybrid lets through.
			want = 0
			if tt.off {
				want = 0.5 / math.Sqrt2 / twowire.VoltsPerUnit
			}
			if tt.audible {
				want = math.Hypot(want, 0.063*8000/math.Sqrt2)
			}
			if got := rms(said); math.Abs(got-want) > 0.02*want {
				t.Errorf("the highway gets %.0f units, want %.0f", got, want)
			}
			if b.dx[0] != 0 || b.dx[1] != 0 {
				t.Error("the module wrote into another slot")
			}
		})
	}
}

func tone(hertz, amplitude float64) func() float64 {
	n := 0
	return func() float64 {
		n++
		return amplitude * math.Sin(2*math.Pi*hertz*float64(n)/8000)
	}
}

func TestFaults(t *testing.T) {
	b := newBench(t, model.Opts{SHKActiveLow: true})
	b.settled()
	if b.SHK().Read() != gpio.High {
		t.Error("SHK, active low, is low on hook")
	}
	b.Inject(model.StuckSHK)
	b.run(ms, nil)
	if b.SHK().Read() != gpio.Low {
		t.Error("stuck SHK is high")
	}
	b.Clear(model.StuckSHK)
	b.Inject(model.DeadSHK)
	b.phone.Lift()
	b.run(100*ms, nil)
	if b.SHK().Read() != gpio.High {
		t.Error("dead SHK moves")
	}
	b.Clear(model.DeadSHK)
	b.Inject(model.NoSupply)
	b.run(ms, nil)
	if !b.phone.Drive().Open {
		t.Error("a module without supply feeds")
	}
	b.Clear(model.NoSupply)
	b.run(100*ms, nil)
	if b.phone.Drive().Open {
		t.Error("a module does not come back with its supply")
	}
	b.Inject(model.PinsFail)
	for _, p := range []gpio.PinIO{b.RM(), b.FR(), b.PD()} {
		if p.Out(gpio.Low) == nil {
			t.Errorf("%s works although pins fail", p)
		}
	}
	if b.SHK().In(gpio.Float, gpio.BothEdges) == nil || b.PD().In(gpio.Float, gpio.NoEdge) == nil {
		t.Error("pins can be made inputs although they fail")
	}
	if _, err := b.SHK().(hal.EdgePin).ReadEdge(t.Context()); err == nil {
		t.Error("edges are read although pins fail")
	}
}

// TestPins checks what each pin refuses.
func TestPins(t *testing.T) {
	b := newBench(t, model.Opts{})
	for _, p := range []gpio.PinIO{b.RM(), b.FR()} {
		if p.In(gpio.Float, gpio.NoEdge) == nil || p.PWM(gpio.DutyHalf, 20*physic.Hertz) == nil || p.WaitForEdge(0) {
			t.Errorf("%s can be more than an output", p)
		}
	}
	if b.SHK().Out(gpio.High) == nil {
		t.Error("SHK can be driven")
	}
	if b.SHK().WaitForEdge(0) {
		t.Error("an edge of SHK out of nothing")
	}
	b.settled()
	b.phone.Lift()
	b.run(50*ms, nil)
	if !b.SHK().WaitForEdge(time.Second) {
		t.Error("no edge of SHK after the lift")
	}
}

// TestNothingOnThePair feeds a pair without a telephone.
func TestNothingOnThePair(t *testing.T) {
	m := model.New(model.Opts{})
	var dr, dx [2]byte
	now := time.Unix(1000, 0)
	for range 8000 {
		m.Frame(now, dr[:], dx[:])
		now = now.Add(model.FrameTime)
	}
	if m.SHK().Read() || dx != [2]byte{} {
		t.Errorf("an empty pair has SHK %v and says %v", m.SHK().Read(), dx)
	}
}

func TestMisuseNames(t *testing.T) {
	seen := map[string]bool{}
	for u := model.PDHigh; u <= model.RingingTooFast+1; u++ {
		if s := u.String(); s == "" || seen[s] {
			t.Errorf("misuse %d is called %q", u, s)
		}
		seen[u.String()] = true
	}
}

// TestUnclocked keeps the feed while the codec stands still.
func TestUnclocked(t *testing.T) {
	b := newBench(t, model.Opts{})
	b.settled()
	b.ClockStopped()
	b.phone.Lift()
	for range 400 {
		b.Unclocked(b.now)
		b.now = b.now.Add(model.FrameTime)
	}
	if !b.closed() || b.phone.Sense().Amps < 0.029 {
		t.Errorf("without clock %.1f mA, SHK %v", 1e3*b.phone.Sense().Amps, b.closed())
	}
}

func TestFrameAllocs(t *testing.T) {
	b := newBench(t, model.Opts{Bias: true})
	b.settled()
	b.phone.Lift()
	if n := testing.AllocsPerRun(1000, func() { b.Frame(b.now, b.dr[:], b.dx[:]) }); n != 0 {
		t.Errorf("Frame allocates %v times", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	m := model.New(model.Opts{Pair: slictest.NewTelephone(400, 1), Bias: true})
	var dr, dx [4]byte
	now := time.Unix(1000, 0)
	for b.Loop() {
		m.Frame(now, dr[:], dx[:])
		now = now.Add(model.FrameTime)
	}
}
