package handset_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/handset"
	"github.com/ata-agent/ata-agent/slic/handset/model"
)

// fingers use the telephone as the test says.
type fingers struct {
	mu    sync.Mutex
	doing model.Doing
	heard model.Heard
}

func (f *fingers) Step(h model.Heard) model.Doing {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = h
	return f.doing
}

func (f *fingers) do(d model.Doing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.doing = d
}

func (f *fingers) lamp() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.heard.Lamp
}

// events are what a telephone reports, as text.
type events struct {
	mu   sync.Mutex
	list []string
}

func (e *events) add(ev slic.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	text := ev.Kind.String()
	if ev.Kind == slic.Key {
		text += " " + string(ev.Key)
	}
	e.list = append(e.list, text)
}

// take returns what came since it was called last.
func (e *events) take() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	text := strings.Join(e.list, ", ")
	e.list = nil
	return text
}

// world runs a telephone in a bubble until the end of the test's function.
type world struct {
	set    *model.Set
	dev    *handset.Dev
	user   *fingers
	events events
}

func run(t *testing.T, parts func(*handset.Parts), f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{user: &fingers{}}
		s, dev, speaker := set(t, model.Opts{User: w.user}, handset.Opts{})
		w.set, w.dev = s, dev
		if parts != nil {
			p := handset.Parts{Hook: s.Hook(), Ringer: speaker}
			parts(&p)
			var err error
			if w.dev, err = handset.New(p, handset.Opts{}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.dev.Run(ctx, w.events.add) }()
		halt, halted := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(halted)
			turn := frame(s, speaker)
			for tick := time.NewTicker(time.Millisecond); ; {
				select {
				case <-halt:
					tick.Stop()
					return
				case now := <-tick.C:
					for i := range 8 {
						turn(now.Add(time.Duration(i-8) * 125 * time.Microsecond))
					}
				}
			}
		}()
		time.Sleep(100 * time.Millisecond)
		f(w)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
		close(halt)
		<-halted
	})
}

func TestKeys(t *testing.T) {
	run(t, nil, func(w *world) {
		for _, off := range []bool{false, true} {
			w.user.do(model.Doing{Off: off})
			time.Sleep(100 * time.Millisecond)
			w.events.take()
			for _, key := range "12*RL#" {
				w.user.do(model.Doing{Off: off, Key: byte(key)})
				time.Sleep(60 * time.Millisecond)
				w.user.do(model.Doing{Off: off})
				time.Sleep(60 * time.Millisecond)
			}
			if got, want := w.events.take(), "key 1, key 2, key *, key R, key L, key #"; got != want {
				t.Errorf("off hook %v: %s, want %s", off, got, want)
			}
		}
	})
}

// TestTrouble has all pins fail during ringing: the telephone is lost once and
// comes back.
func TestTrouble(t *testing.T) {
	run(t, nil, func(w *world) {
		w.dev.SetFeed(slic.Ringing)
		time.Sleep(time.Second)
		w.set.Fail(true)
		time.Sleep(20 * time.Second)
		w.set.Fail(false)
		time.Sleep(20 * time.Second)
		w.user.do(model.Doing{Off: true})
		time.Sleep(100 * time.Millisecond)
		if got, want := w.events.take(), "ready, lost, ready, offhook"; got != want {
			t.Errorf("events: %s, want %s", got, want)
		}
	})
}

// TestLostEdges lifts the handset while the switch tells no edges.
func TestLostEdges(t *testing.T) {
	run(t, func(p *handset.Parts) { p.Hook = mute{p.Hook} }, func(w *world) {
		w.events.take()
		w.user.do(model.Doing{Off: true})
		time.Sleep(200 * time.Millisecond)
		if got := w.events.take(); got != "offhook" {
			t.Errorf("events: %s, want offhook", got)
		}
	})
}

// mute is a pin that promises edges and has none.
type mute struct{ gpio.PinIn }

func (mute) WaitForEdge(d time.Duration) bool { time.Sleep(d); return false }

// notes is a ringer that remembers.
type notes struct {
	tones []physic.Frequency
	times []time.Time
}

func (n *notes) Sound(f physic.Frequency) error {
	n.tones, n.times = append(n.tones, f), append(n.times, time.Now())
	return nil
}

func TestWarbleFollowsTheCountry(t *testing.T) {
	for _, f := range []physic.Frequency{20 * physic.Hertz, 25 * physic.Hertz} {
		n := &notes{}
		run(t, func(p *handset.Parts) { p.Ringer = n }, func(w *world) {
			if err := w.dev.Configure(slic.Electrical{RingFrequency: f}); err != nil {
				t.Fatal(err)
			}
			n.tones, n.times = nil, nil
			w.dev.SetFeed(slic.Ringing)
			time.Sleep(time.Second)
			w.dev.SetFeed(slic.OnHookTransmit)
			time.Sleep(time.Second)
		})
		turns := int(2 * f / physic.Hertz)
		if got := len(n.tones); got < turns || got > turns+4 {
			t.Errorf("%v: %d tones in a second, want %d", f, got, turns)
		}
		for i := 1; i < turns; i++ {
			if gap := n.times[i].Sub(n.times[i-1]); (gap-f.Period()/2).Abs() > time.Millisecond || n.tones[i] == n.tones[i-1] {
				t.Fatalf("%v: tone %d is %v after %v of %v", f, i, n.tones[i], gap, n.tones[i-1])
			}
		}
		if last := n.tones[len(n.tones)-1]; last != 0 {
			t.Errorf("the ringer is left with %v", last)
		}
	}
}

// board is a display that fails at times.
type board struct {
	mu    sync.Mutex
	err   error
	shown [][]string
}

func (b *board) Show(lines []string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.shown = append(b.shown, lines)
	}
	return b.err
}

func (b *board) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func (b *board) last() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shown[len(b.shown)-1]
}

func TestPanel(t *testing.T) {
	b := &board{}
	fit := func(p *handset.Parts) { p.Display = b }
	run(t, fit, func(w *world) {
		w.dev.Show(slic.Screen{Status: "Rings", Number: "102", Name: "Ada", Messages: true})
		time.Sleep(time.Millisecond)
		if want := []string{"Rings", "102", "Ada", "Messages"}; !slices.Equal(b.last(), want) {
			t.Errorf("the display shows %q, want %q", b.last(), want)
		}
		b.fail(errors.New("no answer"))
		w.dev.Show(slic.Screen{Status: "Talking"})
		time.Sleep(30 * time.Second)
		b.fail(nil)
		time.Sleep(6 * time.Second)
		if want := []string{"Talking", "", "", ""}; !slices.Equal(b.last(), want) {
			t.Errorf("the display shows %q, want %q", b.last(), want)
		}
		if got, want := w.events.take(), "ready, note"; got != want {
			t.Errorf("events: %s, want %s", got, want)
		}
	})
	if got := b.last(); got != nil {
		t.Errorf("the display is left with %q", got)
	}
}

func TestLamp(t *testing.T) {
	run(t, nil, func(w *world) {
		for _, on := range []bool{true, false, true} {
			w.dev.Show(slic.Screen{Messages: on})
			time.Sleep(2 * time.Millisecond)
			if w.user.lamp() != on {
				t.Errorf("lamp %v, want %v", w.user.lamp(), on)
			}
		}
	})
}

func TestNewRefuses(t *testing.T) {
	hook, ringer := model.New(model.Opts{}).Hook(), handset.NewSpeaker(0)
	for i, tt := range []struct {
		parts handset.Parts
		opts  handset.Opts
	}{
		{handset.Parts{Ringer: ringer}, handset.Opts{}},
		{handset.Parts{Hook: hook}, handset.Opts{}},
		{handset.Parts{Hook: hook, Ringer: ringer}, handset.Opts{HookDebounce: time.Second}},
	} {
		if _, err := handset.New(tt.parts, tt.opts); err == nil {
			t.Errorf("New accepts case %d", i)
		}
	}
}

// TestSpeaker measures level and silence of the loudspeaker and that playing
// allocates nothing.
func TestSpeaker(t *testing.T) {
	s := handset.NewSpeaker(-10)
	block := make([]int16, 80)
	if err := s.Sound(2000 * physic.Hertz); err != nil {
		t.Fatal(err)
	}
	s.Read(block)
	s.Read(block)
	var sum float64
	for _, v := range block {
		sum += float64(v) * float64(v)
	}
	if got := 10*math.Log10(sum/80) - 20*math.Log10(32768/math.Sqrt2) + 3.14; math.Abs(got+10) > 0.1 {
		t.Errorf("level = %.2f dBm0, want -10", got)
	}
	if n := testing.AllocsPerRun(100, func() { s.Read(block) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if err := s.Sound(0); err != nil {
		t.Fatal(err)
	}
	s.Read(block)
	s.Read(block)
	if slices.Max(block) != 0 || slices.Min(block) != 0 {
		t.Error("a silent speaker sounds")
	}
}

func ExampleText() {
	fmt.Println(strings.Join(handset.Text(slic.Screen{Status: "Calling", Number: "5551234"}), "|"))
	// Output: Calling|5551234||
}
