//go:build machine && linux

package guest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/gpio"
	"github.com/ata-agent/ata-agent/test/machine/vboard"
)

// The first level of an output is the first that the wire sees.
func TestOutputWithoutGlitch(t *testing.T) {
	theFar.use(nil, nil)
	reset := line(t, "RESET1", gpio.Opts{Consumer: "reset"})
	if err := reset.Out(pgpio.High); err != nil {
		t.Fatal(err)
	}
	for _, c := range theFar.take(lineReset1) {
		if !c.Output || !c.Level {
			t.Errorf("the wire saw %+v", c)
		}
	}
	for _, level := range []pgpio.Level{pgpio.Low, pgpio.High} {
		if err := reset.Out(level); err != nil {
			t.Fatal(err)
		}
		if reset.Read() != level {
			t.Errorf("Read() = %v, want %v", reset.Read(), level)
		}
		if got := theFar.take(lineReset1); len(got) != 1 || !got[0].Output || got[0].Level != bool(level) {
			t.Errorf("Out(%v) then Read: the wire saw %+v", level, got)
		}
	}
}

// An open-drain output pulls low or lets go; it never drives high.
func TestOpenDrain(t *testing.T) {
	theFar.use(nil, nil)
	pd := line(t, "PD", gpio.Opts{OpenDrain: true})
	for _, level := range []pgpio.Level{pgpio.High, pgpio.Low, pgpio.High, pgpio.Low} {
		if err := pd.Out(level); err != nil {
			t.Fatal(err)
		}
		got := theFar.take(linePD)
		for _, c := range got {
			if c.Output && c.Level {
				t.Errorf("Out(%v): the line is driven high: %+v", level, got)
			}
		}
		if len(got) > 0 && got[len(got)-1].Output != (level == pgpio.Low) {
			t.Errorf("Out(%v): the wire saw %+v", level, got)
		}
	}
}

func TestInputBiasAndPolarity(t *testing.T) {
	theFar.use(nil, nil)
	set(t, lineBTN, vboard.Float)
	button := line(t, "BTN", gpio.Opts{ActiveLow: true})
	for _, tt := range []struct {
		pull pgpio.Pull
		want pgpio.Level
	}{{pgpio.PullUp, pgpio.Low}, {pgpio.PullDown, pgpio.High}} {
		if err := button.In(tt.pull, pgpio.NoEdge); err != nil {
			t.Fatal(err)
		}
		if got := button.Read(); got != tt.want {
			t.Errorf("floating with %v reads %v, want %v (active low)", tt.pull, got, tt.want)
		}
	}
}

// A line that another program has is refused with its name.
func TestBusy(t *testing.T) {
	led := line(t, "LED", gpio.Opts{Consumer: "status lamp"})
	if err := led.Out(pgpio.Low); err != nil {
		t.Fatal(err)
	}
	others, err := gpio.Open() // stands for another program
	if err != nil {
		t.Fatal(err)
	}
	second, err := others.Line("", "LED", gpio.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := second.Out(pgpio.High); err == nil || !strings.Contains(err.Error(), "status lamp") {
		t.Errorf("Out = %v, want who has the line", err)
	}
}

// Every change of an output reaches the wire, at the ringing frequencies too.
func TestOutputEdges(t *testing.T) {
	for _, hertz := range []int{20, 25, 60} {
		theFar.use(nil, nil)
		fr := line(t, "FR", gpio.Opts{})
		half := time.Second / time.Duration(2*hertz)
		next := time.Now()
		for i := range 2 * hertz {
			if err := fr.Out(i&1 == 0); err != nil {
				t.Fatal(err)
			}
			next = next.Add(half)
			time.Sleep(time.Until(next))
		}
		got := theFar.take(lineFR)
		if len(got) != 2*hertz {
			t.Errorf("%d Hz: the wire saw %d changes, want %d", hertz, len(got), 2*hertz)
		}
		var worst time.Duration
		for i, c := range got[1:] {
			if c.Level == got[i].Level {
				t.Errorf("%d Hz: change %d is none: %+v", hertz, i+1, c)
			}
			worst = max(worst, (time.Duration(c.Stamp-got[i].Stamp) - half).Abs())
		}
		t.Logf("%d Hz: half periods are off by at most %v", hertz, worst)
		if err := fr.Close(); err != nil {
			t.Error(err)
		}
	}
}

// No edge is lost from 8 to 60 periods per second, and each carries its time.
func TestEdges(t *testing.T) {
	theFar.use(nil, nil)
	for _, hertz := range []int{8, 10, 20, 25, 50, 60} {
		t.Run(fmt.Sprintf("%d Hz", hertz), func(t *testing.T) {
			set(t, lineSHK, vboard.Low)
			shk := line(t, "SHK", gpio.Opts{})
			if err := shk.In(pgpio.Float, pgpio.BothEdges); err != nil {
				t.Fatal(err)
			}
			n := 4 * hertz
			if *full {
				n = 40 * hertz
			}
			driven := make([]time.Time, n)
			go func() {
				next := time.Now()
				for i := range n {
					next = next.Add(time.Second / time.Duration(2*hertz))
					time.Sleep(time.Until(next))
					driven[i] = time.Now()
					set(t, lineSHK, vboard.Level(1-i&1))
				}
			}()
			compareEdges(t, shk, driven)
		})
	}
}

func compareEdges(t *testing.T, shk *gpio.Line, driven []time.Time) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	worst, latest := time.Duration(0), time.Duration(0)
	for i := range driven {
		e, err := shk.ReadEdge(ctx)
		if err != nil {
			t.Fatalf("edge %d: %v", i, err)
		}
		if e.Level != (i&1 == 0) {
			t.Fatalf("edge %d is to %v", i, e.Level)
		}
		latest = max(latest, time.Since(e.At))
		if off := e.At.Sub(driven[i]); off < 0 || off > time.Millisecond {
			t.Errorf("edge %d is stamped %v after it was driven", i, off)
		} else {
			worst = max(worst, off)
		}
	}
	t.Logf("%d edges: stamped at most %v late, delivered at most %v after the stamp", len(driven), worst, latest)
	if shk.WaitForEdge(20 * time.Millisecond) {
		t.Error("there was one more edge")
	}
}

// A bouncing contact gives one edge at its first touch.
func TestDebounce(t *testing.T) {
	theFar.use(nil, nil)
	set(t, lineBTN, vboard.High)
	button := line(t, "BTN", gpio.Opts{Debounce: 10 * time.Millisecond})
	if err := button.In(pgpio.PullUp, pgpio.BothEdges); err != nil {
		t.Fatal(err)
	}
	want := make([]hal.Edge, 5)
	go func() {
		for press := range 5 {
			want[press] = hal.Edge{At: time.Now(), Level: press&1 != 0}
			for bounce := range 7 {
				set(t, lineBTN, vboard.Level((press+bounce)&1))
				time.Sleep(time.Duration(1+bounce%3) * time.Millisecond)
			}
			time.Sleep(40 * time.Millisecond)
		}
	}()
	for i := range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		e, err := button.ReadEdge(ctx)
		cancel()
		if err != nil {
			t.Fatalf("press %d: %v", i, err)
		}
		if off := e.At.Sub(want[i].At); off < 0 || off > time.Millisecond || e.Level != want[i].Level {
			t.Errorf("press %d: %v, %v after the first touch", i, e.Level, off)
		}
	}
	if button.WaitForEdge(100 * time.Millisecond) {
		t.Error("there was one more press")
	}
}

// A wait ends with its context within a few milliseconds, and Close gives the
// line back to others.
func TestCancelAndClose(t *testing.T) {
	shk := line(t, "SHK", gpio.Opts{})
	if err := shk.In(pgpio.Float, pgpio.BothEdges); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		begin := time.Now()
		if _, err := shk.ReadEdge(ctx); err == nil {
			t.Error("an edge from nowhere")
		}
		if took := time.Since(begin); took > 15*time.Millisecond {
			t.Errorf("a wait of 10 ms took %v", took)
		}
		cancel()
	}
	if err := shk.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := theChips.Lines(chip)
	if err != nil {
		t.Fatal(err)
	}
	if info[lineSHK].Used || info[lineSHK].Name != "SHK" {
		t.Errorf("after Close: %+v", info[lineSHK])
	}
}
