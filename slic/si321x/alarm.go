package si321x

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// Times of the recovery from a power alarm.
const (
	coolTime    = 200 * time.Millisecond // open line
	recoverTime = 100 * time.Millisecond // battery without a new alarm
)

var errAlarmStorm = slic.WithTrouble(slic.Overload, errors.New("power alarm persists; is the line shorted?"))

// checkAlarm looks at pending power alarms. The chip opens the line at a true
// one, unless it was open already.
func (w *worker) checkAlarm(pending byte, at time.Time) error {
	if actual, ok := w.actual(); !ok || actual != lfOpen || w.lf == lfOpen {
		return nil
	}
	return w.dropped(pending, at)
}

// dropped handles a line that is open although it was not told to: the chip was
// reset, or it opened the line itself.
func (w *worker) dropped(pending byte, at time.Time) error {
	if w.wasReset() {
		return errChipReset
	}
	if pending == 0 { // seen by a poll before its interrupt was
		pending = w.chip.read(drInt2)
		w.chip.write(drInt2, pending)
	}
	now := time.Now()
	w.reports.Emit(slic.PowerAlarm, at, slic.WithTrouble(slic.Overload, fmt.Errorf("power alarm of %s", transistors(pending))))
	w.command(lfOpen)
	w.cooling, w.recovering = now.Add(coolTime), time.Time{}
	if w.alarms.spend(now) {
		w.alarms = budget{}
		return errAlarmStorm
	}
	return nil
}

// transistors names those of Q1..Q6 whose bits are set in DR19.
func transistors(pending byte) string {
	var names []string
	for q := range 6 {
		if pending&(4<<q) != 0 {
			names = append(names, fmt.Sprintf("Q%d", q+1))
		}
	}
	if names == nil {
		return "an unknown transistor"
	}
	return strings.Join(names, ", ")
}

// wasReset says that DR8 has its reset value, which power-up overwrites.
func (w *worker) wasReset() bool {
	for range 2 { // one wrong bit on the bus must not look like a reset
		if w.chip.read(drLoopback) != loopbackReset {
			return false
		}
	}
	return w.chip.alive()
}

// suspect makes the sanity check come at once.
func (w *worker) suspect() {
	if soon := time.Now(); w.strikes == 0 && soon.Before(w.sanityAt) {
		w.sanityAt = soon
	}
}

// maxStrikes is how many bad sanity polls in a row make a port lost.
const maxStrikes = 3

// checkChip is the sanity poll.
func (w *worker) checkChip(now time.Time) error {
	w.sanityAt = now.Add(sanity)
	if w.wasReset() {
		return errChipReset
	}
	if !w.chip.alive() {
		return w.strike(now)
	}
	w.strikes = 0
	w.audit()
	return nil
}

// strike counts a chip that does not answer. The first cure is to bring its
// byte machine back into step.
func (w *worker) strike(now time.Time) error {
	w.strikes++
	if w.strikes >= maxStrikes {
		return errNoAnswer
	}
	w.bus.shift()
	w.sanityAt = now.Add(recheck)
	return nil
}

// audit compares one register with what it should hold, the next at each call,
// and repairs it.
func (w *worker) audit() {
	const directs = len(w.chip.known)
	for range directs + int(irCount) {
		i := w.audited
		w.audited = (i + 1) % (directs + int(irCount))
		if i < directs && !w.chip.known[i] {
			continue
		}
		w.auditOne(i, directs)
		return
	}
}

func (w *worker) auditOne(i, directs int) {
	if i < directs {
		n := byte(i)
		if !w.chip.verify(n) {
			w.reports.Note(fmt.Sprintf("DR%d changed by itself and was written again", n))
		}
		return
	}
	r := indirect(i - directs)
	if a, ok := w.chip.family.addr(r); ok && !w.chip.verifyIndirect(r) {
		w.reports.Note(fmt.Sprintf("IR%d changed by itself and was written again", a))
	}
}
