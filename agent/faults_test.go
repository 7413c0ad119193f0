package agent_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
)

// failure is something that goes wrong with line 1 of a board of three.
type failure struct {
	name    string
	atStart func(w *sim.Board) // before the agent runs
	happens func(w *world)     // while lines 2 and 3 talk
	says    string             // in the log
	shows   string             // in the events of the line
	lost    bool               // the port goes out of service ...
	trouble slic.Trouble       // ... for this
	mend    func(w *world)
}

func inject(f ...model.Fault) func(*world) {
	return func(w *world) {
		for _, f := range f {
			w.board.Chips[0].Inject(f)
		}
	}
}

func clearOf(f model.Fault) func(*world) {
	return func(w *world) { w.board.Chips[0].Clear(f) }
}

func startWith(f model.Fault) func(*sim.Board) {
	return func(b *sim.Board) { b.Chips[0].Inject(f) }
}

// do works telephone 1.
func do(actions string) func(*world) { return func(w *world) { w.phone(1, actions) } }

// failures are what can go wrong with a line, its chip and its wires. The faults
// of a highway, which no line survives, are TestClockFails; those of a sound
// card are mishaps.
var failures = []failure{
	{name: "missing chip", atStart: startWith(model.Missing), says: "no answer from the chip", lost: true, trouble: slic.NoAnswer, mend: clearOf(model.Missing)},
	{name: "wrong id", atStart: startWith(model.WrongID), says: "unknown revision", lost: true, trouble: slic.WrongChip, mend: clearOf(model.WrongID)},
	{name: "supply does not come up", atStart: startWith(model.NoBattery), says: "converter broken or line shorted", lost: true, trouble: slic.NoSupply, mend: clearOf(model.NoBattery)},
	{name: "supply leaks", atStart: startWith(model.Leakage), says: "leakage or short", lost: true, trouble: slic.SupplyLeak, mend: clearOf(model.Leakage)},
	{name: "calibration does not end", atStart: startWith(model.CalibrationStuck), says: "calibrate: not finished", lost: true, trouble: slic.Uncalibrated, mend: clearOf(model.CalibrationStuck)},
	{name: "off hook at start", atStart: func(b *sim.Board) { b.Phones[0].Hook(true) }, says: "phone off hook at power-up, calibrating later", mend: do("onhook")},
	{name: "chip stops answering", happens: inject(model.Missing), says: "no answer from the chip", lost: true, trouble: slic.NoAnswer, mend: clearOf(model.Missing)},
	{name: "supply fails after a reset", happens: inject(model.NoBattery, model.SpontaneousReset), says: "converter broken", lost: true, trouble: slic.NoSupply, mend: clearOf(model.NoBattery)},
	flapping,
	{name: "storm of power alarms", happens: func(w *world) {
		for n := 0; n < 30 && !strings.Contains(w.log.String(), "port out of service"); n++ {
			w.board.Chips[0].Inject(model.Overload)
			time.Sleep(400 * time.Millisecond)
		}
	}, says: "power alarm persists", lost: true, trouble: slic.Overload},
	{name: "one power alarm", happens: inject(model.Overload), says: "power alarm of Q1, Q5"},
	{name: "reset while in use", happens: func(w *world) {
		w.phone(1, "offhook wait tone:dial")
		w.board.Chips[0].Inject(model.SpontaneousReset)
		w.phone(1, "pause 2s")
		if s := w.agent.Status().Lines[0]; !s.OffHook || !s.PortUp {
			w.t.Errorf("after a reset while off hook: %+v", s)
		}
	}, says: "chip was reset", mend: do("onhook")},
	{name: "ring trip is blind, five ringers", happens: func(w *world) {
		w.board.Chips[0].Inject(model.NoRingTrip)
		w.answeredInPauses()
	}, says: "ring trip does not see them", shows: "hook off", mend: clearOf(model.NoRingTrip)},
	{name: "short while ringing", happens: shortWhileRinging(func(w *world) bool { return w.board.Chips[0].Linefeed() == 4 }), shows: "hook off"},
	bouncing,
	{name: "INT stuck low", happens: func(w *world) {
		w.board.Chips[0].Inject(model.StuckInt)
		w.phone(1, "pause 3s offhook wait tone:dial onhook")
	}, says: "polling instead", mend: clearOf(model.StuckInt)},
	{name: "chip select is not toggled", atStart: startWith(model.SelectHeld), says: "SPI port holds chip select within a transfer, one transfer per byte instead"},
	{name: "a byte is lost on the bus", happens: func(w *world) {
		w.board.Chips[0].Inject(model.LostByte)
		w.phone(1, "pause 2s")
		w.untouched()
		w.phone(1, "offhook wait tone:dial onhook")
	}, shows: "hook off"},
	{name: "bit errors on the bus", happens: func(w *world) {
		w.board.Chips[0].Inject(model.BitErrors)
		w.phone(1, "pause 5s")
		w.untouched()
	}, mend: clearOf(model.BitErrors)},
}

// Failures of the telephone and its wires, which are alike for every kind of port.
var (
	flapping = failure{name: "flapping telephone", happens: func(w *world) {
		w.phone(1, strings.TrimSpace(strings.Repeat("offhook pause 70ms onhook pause 70ms ", 40)))
	}, shows: "hook off"}
	bouncing = failure{name: "bounce longer than the debounce", happens: func(w *world) {
		w.phone(1, "set bounce=60 offhook wait tone:dial pause 1s")
		if s := w.agent.Status().Lines[0]; s.State != "dialing" {
			w.t.Errorf("a bouncing hook switch: %s, want dialing", s.State)
		}
		w.phone(1, "onhook set bounce=5-30")
	}, shows: "hook off"}
)

// shortWhileRinging shorts a line that rings; rung says whether it still does.
func shortWhileRinging(rung func(*world) bool) func(*world) {
	return func(w *world) {
		w.phone(4, "offhook wait tone:dial dial 101 wait tone:ringback")
		w.phone(1, "wait ringing fault short pause 1s")
		if rung(w) {
			w.t.Error("a shorted line is still rung")
		}
		if s := w.agent.Status().Lines[0]; !s.OffHook || !s.PortUp {
			w.t.Errorf("a shorted line: %+v, want one that is off hook", s)
		}
		w.phone(4, "onhook")
		w.phone(1, "fault none")
	}
}

// answeredInPauses has telephone 1, with five ringers, answer twice at a port that
// does not see it while it rings.
func (w *world) answeredInPauses() {
	w.t.Helper()
	w.phone(1, "set ren=5")
	for range 2 {
		w.phone(4, "offhook wait tone:dial dial 101 wait tone:ringback")
		w.phone(1, "wait ringing offhook")
		w.eventually(7*time.Second, "the answer is found in a pause", func() bool { return w.agent.Status().Lines[0].State == "talking" })
		w.phone(4, "onhook")
		w.phone(1, "wait cpc onhook pause 1s")
	}
	w.phone(1, "set ren=1")
}

// untouched: telephone 1 stays on the hook as far as the agent knows.
func (w *world) untouched() {
	w.t.Helper()
	if s := w.agent.Status().Lines[0]; s.OffHook || s.State != "idle" && s.State != "down" {
		w.t.Errorf("a telephone that nobody touched: %+v", s)
	}
}

// TestFailures has each failure happen to line 1 of a board of chips.
func TestFailures(t *testing.T) { testFailures(t, sim.Si321x, failures) }

// testFailures has each failure happen to line 1 while lines 2 and 3 talk: it
// is in the log and in the state, the talk does not notice, and line 1 works
// again when the fault is gone. Every third of them by default, all with
// ATA_FULL=1.
func testFailures(t *testing.T, hardware sim.Hardware, failures []failure) {
	t.Helper()
	for i, f := range failures {
		t.Run(f.name, func(t *testing.T) {
			if i%3 != 0 && os.Getenv("ATA_FULL") == "" {
				t.Skip("set ATA_FULL=1 for all")
			}
			synctest.Test(t, func(t *testing.T) {
				w := startWorld(t, hardware, document(4, nil), func(b *sim.Board) {
					if f.atStart != nil {
						f.atStart(b)
					}
				})
				defer w.stop()
				w.inService(1)
				if f.atStart == nil {
					w.inService(0)
				}
				w.phone(2, "offhook wait tone:dial dial 103 wait tone:ringback")
				w.phone(3, "wait ringing offhook pause 500ms")
				w.fails(f)
				w.phone(2, "onhook")
				w.phone(3, "wait cpc onhook")
				for _, c := range w.agent.Calls() {
					if c.Line != 1 && c.Line != 4 && (c.Voice.Lost != 0 || c.Voice.Discarded != 0 || c.Voice.Received < 50) {
						t.Errorf("the call on line %d suffered: %+v", c.Line, c.Voice)
					}
				}
				w.works(1)
			})
		})
	}
}

// fails has the failure happen and mends it.
func (w *world) fails(f failure) {
	w.t.Helper()
	if f.happens != nil {
		f.happens(w)
	}
	w.eventually(10*time.Second, "the log says "+f.says, func() bool { return strings.Contains(w.log.String(), f.says) })
	if f.shows != "" && !w.recorded(1, f.shows) {
		w.t.Errorf("the events of line 1 do not show %q", f.shows)
	}
	if f.lost {
		w.eventually(10*time.Second, "the port is out of service", func() bool {
			s := w.agent.Status().Lines[0]
			return !s.PortUp && s.State == "down" && s.Trouble == f.trouble && s.PortError != ""
		})
	}
	for i, l := range w.agent.Status().Lines[1:3] {
		if !l.PortUp || l.State != "talking" {
			w.t.Errorf("line %d is %s, up %v, while line 1 fails", i+2, l.State, l.PortUp)
		}
	}
	if f.mend != nil {
		f.mend(w)
	}
	w.eventually(time.Minute, "line 1 is back", func() bool {
		s := w.agent.Status().Lines[0]
		return s.PortUp && s.State == "idle" && s.PortError == "" && s.Registration == "registered"
	})
}

// recorded says whether an event of line n is in the agent's record.
func (w *world) recorded(n int, event string) bool {
	for text := range strings.Lines(w.events()) {
		if strings.Contains(text, fmt.Sprintf(`"line":%d,`, n)) && strings.Contains(text, event) {
			return true
		}
	}
	return false
}

// works makes a call to line n and from it.
func (w *world) works(n int) {
	w.t.Helper()
	w.phone(4, "onhook")
	w.idle()
	w.phone(4, "offhook wait tone:dial dial 101 wait tone:ringback")
	w.phone(n, "wait ringing offhook pause 500ms")
	w.eventually(time.Second, "the line talks", func() bool { return w.agent.Status().Lines[n-1].State == "talking" })
	w.phone(4, "onhook")
	w.phone(n, "wait cpc onhook")
	w.idle()
	w.phone(n, "offhook wait tone:dial onhook")
	w.idle()
}

// TestClockFails: without its clock no line works and all say so; calls that
// were up are still there when it is back soon.
func TestClockFails(t *testing.T) {
	inWorldOf(t, sim.Si321x, 4, nil, func(w *world) {
		w.phone(2, "offhook wait tone:dial dial 103 wait tone:ringback")
		w.phone(3, "wait ringing offhook pause 500ms")
		w.board.World.StopClock()
		w.eventually(5*time.Second, "all lines are out of service", func() bool {
			s := w.agent.Status()
			for _, l := range s.Lines {
				if l.PortUp || l.Trouble != slic.NoAnswer {
					return false
				}
			}
			return !s.Clock.Running
		})
		if got := strings.Count(w.log.String(), "lines are out of service"); got != 1 {
			w.t.Errorf("the log says %d times that the clock is lost, want once", got)
		}
		w.board.World.StartClock()
		w.inService(0)
		w.phone(2, "onhook")
		w.phone(3, "onhook")
		w.works(1)
	})
}
