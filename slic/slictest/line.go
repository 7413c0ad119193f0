package slictest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// Port is a driver on its model, ready to run.
type Port struct {
	Line slic.Line
	// Frame runs the model for 125 µs; at is the time of the frame.
	Frame func(at time.Time)
	// Reset makes the chip lose its state; nil when it has none to lose.
	Reset func()
}

// Rig is what TestLine needs to know of a driver. New is called in a
// testing/synctest bubble and must create all channels and timers itself.
type Rig struct {
	New func(t *testing.T, phone *Telephone) Port

	// Kernel says that the driver reaches its model through the kernel, where no
	// bubble can be. Time is then the machine's.
	Kernel bool

	// Sample runs a few of the tests, for the second and later builds of a driver.
	Sample bool

	// Limits; zero means the one in brackets.
	PowerUp  time.Duration // from Run to Ready [5 s]
	OffHook  time.Duration // from contact to event, also on hook [40 ms]
	RingTrip time.Duration // from contact to ringing gone from the pair [200 ms]
	Settle   time.Duration // after a change of feed until the hook is known again [300 ms]
}

func (r Rig) withDefaults() Rig {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&r.PowerUp, 5*time.Second)
	set(&r.OffHook, 40*time.Millisecond)
	set(&r.RingTrip, 200*time.Millisecond)
	set(&r.Settle, 300*time.Millisecond)
	return r
}

// block is how many frames the highway of the tests runs at a time, 1 ms.
const block = 8

// bench is one port being tested.
type bench struct {
	*testing.T
	rig    Rig
	port   Port
	phone  *Telephone
	events chan slic.Event
	last   time.Time // of the last event taken
	cancel context.CancelFunc
	ended  chan error
	clock  chan struct{} // closed when the highway stopped
}

// run runs f with a port that is powered up and fed.
func (r Rig) run(t *testing.T, name string, phone func() *Telephone, f func(b *bench)) {
	t.Run(name, func(t *testing.T) {
		r.inTime(t, func(t *testing.T) {
			b := r.start(t, phone())
			defer b.stop()
			b.want(slic.Ready, r.PowerUp)
			b.port.Line.SetFeed(slic.Forward)
			b.quiet(r.Settle)
			f(b)
		})
	})
}

// inTime runs f in a bubble, where the driver can be in one.
func (r Rig) inTime(t *testing.T, f func(t *testing.T)) {
	if r.Kernel {
		f(t)
		return
	}
	synctest.Test(t, f)
}

func (r Rig) start(t *testing.T, phone *Telephone) *bench {
	ctx, cancel := context.WithCancel(context.Background())
	b := &bench{
		T: t, rig: r, port: r.New(t, phone), phone: phone, cancel: cancel,
		events: make(chan slic.Event, 1024), ended: make(chan error, 1), clock: make(chan struct{}),
	}
	halt := make(chan struct{})
	go b.highway(halt)
	go func() {
		b.ended <- b.port.Line.Run(ctx, func(e slic.Event) { b.events <- e })
		time.Sleep(10 * time.Millisecond) // the model shows what Run left
		close(halt)
	}()
	return b
}

// highway gives the model its frames, each in its time.
func (b *bench) highway(halt chan struct{}) {
	defer close(b.clock)
	for next := time.Now(); ; {
		next = next.Add(block * step)
		select {
		case <-halt:
			return
		case <-time.After(time.Until(next)):
			for i := range block {
				b.port.Frame(next.Add(time.Duration(i-block) * step))
			}
		}
	}
}

// stop ends Run and checks that it leaves the line open.
func (b *bench) stop() {
	b.cancel()
	select {
	case err := <-b.ended:
		if err == nil {
			b.Error("Run returned nil although ctx ended")
		}
	case <-time.After(time.Second):
		b.Error("Run did not return within 1s of the end of ctx")
	}
	<-b.clock
	if b.port.Line.Caps().OpenLoop && !b.phone.Drive().Open {
		b.Error("Run left the line fed")
	}
}

// next returns the next event but Notes, or false after limit.
func (b *bench) next(limit time.Duration) (slic.Event, bool) {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		select {
		case e := <-b.events:
			if e.At.Before(b.last) {
				b.Errorf("event %v at %v comes after one at %v", e.Kind, e.At, b.last)
			}
			b.last = e.At
			if e.Kind != slic.Note {
				return e, true
			}
		case <-late.C:
			return slic.Event{}, false
		}
	}
}

// want waits for an event of a kind.
func (b *bench) want(kind slic.EventKind, limit time.Duration) slic.Event {
	b.Helper()
	e, ok := b.next(limit)
	switch {
	case !ok:
		b.Fatalf("no event within %v, want %v", limit, kind)
	case e.Kind != kind:
		b.Fatalf("event %v (%v), want %v", e.Kind, e.Err, kind)
	}
	return e
}

// quiet checks that nothing is reported for d.
func (b *bench) quiet(d time.Duration) {
	b.Helper()
	if e, ok := b.next(d); ok {
		b.Fatalf("event %v (%v), want none for %v", e.Kind, e.Err, d)
	}
}

// lift takes the handset off and waits until that is reported.
func (b *bench) lift() {
	b.Helper()
	b.phone.Lift()
	b.want(slic.OffHook, b.rig.OffHook)
}

// chargeTime is how much longer each ringer keeps current flowing after the
// handset is on the hook: its 8 µF charge through the limited feed.
const chargeTime = 20 * time.Millisecond

// hang puts the handset down and waits until that is reported.
func (b *bench) hang() {
	b.Helper()
	b.phone.Hang()
	b.want(slic.OnHook, b.rig.OffHook+time.Duration(b.phone.ren*float64(chargeTime)))
}

// feed asks for a feed and waits until the port can tell the hook again.
func (b *bench) feed(f slic.Feed) {
	b.Helper()
	b.port.Line.SetFeed(f)
	b.quiet(b.rig.Settle)
}

// stopAfter ends Run some time after its start.
func (r Rig) stopAfter(t *testing.T, d time.Duration) {
	r.inTime(t, func(t *testing.T) {
		b := r.start(t, plain())
		time.Sleep(d)
		b.stop()
	})
}
