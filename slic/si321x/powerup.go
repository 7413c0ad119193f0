package si321x

import (
	"context"
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/driver"
)

// Times of power-up.
const (
	resetTime     = 2 * time.Millisecond // at least 100 ns, Si3215 data sheet table 9
	settleTime    = 5 * time.Millisecond // PLL: 64 PCLK cycles
	batteryLimit  = 500 * time.Millisecond
	batteryPoll   = 10 * time.Millisecond
	leakDelay     = 20 * time.Millisecond
	leakTime      = 480 * time.Millisecond
	hookLookTime  = 150 * time.Millisecond // five ringers are charged by then
	verifyPasses  = 4
	identifyTries = 3
)

// batteryPart is the part of the wanted battery that counts as up. The monitor
// may be off by 10 %.
const batteryPart = 0.85

// drained is the battery below which the leak test fails, in volts.
const drained = 2.3

// powerUp brings the chip from any state to an open line with everything set,
// calibrated and verified. Each step fails with what it found; then the
// converter is off.
func (w *worker) powerUp(ctx context.Context) error {
	for _, step := range []struct {
		name    string
		do      func(context.Context) error
		trouble slic.Trouble // of a failure
	}{
		{"reset", w.reset, slic.NoDevice},
		{"identify", w.identify, slic.WrongChip},
		{"prepare", w.prepare, slic.BadRegisters},
		{"battery", w.battery, slic.NoSupply},
		{"leak test", w.leakTest, slic.SupplyLeak},
		{"calibrate", w.calibrate, slic.Uncalibrated},
		{"finish", w.finish, slic.BadRegisters},
	} {
		err := step.do(ctx)
		if busErr := w.chip.fail(); busErr != nil {
			err = busErr
		}
		if err != nil {
			w.quiet()
			return &stepError{step.name, slic.WithTrouble(step.trouble, err)}
		}
	}
	return nil
}

// stepError is a step of power-up that failed.
type stepError struct {
	step string
	err  error
}

func (e *stepError) Error() string { return "power up: " + e.step + ": " + e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// until polls done, at most limit long; it says how long it took. The error
// is that of ctx, of the bus, or errLate, or errAbandoned.
func (w *worker) until(ctx context.Context, limit, every time.Duration, done func() bool) (time.Duration, error) {
	begin := time.Now()
	for {
		switch {
		case done():
			return time.Since(begin), w.chip.fail()
		case w.chip.err != nil:
			return time.Since(begin), w.chip.fail()
		case time.Since(begin) >= limit:
			return time.Since(begin), errLate
		case w.abandon != nil && w.abandon():
			return time.Since(begin), errAbandoned
		}
		if err := driver.Pause(ctx, every); err != nil {
			return time.Since(begin), err
		}
	}
}

var (
	errLate      = errors.New("took too long")
	errAbandoned = errors.New("abandoned")
)

// reset pulses RESET.
func (w *worker) reset(ctx context.Context) error {
	w.chip.forget()
	w.lf = lfOpen
	w.strikes, w.intStuck, w.intSilent = 0, 0, 0
	w.cooling, w.recovering = time.Time{}, time.Time{}
	if err := w.pins.Reset.Out(gpio.Low); err != nil {
		return err
	}
	if err := driver.Pause(ctx, resetTime); err != nil {
		return err
	}
	if err := w.pins.Reset.Out(gpio.High); err != nil {
		return err
	}
	return driver.Pause(ctx, settleTime)
}

// identify finds out which part answers, if any. Where none has ever answered,
// the port may be one that does not raise chip select within a transfer.
func (w *worker) identify(context.Context) error {
	err := w.identifyFramed()
	if err == nil || w.chip.err != nil || w.bus.framed || w.bus.single {
		return err
	}
	w.bus.single = true
	if w.identifyFramed() != nil {
		w.bus.single = false
		return err
	}
	w.reports.Note("SPI port holds chip select within a transfer, one transfer per byte instead")
	return nil
}

// identifyFramed tries it in the present way of framing.
func (w *worker) identifyFramed() error {
	var err error
	for range identifyTries {
		if err = w.identifyOnce(); err == nil {
			w.bus.framed = true
			return nil
		}
		if w.chip.err != nil {
			return err
		}
		w.bus.shift()
	}
	return err
}

func (w *worker) identifyOnce() error {
	c := &w.chip
	id, mode := c.read(drID), c.read(drPCM)
	loopback, hybrid, lf := c.read(drLoopback), c.read(drHybrid), c.read(drLinefeed)
	switch {
	case id == hybrid && (id == 0xFF || id == 0x00):
		return fmt.Errorf("%w (all registers read %#02x)", errNoAnswer, id)
	case hybrid != hybridReset || loopback != loopbackReset || lf != lfOpen:
		return fmt.Errorf("not a ProSLIC after reset: DR8=%#02x DR11=%#02x DR64=%#02x, want 0x02, 0x33, 0x00",
			loopback, hybrid, lf)
	}
	if rev := id & 0x0F; rev < 2 || rev == 0x0F {
		return fmt.Errorf("unknown revision: DR0=%#02x", id)
	}
	return w.recognise(id, mode)
}

// recognise takes the family from DR1, which reads 0x08 or 0x88 after reset.
func (w *worker) recognise(id, mode byte) error {
	found := Si3210
	switch mode {
	case 0x08:
	case 0x88:
		found = Si3215
	default:
		return fmt.Errorf("unknown part: DR0=%#02x DR1=%#02x", id, mode)
	}
	if want := w.opts.Variant; want != Auto {
		if want.family() != found.family() {
			return fmt.Errorf("a part of the %s family where a %s is expected", found.family(), want)
		}
		found = want
	}
	w.part, w.revision, w.chip.family = found, id&0x0F, found.family()
	w.opts.Logger.Debug("identified", "line", w.opts.Name, "part", found, "revision", string('A'-1+rune(id&0x0F)))
	return nil
}

// prepare writes all registers with the converter off and the alarms blind.
func (w *worker) prepare(context.Context) error {
	c := &w.chip
	c.write(drPowerdown, converterOff)
	c.write(drLinefeed, lfOpen)
	if err := w.makePlan(); err != nil {
		return err
	}
	for r := indirect(0); r < irCount; r++ {
		v := w.plan.indirects[r]
		if duringPowerUp(r) {
			v = filterOff
		}
		c.setIndirect(r, v)
	}
	if err := w.verifyIndirects(); err != nil {
		return err
	}
	c.set(drLoopback, 0)
	c.set(drEnhance, enhancements)
	c.set(drAutomatic, automatic)
	c.set(drBattery, trackBattery)
	c.write(drCal2, 0)
	w.setConverter()
	for _, d := range w.plan.directs {
		c.set(d.n, d.v)
	}
	return nil
}

// makePlan computes the registers of the settings wanted now.
func (w *worker) makePlan() error {
	e := w.orders.Wanted().Electrical
	p, err := planFor(e, w.opts, w.chip.family)
	if err != nil {
		return err
	}
	w.plan, w.asked = p, e
	for _, n := range p.notes {
		w.reports.Note(n)
	}
	return nil
}

func (w *worker) setConverter() {
	if !w.part.hasConverter() {
		return
	}
	c := &w.chip
	kind := BJT
	if c.read(drOffTime)&transformer != 0 {
		kind = MOSFET
	}
	c.write(drPeriod, w.opts.period(kind))
	c.write(drOffTime, offTime)
}

// verifyIndirects reads all indirect registers back and repairs them, until one
// pass finds nothing wrong.
func (w *worker) verifyIndirects() error {
	var wrong []indirect
	for range verifyPasses {
		wrong = wrong[:0]
		for r := indirect(0); r < irCount; r++ {
			if !w.chip.verifyIndirect(r) {
				wrong = append(wrong, r)
			}
		}
		if len(wrong) == 0 || w.chip.err != nil {
			return nil
		}
	}
	a, _ := w.chip.family.addr(wrong[0])
	return fmt.Errorf("%d indirect registers do not read back, first IR%d", len(wrong), a)
}

// verifyDirects does the same for the direct registers.
func (w *worker) verifyDirects() error {
	wrong := 0
	for range verifyPasses {
		last := wrong
		wrong = 0
		for n := range byte(len(w.chip.known)) {
			if !w.chip.verify(n) {
				wrong, last = wrong+1, int(n)
			}
		}
		if wrong == 0 || w.chip.err != nil {
			return nil
		}
		wrong = last
	}
	return fmt.Errorf("DR%d does not read back", wrong)
}

// battery starts the converter and watches it come up. A supply that does not
// is shorted, and the converter is stopped at once.
func (w *worker) battery(ctx context.Context) error {
	c := &w.chip
	want := w.plan.battery * batteryPart
	if !w.part.hasConverter() {
		want = volts(w.opts.BatteryLow) * batteryPart
	}
	c.set(drPowerdown, 0)
	var v float64
	took, err := w.until(ctx, batteryLimit, batteryPoll, func() bool {
		v = w.batteryVolts()
		return v >= want
	})
	if err != nil {
		c.write(drPowerdown, converterOff)
	}
	if errors.Is(err, errLate) {
		return fmt.Errorf("supply of %.1f V after %v, want %.1f V: converter broken or line shorted", v, took, want)
	}
	return err
}

// leakTest stops the converter and watches the battery, which a healthy board
// keeps for seconds. It is left out after a reset in service.
func (w *worker) leakTest(ctx context.Context) error {
	if !w.part.hasConverter() || w.served {
		return nil
	}
	w.chip.write(drLinefeed, lfOpen)
	w.chip.write(drPowerdown, converterOff)
	if err := driver.Pause(ctx, leakDelay); err != nil {
		return err
	}
	low := 0
	took, err := w.until(ctx, leakTime, leakDelay, func() bool {
		if low++; w.batteryVolts() >= drained {
			low = 0
		}
		return low == 2
	})
	switch {
	case errors.Is(err, errLate):
		return w.battery(ctx)
	case err == nil:
		return fmt.Errorf("battery drained within %v of stopping the converter: leakage or short", took+leakDelay)
	}
	return err
}

// finish puts the alarms to work, reads everything back and enables the
// interrupts.
func (w *worker) finish(context.Context) error {
	c := &w.chip
	for r := irLoopFilter; r <= irThermal56; r++ {
		c.setIndirect(r, w.plan.indirects[r])
	}
	if err := w.verifyIndirects(); err != nil {
		return err
	}
	w.clearInterrupts()
	c.set(drMask1, 0)
	c.set(drMask2, 0xFF)
	c.set(drMask3, 0)
	w.drainEdges()
	return w.verifyDirects()
}

func (w *worker) clearInterrupts() {
	for n := byte(drInt1); n <= drInt3; n++ {
		w.chip.write(n, 0xFF)
	}
}
