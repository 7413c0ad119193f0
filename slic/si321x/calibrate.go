package si321x

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ata-agent/ata-agent/slic/driver"
)

// Calibration is what one chip found out about itself. It holds for the chip
// and its board and may be kept across restarts. It is not used for another
// part or another revision of it; that the chip is the very same is for who
// keeps it to know.
type Calibration struct {
	Part     Variant  `json:"part"`
	Revision byte     `json:"revision"` // DR0, 2 is B
	Results  [10]byte `json:"results"`  // DR98..DR107
}

// Times of calibration.
const (
	calLimit     = 2 * time.Second // the data sheet says 600 ms
	calPoll      = 10 * time.Millisecond
	balanceTime  = 40 * time.Millisecond // per step of the manual gain search
	manualOnHook = 100 * time.Millisecond
	peakLimit    = 200 * time.Millisecond
)

var errWentOffHook = errors.New("phone went off hook")

// Range of DR107 that is believed, and what replaces anything else.
const (
	peakMin     = 0x02
	peakMax     = 0x0D
	peakDefault = 0x08
)

// calibrate restores saved results or makes new ones. A phone off hook makes
// calibration impossible: the port then works with the chip's defaults and
// calibrates when it is idle.
func (w *worker) calibrate(ctx context.Context) error {
	if c := w.calibration; c != nil && c.Part == w.part && c.Revision == w.revision {
		return w.restore(ctx)
	}
	off, err := w.offHookNow(ctx)
	if err != nil {
		return err
	}
	if w.uncalibrated = off; off {
		w.reports.Note("phone off hook at power-up, calibrating later")
		return nil
	}
	return w.calibrateNow(ctx)
}

// offHookNow feeds the line for a moment and looks whether current flows.
func (w *worker) offHookNow(ctx context.Context) (bool, error) {
	w.chip.write(drLinefeed, lfForward)
	err := driver.Pause(ctx, hookLookTime)
	off := w.chip.read(drStatus)&statusLoop != 0
	w.chip.write(drLinefeed, lfOpen)
	return off, err
}

// restore writes the results of an earlier calibration.
func (w *worker) restore(context.Context) error {
	for i, v := range w.calibration.Results {
		w.chip.set(drCalRing+byte(i), v)
	}
	w.uncalibrated = false
	return nil
}

// calibrateNow runs the calibrations with the line open and saves the results.
func (w *worker) calibrateNow(ctx context.Context) error {
	c := &w.chip
	c.write(drMask1, 0)
	c.write(drMask2, 0)
	c.write(drMask3, 0)
	w.clearInterrupts()
	err := w.calibrateLine(ctx)
	if err == nil {
		err = w.calibratePeak(ctx)
	}
	if err != nil {
		c.write(drCal1, 0)
		return err
	}
	w.save()
	return nil
}

// calibrateLine is automatic, but the Si3210 with a Si3201 needs its lead gains
// searched by hand.
func (w *worker) calibrateLine(ctx context.Context) error {
	if w.part.family() == oldFamily && w.opts.Si3201 {
		return w.calibrateManually(ctx)
	}
	return w.runCalibration(ctx, 0x1F, 0x1F)
}

// runCalibration starts the calibrations of DR96 and DR97 and waits for them.
func (w *worker) runCalibration(ctx context.Context, dr96, dr97 byte) error {
	w.chip.write(drCal2, dr97)
	w.chip.write(drCal1, calStart|dr96)
	took, err := w.until(ctx, calLimit, calPoll, func() bool { return w.chip.read(drCal1) == 0 })
	if errors.Is(err, errLate) {
		return fmt.Errorf("not finished after %v: DR96=%#02x", took, w.chip.read(drCal1))
	}
	return err
}

// calibrateManually does what the Si3210 cannot do itself with a Si3201: DC and
// converter calibrations first, then the gains of RING and TIP by search, then
// the common mode balance, for which the phone must be on hook.
func (w *worker) calibrateManually(ctx context.Context) error {
	if err := w.runCalibration(ctx, 0x07, 0x1E); err != nil {
		return err
	}
	if err := w.searchGain(ctx, "RING", drCalRing, drQ5Amps); err != nil {
		return err
	}
	if err := w.searchGain(ctx, "TIP", drCalTip, drQ6Amps); err != nil {
		return err
	}
	w.chip.write(drLinefeed, lfForward)
	err := driver.Pause(ctx, manualOnHook)
	off := w.chip.read(drStatus)&statusLoop != 0
	w.chip.write(drLinefeed, lfOpen)
	switch {
	case err != nil:
		return err
	case off:
		return errWentOffHook
	}
	w.chip.write(drMask3, commonModeBit)
	err = w.runCalibration(ctx, 0, 0x01)
	w.chip.write(drMask3, 0)
	return err
}

// searchGain lowers a gain until the current of its transistor vanishes.
func (w *worker) searchGain(ctx context.Context, lead string, gain, current byte) error {
	for v := byte(0x1F); v > 0; v-- {
		w.chip.write(gain, v)
		if err := w.rest(ctx, balanceTime); err != nil {
			return err
		}
		if w.chip.read(current) == 0 {
			return nil
		}
	}
	return fmt.Errorf("gain of %s: DR%d never reads 0", lead, current)
}

// rest is a pause that may be abandoned.
func (w *worker) rest(ctx context.Context, d time.Duration) error {
	if w.abandon != nil && w.abandon() {
		return errAbandoned
	}
	return driver.Pause(ctx, d)
}

// calibratePeak finds the converter's peak current.
func (w *worker) calibratePeak(ctx context.Context) error {
	if !w.part.hasConverter() {
		return nil
	}
	c := &w.chip
	c.write(drOffTime, peakStart|offTime)
	took, err := w.until(ctx, peakLimit, calPoll, func() bool { return c.read(drOffTime)&peakStart == 0 })
	if errors.Is(err, errLate) {
		return fmt.Errorf("converter not finished after %v", took)
	}
	if peak := c.read(drCalPeak); peak < peakMin || peak > peakMax {
		w.reports.Note(fmt.Sprintf("converter calibration out of range: DR107=%#x, using %#x", peak, peakDefault))
		c.write(drCalPeak, peakDefault)
	}
	return err
}

// save keeps the results and hands them out.
func (w *worker) save() {
	cal := Calibration{Part: w.part, Revision: w.revision}
	for i := range cal.Results {
		n := drCalRing + byte(i)
		cal.Results[i] = w.chip.read(n)
		w.chip.set(n, cal.Results[i])
	}
	if w.chip.err != nil {
		return
	}
	w.calibration, w.uncalibrated = &cal, false
	if w.opts.Calibrated != nil {
		w.opts.Calibrated(cal)
	}
}

// idleTime is how long a line must have been idle before a calibration that
// power-up left out is made up for.
const idleTime = 5 * time.Second

// idleDue says when a missed calibration may be made up for; zero is never.
func (w *worker) idleDue() time.Time {
	if !w.uncalibrated || w.off || w.lf != lfForward {
		return time.Time{}
	}
	last := w.feedAt
	if w.reports.Last().After(last) {
		last = w.reports.Last()
	}
	return last.Add(idleTime)
}

// calibrateIdle makes up for a missed calibration. The line is open for up to a
// second; a SetFeed ends it at once.
func (w *worker) calibrateIdle(ctx context.Context) error {
	before := w.orders.Wanted().Feeds
	w.abandon = func() bool { return w.orders.Wanted().Feeds != before }
	w.command(lfOpen)
	err := w.calibrateNow(ctx)
	w.abandon = nil
	w.clearInterrupts()
	w.chip.write(drMask2, 0xFF)
	if err != nil && !errors.Is(err, errAbandoned) && !errors.Is(err, errWentOffHook) {
		return fmt.Errorf("calibrate: %w", err)
	}
	return w.chip.fail()
}
