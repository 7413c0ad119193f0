package si321x

import (
	"context"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/slic"
)

// Periods of what serve does by itself.
const (
	pollFast   = 5 * time.Millisecond   // hook, without a working INT
	pollSlow   = 100 * time.Millisecond // hook, in case an interrupt was lost
	pollRing   = 87 * time.Millisecond  // the same while it rings: each time another phase of the ringing
	feedPeriod = 100 * time.Millisecond // linefeed state against what was commanded
	sanity     = 250 * time.Millisecond // chip alive and not reset, one register audited
	recheck    = 20 * time.Millisecond  // sanity again after a bad one
)

// serve runs a port that is powered up until it is lost or ctx ends.
func (w *worker) serve(ctx context.Context) error {
	now := time.Now()
	w.served, w.reason = true, ""
	w.pollAt, w.feedCheck, w.sanityAt = now, now.Add(feedPeriod), now.Add(sanity)
	w.reports.Emit(slic.Ready, now, nil)
	if w.intFault = w.intBroken; w.intFault != "" {
		w.reports.Note(w.intFault + ", polling instead")
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := w.sync(); err != nil {
			return err
		}
		timer.Reset(time.Until(w.next()))
		var err error
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.orders.Changed():
			err = w.ask()
		case e := <-w.irq.Edges:
			if e.Level == gpio.Low {
				err = w.service(e.At)
			}
		case <-w.irq.Drained:
			err = w.serviceAll()
		case reply := <-w.requests:
			reply <- w.measure()
		case req := <-w.tests:
			err = w.testLine(ctx, req)
		case <-timer.C:
			err = w.due(ctx, time.Now())
		}
		if err == nil {
			err = w.chip.fail()
		}
		if err != nil {
			return err
		}
	}
}

// next is the time of the next thing to do.
func (w *worker) next() time.Time {
	t := w.pollAt
	for _, u := range [...]time.Time{w.feedCheck, w.sanityAt, w.deafTill, w.cooling, w.recovering, w.idleDue()} {
		if !u.IsZero() && u.Before(t) {
			t = u
		}
	}
	return t
}

// due does everything whose time has come.
func (w *worker) due(ctx context.Context, now time.Time) error {
	past := func(t time.Time) bool { return !t.IsZero() && !t.After(now) }
	if past(w.cooling) {
		w.cooling, w.recovering = time.Time{}, now.Add(recoverTime)
	}
	if past(w.recovering) {
		w.recovering = time.Time{}
		w.reports.Emit(slic.Ready, now, nil)
	}
	if past(w.idleDue()) {
		return w.calibrateIdle(ctx)
	}
	if past(w.sanityAt) {
		if err := w.checkChip(now); err != nil {
			return err
		}
	}
	if past(w.feedCheck) {
		w.feedCheck = now.Add(feedPeriod)
		if err := w.checkFeed(now); err != nil {
			return err
		}
	}
	if past(w.pollAt) || past(w.deafTill) {
		return w.poll(now)
	}
	return nil
}

// poll looks for what interrupts should have told, and whether they do. An edge of
// INT that is on its way has a better time than the poll, and comes first.
func (w *worker) poll(now time.Time) error {
	if !w.deafTill.After(now) {
		w.deafTill = time.Time{}
	}
	w.checkInt()
	every := pollSlow
	if w.lf == lfRinging {
		every = pollRing
	}
	if w.pins.Int == nil || w.intFault != "" {
		every = pollFast
	}
	w.pollAt = now.Add(every)
	return w.look()
}

// serviceRounds bounds the rounds of one service; each handles what was pending
// when it began.
const serviceRounds = 4

// service handles and clears what is pending. at is the time of the interrupt.
func (w *worker) service(at time.Time) error {
	for range serviceRounds {
		pending := w.chip.read(drInt2)
		if pending == 0 {
			break
		}
		w.chip.write(drInt2, pending)
		if pending&alarmBits != 0 {
			if err := w.checkAlarm(pending, at); err != nil {
				return err
			}
		}
	}
	return w.checkHook(at)
}
