package gpioslic

import (
	"context"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// pollPeriod is how often SHK is read in case an edge was lost.
const pollPeriod = 50 * time.Millisecond

// serve runs a port that is powered up until a pin fails or ctx ends.
func (w *worker) serve(ctx context.Context) error {
	stop := w.watch(ctx)
	defer stop()
	w.reports.Emit(slic.Ready, time.Now(), nil)
	w.pollAt = time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		w.sync(time.Now())
		if err := w.wires.fail(); err != nil {
			return err
		}
		w.catchUp()
		timer.Reset(time.Until(w.next()))
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.orders.Changed():
			w.ask()
		case e := <-w.watcher.Edges:
			w.edge(e)
		case <-w.watcher.Drained:
			w.drained()
		case err := <-w.broken:
			return err
		case <-timer.C:
			w.due()
		}
	}
}

// next is the time of the next thing to do.
func (w *worker) next() time.Time {
	t := w.pollAt
	earlier := func(u time.Time) {
		if !u.IsZero() && u.Before(t) {
			t = u
		}
	}
	earlier(w.deafTill)
	earlier(w.awake)
	if w.shk.Moving {
		earlier(w.shk.Due())
	}
	switch w.phase {
	case ringing:
		earlier(w.beat.due())
	case ending, confirming:
		earlier(w.phaseEnd)
	}
	return t
}

// due does everything whose time has come. Edges that wait are older and come
// first: a break that ended in time must not count as longer because the program
// was late.
func (w *worker) due() {
	w.takeEdges()
	now := time.Now()
	w.shk.Settle(now)
	w.advance(now)
	if !w.deafTill.After(now) {
		w.deafTill = time.Time{}
	}
	if !w.awake.After(now) {
		w.awake = time.Time{}
	}
	if !w.pollAt.After(now) {
		w.pollAt = now.Add(pollPeriod)
		w.poll()
	}
	w.checkHook(now)
}
