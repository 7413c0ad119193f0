package handset

import (
	"context"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/contact"
	"github.com/ata-agent/ata-agent/hal/keypad"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

const (
	edgeQueue  = 64                    // edges that may wait; what is lost the poll finds
	keyQueue   = 16                    // keys that may wait
	pollPeriod = 50 * time.Millisecond // the switch is read in case an edge was lost
	lostPolls  = 2                     // polls that must agree that one was
	tellPeriod = time.Minute           // between log lines about keys that may be lost

	backOffMin = 250 * time.Millisecond // between attempts to serve parts that fail,
	backOffMax = 10 * time.Second       // doubled each time
)

// worker is what Run owns.
type worker struct {
	*Dev
	reports *driver.Reports
	watcher *contact.Watcher
	keys    chan slic.Event
	broken  chan error

	hook     contact.Debouncer
	off      bool        // as last reported
	awaited  bool        // a CaughtUp is, with edges still to come
	owed     bool        // the CaughtUp
	gaps     keypad.Gaps // of the keypad that the log knows of
	toldAt   time.Time   // when it was told of some last
	polled   int         // polls in a row that found another level than the edges told
	pollAt   time.Time
	answered uint64 // number of the SetFeed whose ringing was answered
	ring     warble
}

func newWorker(d *Dev, notify func(slic.Event)) *worker {
	return &worker{Dev: d, reports: driver.NewReports("handset", d.opts.Name, d.opts.Logger, notify)}
}

// run brings the telephone up and serves it, again and again.
//
//	set up --> Ready --> serving
//	   ^ | failed          | a part failed
//	   | v                 v
//	   Lost, back off <----+
func (w *worker) run(ctx context.Context) {
	notes := make(chan error, 1)
	var panel sync.WaitGroup
	panel.Go(func() { w.runPanel(ctx, notes) })
	defer panel.Wait()
	wait := backOffMin
	for ctx.Err() == nil {
		began := time.Now()
		err := w.setUp()
		if err == nil {
			err = w.serve(ctx, notes)
		}
		_ = w.parts.Ringer.Sound(0) // a ringer that fails is silent, or cannot be silenced
		w.ring = warble{}
		if ctx.Err() != nil {
			return
		}
		w.reports.Lost(err)
		if time.Since(began) > backOffMax {
			wait = backOffMin
		}
		_ = driver.Pause(ctx, wait) // the loop looks at ctx
		wait = min(2*wait, backOffMax)
	}
}

// setUp makes the hook switch an input and the ringer silent. The pull keeps a
// switch whose wire is broken on hook; not every kind of pin can do it.
func (w *worker) setUp() error {
	pull := gpio.PullUp
	if w.opts.HookActiveHigh {
		pull = gpio.PullDown
	}
	if w.parts.Hook.In(pull, gpio.BothEdges) != nil {
		if err := w.parts.Hook.In(gpio.PullNoChange, gpio.BothEdges); err != nil {
			return fmt.Errorf("watch the hook switch: %w", err)
		}
	}
	if err := w.parts.Ringer.Sound(0); err != nil {
		return fmt.Errorf("ringer: %w", err)
	}
	now := time.Now()
	w.hook = contact.Debouncer{Hold: w.opts.HookDebounce}
	w.hook.Edge(w.lifted(w.parts.Hook.Read()), now, now)
	w.polled, w.pollAt = 0, now
	return nil
}

// lifted says what a level of the switch means.
func (w *worker) lifted(l gpio.Level) bool { return bool(l) == w.opts.HookActiveHigh }

// serve runs a telephone that is set up until a part fails or ctx ends.
func (w *worker) serve(ctx context.Context, notes <-chan error) error {
	defer w.watch(ctx)()
	w.reports.Emit(slic.Ready, time.Now(), nil)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := w.sync(time.Now()); err != nil {
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
		case e := <-w.keys:
			w.reports.Send(e)
		case err := <-notes:
			w.reports.Emit(slic.Note, time.Now(), err)
		case err := <-w.broken:
			return err
		case <-timer.C:
			w.due()
		}
	}
}

// watch starts what waits for the switch and the keypad and returns a function
// that ends it.
func (w *worker) watch(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	w.watcher, w.keys, w.broken = contact.NewWatcher(w.parts.Hook, edgeQueue), make(chan slic.Event, keyQueue), make(chan error, 2)
	var done sync.WaitGroup
	done.Go(func() {
		if err := w.watcher.Run(ctx); err != nil {
			w.broken <- fmt.Errorf("watch the hook switch: %w", err)
		}
	})
	if w.parts.Keypad != nil {
		done.Go(func() {
			if err := w.parts.Keypad.Run(ctx, w.pressed); err != nil {
				w.broken <- err
			}
		})
	}
	return func() {
		cancel()
		done.Wait()
	}
}

// pressed takes a key from the keypad's goroutine. Keys that nobody can take are
// lost.
func (w *worker) pressed(at time.Time, key byte) {
	select {
	case w.keys <- slic.Event{At: at, Kind: slic.Key, Key: key}:
	default:
	}
}

// next is the time of the next thing to do.
func (w *worker) next() time.Time {
	t := w.pollAt
	if w.hook.Moving && w.hook.Due().Before(t) {
		t = w.hook.Due()
	}
	if w.ring.sounding() && w.ring.next.Before(t) {
		t = w.ring.next
	}
	return t
}

// due does what its time has come for. Edges that wait are older and come first.
func (w *worker) due() {
	w.takeEdges()
	now := time.Now()
	w.hook.Settle(now)
	if !w.pollAt.After(now) {
		w.pollAt = now.Add(pollPeriod)
		w.poll()
		w.checkKeypad(now)
	}
	w.checkHook()
}

// poll finds edges that were lost. One that is still under way has a better time
// than the poll: all are asked for before the switch is looked at again.
func (w *worker) poll() {
	if w.lifted(w.parts.Hook.Read()) == w.hook.Raw {
		w.polled = 0
		return
	}
	w.watcher.Drain()
}

// ask looks whether somebody wants to know that all is told.
func (w *worker) ask() {
	if w.orders.Asked() {
		w.awaited = true
		w.watcher.Drain()
	}
}

// catchUp says that all is told, when the switch is certain. Keys that wait come
// first.
func (w *worker) catchUp() {
	if !w.owed || w.hook.Moving {
		return
	}
	for range len(w.keys) {
		w.reports.Send(<-w.keys)
	}
	w.owed = false
	w.reports.CaughtUp()
}

// checkKeypad tells that keys may have been lost, once a minute at most.
func (w *worker) checkKeypad(now time.Time) {
	if w.parts.Keypad == nil || now.Sub(w.toldAt) < tellPeriod {
		return
	}
	gaps := w.parts.Keypad.Gaps()
	if gaps.Count == w.gaps.Count {
		return
	}
	w.opts.Logger.Warn("the keypad was looked at too late, keys may be lost",
		"line", w.opts.Name, "times", gaps.Count-w.gaps.Count, "since_start", gaps.Count, "longest", gaps.Longest)
	w.gaps, w.toldAt = gaps, now
}

// takeEdges takes all edges that wait.
func (w *worker) takeEdges() {
	for range len(w.watcher.Edges) {
		w.edge(<-w.watcher.Edges)
	}
}

// drained looks again when no edge is under way. A second poll must confirm a loss,
// for an edge may have come just now.
func (w *worker) drained() {
	w.takeEdges()
	w.owed, w.awaited = w.owed || w.awaited, false
	now, off := time.Now(), w.lifted(w.parts.Hook.Read())
	if off == w.hook.Raw {
		w.polled = 0
		return
	}
	if w.polled++; w.polled >= lostPolls {
		w.polled = 0
		w.hook.Edge(off, now, now)
	}
}

func (w *worker) edge(e hal.Edge) {
	w.hook.SettleBy(e.At)
	w.checkHook()
	w.polled = 0
	w.hook.Edge(w.lifted(e.Level), e.At, time.Now())
}

// checkHook reports a change of the hook that is certain.
func (w *worker) checkHook() {
	if w.hook.Closed == w.off {
		return
	}
	w.off = w.hook.Closed
	kind := slic.OnHook
	if w.off {
		kind = slic.OffHook
		w.answered = w.orders.Wanted().Feeds
	}
	w.reports.Emit(kind, w.hook.At, nil)
}

// sync makes the ringer do what is wanted now. It is silent from the first touch
// of the hook switch on, before that is certain.
func (w *worker) sync(now time.Time) error {
	want := w.orders.Wanted()
	rings := want.Feed == slic.Ringing && !w.off && !w.hook.Raw && want.Feeds != w.answered
	var err error
	switch {
	case rings && !w.ring.sounding():
		err = w.parts.Ringer.Sound(w.ring.start(want.Electrical.RingFrequency, now))
	case !rings && w.ring.sounding():
		w.ring = warble{}
		err = w.parts.Ringer.Sound(0)
	case rings && !w.ring.next.After(now):
		err = w.parts.Ringer.Sound(w.ring.turn(now))
	}
	if err != nil {
		return fmt.Errorf("ringer: %w", err)
	}
	return nil
}
