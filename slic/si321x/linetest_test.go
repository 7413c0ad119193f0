package si321x_test

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
)

// wireBench is a driver on a virtual board of one line, whose wires can be at
// fault.
type wireBench struct {
	*testing.T // of the bubble
	board      *sim.Board
	line       slic.Line
	phone      *sim.Telephone
	events     chan slic.Event
}

// onWires runs f with a line that has battery, in a bubble.
func onWires(t *testing.T, f func(*wireBench)) { onWiresOf(t, 0, f) }

func onWiresOf(t *testing.T, seed uint64, f func(*wireBench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b, err := sim.NewBoard(sim.BoardOpts{Lines: 1, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		w := &wireBench{t, b, b.Lines[0], b.Phones[0], make(chan slic.Event, 1000)}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			to, from := [][]int16{make([]int16, b.PCM.Period())}, [][]int16{make([]int16, b.PCM.Period())}
			for ctx.Err() == nil {
				if b.PCM.Exchange(to, from) != nil {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
		running.Go(func() { _ = w.line.Run(ctx, func(e slic.Event) { w.events <- e }) })
		defer running.Wait()
		defer cancel()
		if e := <-w.events; e.Kind != slic.Ready {
			t.Fatalf("first event %v", e.Kind)
		}
		w.line.SetFeed(slic.Forward)
		time.Sleep(time.Second)
		f(w)
	})
}

// fault puts faults on the wires and lets the line take notice.
func (w *wireBench) fault(faults ...string) {
	w.Helper()
	var f sim.Faults
	for _, text := range faults {
		if err := f.Put(text); err != nil {
			w.Fatal(err)
		}
	}
	w.phone.SetFaults(f)
	time.Sleep(time.Second)
}

func (w *wireBench) test() slic.TestReport {
	w.Helper()
	r, err := w.line.(slic.LineTester).TestLine(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	if len(r.Results) != len(slic.Tests) {
		w.Fatalf("%d results, want %d: %+v", len(r.Results), len(slic.Tests), r)
	}
	for i, t := range slic.Tests {
		if got := r.Results[i]; got.Test != t || got.Text == "" {
			w.Errorf("result %d is %+v, want of %s", i, got, t)
		}
	}
	return r
}

func TestLineTest(t *testing.T) {
	const pass, fail, limited, blocked = slic.Passed, slic.Failed, slic.Limited, slic.Unmeasured
	set := func(text string) func(*sim.Settings) {
		return func(s *sim.Settings) {
			if err := s.Put(text); err != nil {
				panic(err)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		faults []string
		set    func(*sim.Settings)
		lifted bool
		want   [5]slic.Verdict // in the order of slic.Tests
		says   string          // in some text
		figure string
		value  float64
		within float64
	}{
		{name: "sound line, one ringer", want: [5]slic.Verdict{limited, limited, limited, pass, pass}, says: "about 1.0 REN", figure: "ren", value: 1, within: 0.15},
		{name: "three ringers", set: set("ren=3"), want: [5]slic.Verdict{limited, limited, limited, pass, pass}, figure: "ren", value: 3, within: 0.4},
		{name: "five ringers", set: set("ren=5"), want: [5]slic.Verdict{limited, limited, limited, pass, limited}, says: "cannot tell on which side", figure: "ren", value: 5, within: 0.7},
		{name: "eight ringers", set: set("ren=8"), want: [5]slic.Verdict{limited, limited, limited, pass, fail}, figure: "ren", value: 8, within: 1.2},
		{name: "no ringer", set: set("ren=0"), want: [5]slic.Verdict{limited, limited, limited, pass, fail}, says: "no ringer found", figure: "ren"},
		{name: "wire is broken", faults: []string{"open"}, want: [5]slic.Verdict{limited, limited, limited, pass, fail}, says: "no ringer found"},
		{name: "weak ringer", set: set("ren=0.5"), want: [5]slic.Verdict{limited, limited, limited, pass, pass}, figure: "ren", value: 0.5, within: 0.1},
		{name: "foreign DC", faults: []string{"foreign=24"}, want: [5]slic.Verdict{limited, fail, blocked, blocked, blocked}, says: "RING has -2", figure: "ring_dc_volts", value: -22.4, within: 2},
		{name: "foreign DC within the limit, which is a resistance too", faults: []string{"foreign=4"}, want: [5]slic.Verdict{limited, limited, fail, pass, blocked}, says: "TIP touches RING", figure: "ohms", value: 10e3, within: 3e3},
		{name: "foreign DC that is not seen", faults: []string{"foreign=-24"}, want: [5]slic.Verdict{limited, limited, fail, pass, blocked}, says: "or a voltage from elsewhere that this chip does not see"},
		{name: "hazardous DC", faults: []string{"foreign=200"}, want: [5]slic.Verdict{fail, fail, blocked, blocked, blocked}, says: "RING has more than 95 V"},
		{name: "foreign AC", faults: []string{"foreign=30@50"}, set: set("ren=0"), want: [5]slic.Verdict{limited, fail, blocked, blocked, blocked}, says: "V AC to ground from elsewhere", figure: "ring_ac_volts", value: 29, within: 4},
		{name: "foreign AC into a ringer", faults: []string{"foreign=30@50"}, want: [5]slic.Verdict{limited, fail, blocked, blocked, blocked}, figure: "ring_ac_volts", value: 12, within: 1.5},
		{name: "hazardous AC", faults: []string{"foreign=100@60"}, set: set("ren=0"), want: [5]slic.Verdict{fail, fail, blocked, blocked, blocked}},
		{name: "wet cable", faults: []string{"leakage=10000"}, want: [5]slic.Verdict{limited, limited, fail, pass, blocked}, says: "TIP touches RING, about ", figure: "ohms", value: 10e3, within: 3e3},
		{name: "leakage the standard forbids and the chip cannot see", faults: []string{"leakage=100000"}, want: [5]slic.Verdict{limited, limited, limited, pass, pass}, says: "up to 150 kohm this chip cannot tell"},
		{name: "RING on wet ground", faults: []string{"ring-ground=6000"}, want: [5]slic.Verdict{limited, limited, fail, pass, blocked}, says: "RING touches ground, about ", figure: "ohms", value: 6000, within: 2000},
		{name: "TIP on wet ground", faults: []string{"tip-ground=6000"}, want: [5]slic.Verdict{limited, limited, fail, pass, blocked}, says: "TIP touches ground, about ", figure: "ohms", value: 6000, within: 2000},
		{name: "short", faults: []string{"short"}, want: [5]slic.Verdict{limited, limited, fail, pass, blocked}, says: "TIP touches RING, about "},
		{name: "short at the end of the cable", faults: []string{"short=400"}, want: [5]slic.Verdict{limited, limited, fail, pass, blocked}, says: "TIP touches RING, about ", figure: "ohms", value: 500, within: 60},
		{name: "receiver off hook", lifted: true, want: [5]slic.Verdict{limited, limited, blocked, fail, blocked}, says: "a telephone is off hook"},
		{name: "receiver off hook, long line", lifted: true, set: set("loop=800"), want: [5]slic.Verdict{limited, limited, blocked, fail, blocked}, says: "a telephone is off hook"},
		{name: "second telephone off hook", set: set("parallel=offhook"), want: [5]slic.Verdict{limited, limited, blocked, fail, blocked}, says: "a telephone is off hook"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onWires(t, func(w *wireBench) {
				s := w.phone.Settings()
				if tt.set != nil {
					tt.set(&s)
				}
				w.phone.Set(s)
				w.phone.Hook(tt.lifted)
				w.fault(tt.faults...)
				begin := time.Now()
				r := w.test()
				if took := time.Since(begin); took > 3*time.Second {
					t.Errorf("the test took %v", took)
				}
				var texts strings.Builder
				for i, got := range r.Results {
					texts.WriteString(got.Text + "\n")
					if got.Verdict != tt.want[i] {
						t.Errorf("%s: %s (%s; %v), want %s", got.Test, got.Verdict, got.Text, got.Figures, tt.want[i])
					}
					if v, ok := got.Figures[tt.figure]; ok && math.Abs(v-tt.value) > tt.within+0.01 {
						t.Errorf("%s: %s = %v, want %v ± %v", got.Test, tt.figure, v, tt.value, tt.within)
					}
				}
				if !strings.Contains(texts.String(), tt.says) {
					t.Errorf("the texts do not say %q:\n%s", tt.says, texts.String())
				}
				w.serves(tt.lifted || len(tt.faults) > 0 || s.Parallel != sim.NoParallel)
			})
		})
	}
}

// serves checks that the line works after a test; with faults that it is fed.
func (w *wireBench) serves(faulty bool) {
	w.Helper()
	time.Sleep(300 * time.Millisecond)
	if faulty {
		w.phone.Hook(false)
		w.phone.SetFaults(sim.Faults{})
		s := w.phone.Settings()
		s.Parallel = sim.NoParallel
		w.phone.Set(s)
		time.Sleep(2 * time.Second)
	}
	for len(w.events) > 0 {
		<-w.events
	}
	for _, off := range []bool{true, false} {
		w.phone.Hook(off)
		time.Sleep(100 * time.Millisecond)
		want := slic.OnHook
		if off {
			want = slic.OffHook
		}
		select {
		case e := <-w.events:
			if e.Kind != want {
				w.Errorf("event %v, want %v", e.Kind, want)
			}
		default:
			w.Errorf("no %v after the test", want)
		}
	}
}

// TestLineTestOnManyChips: the monitors' errors differ from chip to chip; the
// verdicts do not.
func TestLineTestOnManyChips(t *testing.T) {
	chips := uint64(2)
	if os.Getenv("ATA_FULL") != "" {
		chips = 40
	}
	for seed := range chips {
		onWiresOf(t, seed, func(w *wireBench) {
			if r := w.test(); r.Failed() || r.Results[4].Verdict != slic.Passed {
				t.Errorf("seed %d: a sound line: %+v", seed, r)
			}
			w.fault("short=600")
			if r := w.test(); r.Results[2].Verdict != slic.Failed || r.Results[3].Verdict != slic.Passed {
				t.Errorf("seed %d: a short of 600 ohm: %+v", seed, r)
			}
			w.fault()
			w.phone.Hook(true)
			time.Sleep(time.Second)
			if r := w.test(); r.Results[3].Verdict != slic.Failed {
				t.Errorf("seed %d: a telephone off hook: %+v", seed, r)
			}
		})
	}
}

// TestLineTestGivesWay: the test ends at once when the line is wanted, and when
// the telephone is lifted; what was wanted is done.
func TestLineTestGivesWay(t *testing.T) {
	for at := 50 * time.Millisecond; at < 1900*time.Millisecond; at += 430 * time.Millisecond {
		onWires(t, func(w *wireBench) {
			var wanted time.Time
			time.AfterFunc(at, func() {
				wanted = time.Now()
				w.line.SetFeed(slic.Ringing)
			})
			_, err := w.line.(slic.LineTester).TestLine(w.Context())
			if !errors.Is(err, slic.ErrTestInterrupted) {
				t.Fatalf("wanted after %v: %v", at, err)
			}
			time.Sleep(5 * time.Millisecond)
			if took := time.Since(wanted); took > 30*time.Millisecond || w.board.Chips[0].Linefeed() != 4 {
				t.Errorf("wanted after %v: linefeed %d after %v, want ringing", at, w.board.Chips[0].Linefeed(), took)
			}
		})
	}
	onWires(t, func(w *wireBench) {
		time.AfterFunc(200*time.Millisecond, func() { w.phone.Hook(true) })
		if _, err := w.line.(slic.LineTester).TestLine(w.Context()); !errors.Is(err, slic.ErrTestInterrupted) {
			t.Fatalf("lifted meanwhile: %v", err)
		}
		if e := <-w.events; e.Kind != slic.OffHook {
			t.Errorf("event %v, want off hook", e.Kind)
		}
	})
}

func TestLineTestIsRefused(t *testing.T) {
	onWires(t, func(w *wireBench) {
		tester := w.line.(slic.LineTester)
		for _, f := range []slic.Feed{slic.Ringing, slic.Open} {
			w.line.SetFeed(f)
			time.Sleep(50 * time.Millisecond)
			if _, err := tester.TestLine(w.Context()); !errors.Is(err, slic.ErrTestBusy) {
				t.Errorf("a test with feed %v: %v", f, err)
			}
		}
		w.line.SetFeed(slic.Forward)
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(w.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := tester.TestLine(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a test given up: %v", err)
		}
		go func() { _, _ = tester.TestLine(w.Context()) }()
		time.Sleep(10 * time.Millisecond)
		if _, err := tester.TestLine(w.Context()); !errors.Is(err, slic.ErrTestBusy) {
			t.Errorf("two tests at once: %v", err)
		}
		time.Sleep(3 * time.Second)
	})
}

// TestLineTestOnAChipThatFails: a reset or a dead bus during a test is what it
// is anywhere else.
func TestLineTestOnAChipThatFails(t *testing.T) {
	for fault, want := range map[model.Fault]slic.EventKind{model.SpontaneousReset: slic.ChipReset, model.Missing: slic.Lost} {
		onWires(t, func(w *wireBench) {
			time.AfterFunc(400*time.Millisecond, func() { w.board.Chips[0].Inject(fault) })
			if _, err := w.line.(slic.LineTester).TestLine(w.Context()); err == nil {
				t.Error("a test on a failed chip has results")
			}
			if e := <-w.events; e.Kind != want {
				t.Errorf("event %v, want %v", e.Kind, want)
			}
			w.board.Chips[0].Clear(fault)
			if e := <-w.events; e.Kind != slic.Ready {
				t.Errorf("event %v, want ready", e.Kind)
			}
		})
	}
}
