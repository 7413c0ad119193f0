package si321x

import (
	"context"
	"errors"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal/contact"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

// Causes that end serving and that run treats in their own way.
var (
	errChipReset = slic.WithTrouble(slic.SpontaneousReset, errors.New("chip was reset"))
	errNoAnswer  = slic.WithTrouble(slic.NoAnswer, errors.New("no answer from the chip; is the PCM clock running?"))
)

// Back-off between attempts to bring a lost port up, and the time in service
// after which it starts from the beginning.
const (
	backOffMin    = 250 * time.Millisecond
	backOffMax    = 30 * time.Second // what may wear or heat the line is not hurried
	backOffAbsent = 2 * time.Second  // a chip that does not answer may only miss its clock
	backOffReset  = 10 * time.Second
)

// worker is what Run owns.
type worker struct {
	*Dev
	reports  *driver.Reports
	irq      *contact.Watcher // of INT
	awaited  bool             // a CaughtUp is
	drains   int              // in a row that brought no edge of an INT that is low
	chip     chip
	part     Variant
	revision byte
	plan     plan
	asked    slic.Electrical // what plan was made of

	calibration  *Calibration
	uncalibrated bool
	served       bool        // since the last loss, so the hardware was tested
	abandon      func() bool // ends a wait early, nil is never

	lf       byte      // linefeed state commanded
	feedAt   time.Time // when
	ringing  ringing   // current while it rang last
	tripped  uint64    // number of the SetFeed whose ringing was answered
	rungTill time.Time // end of the last burst that nobody answered
	missed   int       // answers in a row that ring trip did not see
	off      bool      // hook as last reported
	deafTill time.Time // loop current says nothing about the hook until then

	alarms     budget
	resets     budget
	cooling    time.Time // after an alarm the line stays open until then
	recovering time.Time // an alarm counts as recovered from then on, zero is none
	strikes    int       // bad sanity polls in a row
	audited    int       // next register to compare
	pollAt     time.Time
	feedCheck  time.Time
	sanityAt   time.Time

	intFault  string // why INT is not used, empty when it is
	intBroken string // why INT cannot be watched at all
	intStuck  int
	intSilent int

	reason string // of the Lost sent last, empty when in service
}

func newWorker(d *Dev, notify func(slic.Event)) *worker {
	return &worker{
		Dev:         d,
		reports:     driver.NewReports("si321x", d.opts.Name, d.opts.Logger, notify),
		irq:         contact.NewWatcher(d.pins.Int, edgeQueue),
		chip:        chip{bus: d.bus},
		calibration: d.opts.Calibration,
	}
}

// run brings the port up and serves it, again and again.
//
//	    +--------- chip reset: at once ---------+
//	    v                                       |
//	power up --> Ready --> serving --> ChipReset+
//	    ^  | failed           | gave up
//	    |  v                  v
//	    +--Lost, back off <---+
func (w *worker) run(ctx context.Context) {
	wait := backOffMin
	for ctx.Err() == nil {
		err := w.powerUp(ctx)
		began := time.Now()
		if err == nil {
			err = w.serve(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errChipReset) && !w.resets.spend(time.Now()) {
			w.reports.Emit(slic.ChipReset, time.Now(), err)
			continue
		}
		w.lost(err)
		if time.Since(began) > backOffReset {
			wait = backOffMin
		}
		if reasonOf(err) == noAnswer {
			wait = min(wait, backOffAbsent)
		}
		_ = driver.Pause(ctx, wait) // the loop looks at ctx
		wait = min(2*wait, backOffMax)
	}
}

// lost takes the port out of service. An attempt that ends as the one before
// it, in the same step of power-up, is not reported again.
func (w *worker) lost(err error) {
	w.quiet()
	w.served = false
	reason := reasonOf(err)
	if reason == w.reason {
		w.reports.StillLost(err)
		return
	}
	w.reason = reason
	w.reports.Emit(slic.Lost, time.Now(), err)
}

// noAnswer is the reason of a chip that is absent.
const noAnswer = "no answer"

// reasonOf tells reasons apart without the figures in their texts.
func reasonOf(err error) string {
	var failed *stepError
	var bus *busError
	switch {
	case errors.Is(err, errNoAnswer):
		return noAnswer
	case errors.As(err, &bus):
		return "bus"
	case errors.As(err, &failed):
		return failed.step
	}
	return err.Error()
}

// quiet opens the line and stops the converter, as far as the chip listens.
func (w *worker) quiet() {
	_ = w.chip.fail() // what went wrong before must not keep the writes back
	w.chip.write(drPowerdown, converterOff)
	w.chip.write(drLinefeed, lfOpen)
	_ = w.chip.fail() // a chip that does not listen is quiet
	w.lf = lfOpen
}

// release leaves the pair open: through the registers, and through RESET in case
// the bus is broken.
func (w *worker) release() {
	w.quiet()
	_ = w.pins.Reset.Out(gpio.Low) // nothing is left to be done about it
}
