package sim_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
)

// A board with drivers and chips neither allocates in Exchange nor takes long.
func TestBoardExchangeAllocs(t *testing.T) {
	b, err := sim.NewBoard(sim.BoardOpts{Realtime: true})
	if err != nil {
		t.Fatal(err)
	}
	to, from := blocks(b), blocks(b)
	b.Phones[0].Hook(true)
	exchange := func() {
		if err := b.PCM.Exchange(to, from); err != nil {
			t.Fatal(err)
		}
	}
	exchange()
	if n := testing.AllocsPerRun(20, exchange); n != 0 {
		t.Errorf("Exchange allocates %v times", n)
	}
}

// How long simulated time of two lines with a conversation takes; ten seconds,
// or an hour if ATA_FULL is set.
func TestBoardLongTime(t *testing.T) {
	length := 10 * time.Second
	if os.Getenv("ATA_FULL") != "" {
		length = time.Hour
	}
	began := time.Now()
	onBoard(t, sim.BoardOpts{Lines: 2}, func(t *testing.T, r *rig) {
		r.ready(t)
		r.do(t, 1, "offhook")
		r.do(t, 2, "offhook")
		r.mu.Lock()
		r.hertz = 400
		r.mu.Unlock()
		time.Sleep(length)
		for i, tel := range r.Phones {
			if s := tel.State(); s.Milliamps < 15 || len(s.Sound) != 1 || s.OpenLoops != 0 {
				t.Errorf("line %d after %v: %v", i+1, length, s)
			}
		}
	})
	t.Logf("%v of two lines took %v", length, time.Since(began))
}

// TestBoardRealtime prints what two lines cost in real time and how evenly the
// world turns (set ATA_FULL=1).
func TestBoardRealtime(t *testing.T) {
	if os.Getenv("ATA_FULL") == "" {
		t.Skip("a measurement in real time: set ATA_FULL=1")
	}
	b, err := sim.NewBoard(sim.BoardOpts{Realtime: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{}, 2)
	for i, l := range b.Lines {
		go func() {
			defer func() { ended <- struct{}{} }()
			_ = l.Run(ctx, func(e slic.Event) { t.Logf("line %d: %v", i+1, e.Kind) })
		}()
		l.SetFeed(slic.Forward)
	}
	b.Phones[0].Hook(true)
	before, start := cpu(t), time.Now()
	to, from := blocks(b), blocks(b)
	for time.Since(start) < 10*time.Second {
		if err := b.PCM.Exchange(to, from); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("CPU %.1f %% of one core; %+v", 100*(cpu(t)-before).Seconds()/time.Since(start).Seconds(), b.World.Stats())
	cancel()
	for range 20 { // the drivers end by talking to chips that have their clock
		_ = b.PCM.Exchange(to, from)
	}
	<-ended
	<-ended
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
