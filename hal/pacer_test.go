package hal

import (
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestPacerGrid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPacer(10*time.Millisecond, PacerOpts{Portable: true})
		start := time.Now()
		p.Start()
		defer p.Stop()
		for i := 1; i <= 1000; i++ {
			time.Sleep(time.Duration(i%7) * time.Millisecond) // the caller's own work
			at, late := p.Wait()
			if want := time.Duration(i) * 10 * time.Millisecond; at.Sub(start) != want || late != 0 {
				t.Fatalf("release %d at %v, %v late; want %v, 0 late", i, at.Sub(start), late, want)
			}
		}
		if got := p.Stats(); got.Released != 1000 || got.Late != 0 || got.Skipped != 0 {
			t.Errorf("Stats() = %+v", got)
		}
	})
}

// After a stall the missed periods come at twice the speed, none is lost.
func TestPacerCatchesUpWithoutBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const period = 10 * time.Millisecond
		p := NewPacer(period, PacerOpts{Portable: true})
		start := time.Now()
		p.Start()
		defer p.Stop()
		p.Wait()
		time.Sleep(100 * time.Millisecond)
		last, onGrid := time.Now(), 0
		for n := 2; onGrid == 0; n++ {
			at, late := p.Wait()
			if at.Sub(start) != time.Duration(n)*period {
				t.Fatalf("release %d has grid time %v", n, at.Sub(start))
			}
			if gap := time.Since(last); n > 2 && gap < period/2 {
				t.Fatalf("release %d came %v after the one before", n, gap)
			}
			if last = time.Now(); late == 0 {
				onGrid = n
			}
		}
		// 100 ms behind at 2x: back on the grid 100 ms later.
		if onGrid < 20 || onGrid > 22 {
			t.Errorf("back on the grid at period %d, want about 21", onGrid)
		}
		if got := p.Stats(); got.Skipped != 0 || got.MaxLate != 90*time.Millisecond {
			t.Errorf("Stats() = %+v", got)
		}
	})
}

func TestPacerGivesUpLongStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPacer(time.Millisecond, PacerOpts{Portable: true})
		start := time.Now()
		p.Start()
		defer p.Stop()
		p.Wait()
		time.Sleep(3*time.Second + 300*time.Microsecond)
		at, late := p.Wait()
		if late >= time.Millisecond || at.Sub(start)%time.Millisecond != 0 {
			t.Errorf("after the stall: at %v, %v late", at.Sub(start), late)
		}
		if got := p.Stats().Skipped; got != 2999 {
			t.Errorf("Skipped = %d, want 2999", got)
		}
	})
}

func TestPacerAllocs(t *testing.T) {
	for _, portable := range []bool{false, true} {
		p := NewPacer(200*time.Microsecond, PacerOpts{Portable: portable})
		p.Start()
		if n := testing.AllocsPerRun(50, func() { p.Wait() }); n != 0 {
			t.Errorf("portable %v: Wait allocates %v times", portable, n)
		}
		p.Stop()
	}
}

// The kernel pacer keeps the pace of the monotonic clock; the bound is loose
// because machines under test are busy.
func TestPacerRealTime(t *testing.T) {
	p := NewPacer(time.Millisecond, PacerOpts{})
	p.Start()
	defer p.Stop()
	start := time.Now()
	for range 100 {
		p.Wait()
	}
	if got := time.Since(start); got < 99*time.Millisecond {
		t.Errorf("100 periods of 1 ms took %v", got)
	}
	if s := p.Stats(); s.Released != 100 {
		t.Errorf("Stats() = %+v", s)
	}
}

// TestPacerLag prints how late periods of 20 ms are released on this machine,
// the pacer against time.Ticker (set ATA_FULL=1).
func TestPacerLag(t *testing.T) {
	if os.Getenv("ATA_FULL") == "" {
		t.Skip("a measurement in real time: set ATA_FULL=1")
	}
	const period, n = 20 * time.Millisecond, 1000
	t.Run("ticker", func(t *testing.T) {
		start, ticker := time.Now(), time.NewTicker(period)
		defer ticker.Stop()
		var lags []time.Duration
		for range n {
			<-ticker.C
			lags = append(lags, time.Since(start)%period)
		}
		lost := int(time.Since(start)/period) - n
		report(t, lags)
		t.Logf("ticks lost: %d", lost)
	})
	for _, mode := range []struct {
		name string
		opts PacerOpts
	}{
		{"time.Sleep", PacerOpts{Portable: true}},
		{"kernel", PacerOpts{Ordinary: true}},
		{"kernel, prioritized", PacerOpts{}},
	} {
		t.Run(mode.name, func(t *testing.T) {
			p := NewPacer(period, mode.opts)
			p.Start()
			defer p.Stop()
			var lags []time.Duration
			for range n {
				_, late := p.Wait()
				lags = append(lags, late)
			}
			report(t, lags)
			t.Logf("%+v", p.Stats())
			if p.Stats().Priority != Ordinary && lags[n*99/100] > 2*time.Millisecond {
				t.Errorf("p99 of the lag is %v, want at most 2 ms", lags[n*99/100])
			}
		})
	}
}

func report(t *testing.T, lags []time.Duration) {
	t.Helper()
	slices.Sort(lags)
	n := len(lags)
	t.Logf("lag p50 %v p99 %v max %v", lags[n/2], lags[n*99/100], lags[n-1])
}
