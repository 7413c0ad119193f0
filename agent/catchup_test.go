package agent_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
)

// reported is an event on its way.
type reported struct {
	slic.Event
	at time.Time
}

// delayed calls notify for what run reports, so much later.
func delayed(late time.Duration, notify func(slic.Event), run func(func(slic.Event)) error) error {
	queue := make(chan reported, 1024)
	var done sync.WaitGroup
	done.Go(func() {
		for e := range queue {
			time.Sleep(time.Until(e.at.Add(late)))
			notify(e.Event)
		}
	})
	defer done.Wait()
	defer close(queue)
	return run(func(e slic.Event) { queue <- reported{e, time.Now()} })
}

// lateLine is a port whose driver does not get the processor for a while whenever it
// has something to tell.
type lateLine struct {
	slic.CatchingUp
	late time.Duration
}

func (l lateLine) Run(ctx context.Context, notify func(slic.Event)) error {
	return delayed(l.late, notify, func(n func(slic.Event)) error { return l.CatchingUp.Run(ctx, n) })
}

// lateSilent is such a port that cannot be asked.
type lateSilent struct {
	slic.Line
	late time.Duration
}

func (l lateSilent) Run(ctx context.Context, notify func(slic.Event)) error {
	return delayed(l.late, notify, func(n func(slic.Event)) error { return l.Line.Run(ctx, n) })
}

// TestLateDriver dials by pulses at a port whose driver tells of every edge later than
// the pause between two digits lasts: the number is right all the same, because the
// line asks before it takes silence for the end of a digit. A driver that cannot be
// asked shows that it would be wrong.
func TestLateDriver(t *testing.T) {
	const late = 350 * time.Millisecond
	for _, hardware := range []sim.Hardware{sim.Si321x, sim.Ag1171} {
		for name, tt := range map[string]struct {
			wrap  func(slic.Line) slic.Line
			rings bool
		}{
			"asked":  {func(l slic.Line) slic.Line { return lateLine{l.(slic.CatchingUp), late} }, true},
			"silent": {func(l slic.Line) slic.Line { return lateSilent{l, late} }, false},
		} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorldOf(t, hardware, document(2, nil), tt.wrap)
				defer w.stop()
				w.phone(1, "offhook wait tone:dial pulse 102 pause 4s")
				if got := w.agent.Status().Lines[1].State == "ringing"; got != tt.rings {
					t.Errorf("%s on hardware %d: telephone 2 rings %v, want %v", name, hardware, got, tt.rings)
				}
				w.phone(1, "onhook")
				w.idle()
			})
		}
	}
}

// unanswering is a port whose driver never says that it has told everything.
type unanswering struct{ slic.CatchingUp }

func (unanswering) CatchUp() {}

// TestDriverNeverCatchesUp: a driver that does not answer holds the line up for a
// moment, and the log says so.
func TestDriverNeverCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, sim.Ag1171, document(1, nil), func(l slic.Line) slic.Line { return unanswering{l.(slic.CatchingUp)} })
		defer w.stop()
		w.phone(1, "offhook wait tone:dial pulse 2 wait tone:reorder onhook")
		w.idle()
		if !strings.Contains(w.log.String(), "the port is late") {
			t.Error("the log does not say that the port is late")
		}
	})
}
