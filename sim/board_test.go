package sim_test

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
	agmodel "github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
)

const ms = time.Millisecond

// rig is a board that runs: its lines, its world, and a loop that exchanges a
// sine for each line.
type rig struct {
	*sim.Board
	mu     sync.Mutex
	hertz  float64 // of the sine towards all telephones, 0 = silence
	said   []int16 // what line 1 said last
	events []chan slic.Event
}

func onBoard(t *testing.T, opts sim.BoardOpts, f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b, err := sim.NewBoard(opts)
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{Board: b}
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		for _, l := range b.Lines {
			ch := make(chan slic.Event, 1000)
			r.events = append(r.events, ch)
			wait.Go(func() {
				if err := l.Run(ctx, func(e slic.Event) { ch <- e }); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			})
		}
		world, stop := context.WithCancel(t.Context())
		turned := make(chan struct{})
		go func() {
			defer close(turned)
			r.turn(world, t)
		}()
		f(t, r)
		cancel()
		wait.Wait()
		stop()
		<-turned
	})
}

func (r *rig) turn(ctx context.Context, t *testing.T) {
	to, from := blocks(r.Board), blocks(r.Board)
	for n := 0; ctx.Err() == nil; {
		r.mu.Lock()
		for i := range to[0] {
			v := int16(0)
			if r.hertz > 0 {
				v = int16(dsp.DBm0(-13).Amplitude() * math.Sin(2*math.Pi*r.hertz*float64(n)/8000))
			}
			n++
			for ch := range to {
				to[ch][i] = v
			}
		}
		r.mu.Unlock()
		if err := r.PCM.Exchange(to, from); err != nil && !errors.Is(err, hal.ErrClockLost) {
			t.Error(err)
			return
		}
		r.mu.Lock()
		r.said = append(r.said[:0], from[0]...)
		r.mu.Unlock()
	}
}

func blocks(b *sim.Board) (out [][]int16) {
	for range b.PCM.Channels() {
		out = append(out, make([]int16, b.PCM.Period()))
	}
	return out
}

func (r *rig) next(t *testing.T, line int, want slic.EventKind) slic.Event {
	t.Helper()
	for {
		select {
		case e := <-r.events[line]:
			if e.Kind == slic.Note {
				continue
			}
			if e.Kind != want {
				t.Fatalf("line %d: %v (%v), want %v", line, e.Kind, e.Err, want)
			}
			return e
		case <-time.After(10 * time.Second):
			t.Fatalf("line %d: no %v within 10 s", line, want)
		}
	}
}

func (r *rig) ready(t *testing.T) {
	t.Helper()
	for i, l := range r.Lines {
		r.next(t, i, slic.Ready)
		l.SetFeed(slic.Forward)
	}
	time.Sleep(500 * ms)
}

func (r *rig) do(t *testing.T, phone int, sequence string) string {
	t.Helper()
	var out strings.Builder
	if err := r.Do(t.Context(), phone, strings.Fields(sequence), &out); err != nil {
		t.Fatalf("%s: %v", sequence, err)
	}
	return out.String()
}

// onBoards runs f on every kind of board.
func onBoards(t *testing.T, opts sim.BoardOpts, f func(t *testing.T, r *rig)) {
	for name, hardware := range map[string]sim.Hardware{"Si321x": sim.Si321x, "Ag1171": sim.Ag1171} {
		t.Run(name, func(t *testing.T) {
			opts.Hardware = hardware
			onBoard(t, opts, f)
		})
	}
}

// Real drivers over chip models hear a real handset.
func TestBoardHookAndVoice(t *testing.T) {
	onBoards(t, sim.BoardOpts{Lines: 3, Seed: 1}, func(t *testing.T, r *rig) {
		r.ready(t)
		if s := r.Phones[1].State(); s.Volts < 45 || s.Volts > 51 || s.Polarity != sim.Normal {
			t.Errorf("on hook: %v", s)
		}
		lifted := time.Now()
		r.do(t, 2, "offhook")
		e := r.next(t, 1, slic.OffHook)
		if d := e.At.Sub(lifted); d < 0 || d > 60*ms {
			t.Errorf("off hook reported for %v after the lift", d)
		}
		r.mu.Lock()
		r.hertz = 1000
		r.mu.Unlock()
		time.Sleep(400 * ms)
		s := r.Phones[1].State()
		if len(s.Sound) != 1 || math.Abs(s.Sound[0].Hertz-1000) > 2 || math.Abs(s.Sound[0].Level+13.7) > 0.3 {
			t.Errorf("a sine of -13 dBm0 behind 100 ohm is heard as %v", s)
		}
		if s := r.Phones[0].State(); s.OffHook || len(s.Sound) > 0 {
			t.Errorf("telephone 1: %v", s)
		}
		r.do(t, 2, "onhook")
		r.next(t, 1, slic.OnHook)
	})
}

func TestBoardRings(t *testing.T) {
	onBoards(t, sim.BoardOpts{Lines: 1, Seed: 2}, func(t *testing.T, r *rig) {
		want := 45.0
		if r.Modules != nil {
			want = 60
		}
		r.ready(t)
		line := r.Lines[0]
		line.SetFeed(slic.Ringing)
		r.do(t, 1, "wait ringing -timeout 500ms pause 1s")
		ring := r.Phones[0].State().Ring
		if ring == nil || math.Abs(ring.Hertz-20) > 0.4 || math.Abs(ring.Volts-want) > 3 {
			t.Errorf("ringing is %v", ring)
		}
		lifted := time.Now()
		r.do(t, 1, "offhook")
		e := r.next(t, 0, slic.OffHook)
		if d := e.At.Sub(lifted); d > 200*ms {
			t.Errorf("ring trip after %v", d)
		}
		time.Sleep(200 * ms)
		if s := r.Phones[0].State(); s.Milliamps < 15 {
			t.Errorf("after the ring trip: %v", s)
		}
		line.SetFeed(slic.Open)
		r.do(t, 1, "wait cpc -timeout 1s")
	})
}

func TestBoardKeysReachTheHighway(t *testing.T) {
	onBoards(t, sim.BoardOpts{Lines: 1, Seed: 3}, func(t *testing.T, r *rig) {
		r.ready(t)
		r.do(t, 1, "offhook set echo=none loop=0 pause 300")
		ended := make(chan error, 1)
		go func() {
			ended <- r.Do(t.Context(), 1, []string{"dial", "5", "-on", "500", "-level", "-10", "-twist", "3"}, io.Discard)
		}()
		time.Sleep(250 * ms)
		r.mu.Lock()
		got := float64(dsp.LevelOf(r.said))
		r.mu.Unlock()
		// -10 and -7 dBm0 together; a period of 10 ms is not whole cycles.
		if want := 10 * math.Log10(math.Pow(10, -1)+math.Pow(10, -0.7)); math.Abs(got-want) > 0.8 {
			t.Errorf("the key is at %.2f dBm0 on the highway, want %.2f", got, want)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestBoardFaultsAndRecovery(t *testing.T) {
	onBoard(t, sim.BoardOpts{Lines: 1, Seed: 4}, func(t *testing.T, r *rig) {
		r.ready(t)
		r.do(t, 1, "fault short")
		r.next(t, 0, slic.OffHook)
		r.do(t, 1, "fault none")
		r.next(t, 0, slic.OnHook)
		r.Chips[0].Inject(model.SpontaneousReset)
		r.next(t, 0, slic.ChipReset)
		r.next(t, 0, slic.Ready)
	})
}

// The chips lose their clock in the middle of a conversation and come back.
func TestBoardClockLoss(t *testing.T) {
	onBoard(t, sim.BoardOpts{Lines: 1, Seed: 5}, func(t *testing.T, r *rig) {
		r.ready(t)
		r.do(t, 1, "offhook")
		r.next(t, 0, slic.OffHook)
		r.World.StopClock()
		r.do(t, 1, "wait cpc -timeout 1s pause 1s")
		r.World.StartClock()
		for e := range r.events[0] {
			if e.Kind == slic.Ready {
				break
			}
		}
		r.do(t, 1, "pause 1s")
		if s := r.Phones[0].State(); s.Milliamps < 15 {
			t.Errorf("after the clock came back: %v", s)
		}
	})
}

// The modules go on feeding when the codecs have lost their clock, and come back
// when their pins do.
func TestModulesFaultsAndRecovery(t *testing.T) {
	onBoard(t, sim.BoardOpts{Hardware: sim.Ag1171, Lines: 2, Seed: 6}, func(t *testing.T, r *rig) {
		r.ready(t)
		r.World.StopClock()
		r.do(t, 1, "offhook pause 1s")
		r.next(t, 0, slic.OffHook)
		if s := r.Phones[0].State(); s.Milliamps < 25 || s.OpenLoops > 0 {
			t.Errorf("without clock: %v", s)
		}
		r.World.StartClock()
		r.Modules[0].Inject(agmodel.PinsFail)
		r.next(t, 0, slic.Lost)
		r.do(t, 2, "offhook")
		r.next(t, 1, slic.OffHook)
		r.Modules[0].Clear(agmodel.PinsFail)
		r.next(t, 0, slic.Ready)
		r.do(t, 1, "pause 1s onhook")
		r.next(t, 0, slic.OnHook)
		for i, m := range r.Modules {
			if u := m.Misuses(); len(u) > 0 {
				t.Errorf("module %d: %v", i+1, u)
			}
		}
	})
}

func TestBoardRefuses(t *testing.T) {
	if _, err := sim.NewBoard(sim.BoardOpts{Lines: 65}); err == nil {
		t.Error("a board of 65 lines was made")
	}
	if _, err := sim.NewBoard(sim.BoardOpts{Hardware: 9}); err == nil {
		t.Error("a board of unknown hardware was made")
	}
	b, err := sim.NewBoard(sim.BoardOpts{})
	if err != nil {
		t.Fatal(err)
	}
	err = b.Do(t.Context(), 3, []string{"state"}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no telephone 3, want 1..2") {
		t.Errorf("Do on telephone 3: %v", err)
	}
}
