package gpioslic

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/hal/contact"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

// Back-off between attempts to bring a lost port up, and the time in service
// after which it starts from the beginning.
const (
	backOffMin   = 250 * time.Millisecond
	backOffMax   = 10 * time.Second
	backOffReset = 10 * time.Second
)

// worker is what Run owns.
type worker struct {
	*Dev
	reports *driver.Reports
	wires   wires
	shk     contact.Debouncer
	watcher *contact.Watcher // of SHK; both are new for each watch
	broken  chan error       // there is nothing to watch
	awaited bool             // a CaughtUp is, with edges still to come
	owed    bool             // the CaughtUp

	phase    phase
	phaseEnd time.Time // of ending and confirming
	beat     beat
	tripAt   time.Time // first rise of SHK in this ringing, zero is none
	tripped  uint64    // number of the SetFeed whose ringing was answered
	rungTill time.Time // end of the last burst that nobody answered
	missed   int       // answers in a row that ring trip did not see

	off      bool      // hook as last reported
	deafTill time.Time // SHK says nothing about the hook until then; zero is not deaf
	awake    time.Time // the module has its voltages then; zero is awake
	pollAt   time.Time
	polled   int // polls in a row that found another level than the edges told

	asked     slic.Electrical // settings that were looked at
	frequency physic.Frequency
}

func newWorker(d *Dev, notify func(slic.Event)) *worker {
	return &worker{
		Dev: d, reports: driver.NewReports("gpioslic", d.opts.Name, d.opts.Logger, notify),
		wires: newWires(d.pins, d.opts.FRForwardLow),
	}
}

// run brings the port up and serves it, again and again.
//
//	power up --> Ready --> serving
//	    ^  | failed           | a pin failed
//	    |  v                  v
//	    +--Lost, back off <---+
func (w *worker) run(ctx context.Context) {
	wait := backOffMin
	for ctx.Err() == nil {
		began := time.Now()
		err := w.powerUp()
		if err == nil {
			err = w.serve(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		w.release()
		w.reports.Lost(slic.WithTrouble(slic.NoDevice, err))
		if time.Since(began) > backOffReset {
			wait = backOffMin
		}
		_ = driver.Pause(ctx, wait) // the loop looks at ctx
		wait = min(2*wait, backOffMax)
	}
}

// powerUp sets the outputs with the pair open and makes SHK an input. RM may be high
// still, of a ringing during which the pins failed; it falls with F/R forward.
func (w *worker) powerUp() error {
	w.wires.setPowered(false)
	w.wires.setReversed(false)
	w.wires.setRingMode(false)
	if err := w.wires.fail(); err != nil {
		return err
	}
	if err := w.listen(); err != nil {
		return err
	}
	now := time.Now()
	w.phase, w.tripAt, w.polled = resting, time.Time{}, 0
	w.deafTill, w.awake = time.Time{}, time.Time{}
	if w.wires.powered {
		w.wakeUp(now) // the module may have got its supply together with the board
	}
	w.shk = contact.Debouncer{Hold: w.opts.HookDebounce}
	w.shk.Edge(w.closed(w.pins.SHK.Read()), now, now)
	return nil
}

// listen makes SHK an input with edges. The pull keeps the line on hook when no
// module is plugged in; not every kind of pin can do it.
func (w *worker) listen() error {
	pull := gpio.PullDown
	if w.opts.SHKActiveLow {
		pull = gpio.PullUp
	}
	if w.pins.SHK.In(pull, gpio.BothEdges) == nil {
		return nil
	}
	if err := w.pins.SHK.In(gpio.PullNoChange, gpio.BothEdges); err != nil {
		return fmt.Errorf("watch SHK: %w", err)
	}
	return nil
}

// release leaves RM low, F/R forward and PD low. A ringing is ended in order.
// Nothing is left to be done about a pin that fails now.
func (w *worker) release() {
	if w.wires.ringMode {
		w.wires.setReversed(false)
		time.Sleep(w.beat.half)
	}
	w.wires.setRingMode(false)
	w.wires.setReversed(false)
	w.wires.setPowered(false)
	_ = w.wires.fail()
	w.phase = resting
}
