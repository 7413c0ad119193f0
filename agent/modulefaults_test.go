package agent_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/gpioslic/model"
)

func injectModule(f model.Fault) func(*world) {
	return func(w *world) { w.board.Modules[0].Inject(f) }
}

func mendModule(f model.Fault) func(*world) {
	return func(w *world) { w.board.Modules[0].Clear(f) }
}

// moduleFailures are what can go wrong with a line module, its pins and its wires. A
// module tells one thing, whether the loop is closed: what it cannot tell apart from
// a telephone is recorded as one.
var moduleFailures = []failure{
	{
		name: "pins fail at start", atStart: func(b *sim.Board) { b.Modules[0].Inject(model.PinsFail) },
		says: "pin does not answer", lost: true, trouble: slic.NoDevice, mend: mendModule(model.PinsFail),
	},
	{name: "GPIO chip is gone", happens: injectModule(model.PinsFail), says: "watch SHK", lost: true, trouble: slic.NoDevice, mend: mendModule(model.PinsFail)},
	{name: "GPIO chip is gone while off hook", happens: func(w *world) {
		w.phone(1, "offhook wait tone:dial")
		w.board.Modules[0].Inject(model.PinsFail)
		w.phone(1, "pause 1s onhook")
	}, says: "port out of service", lost: true, trouble: slic.NoDevice, mend: mendModule(model.PinsFail)},
	{name: "GPIO chip is gone while ringing", happens: func(w *world) {
		w.phone(4, "offhook wait tone:dial dial 101 wait tone:ringback")
		w.phone(1, "wait ringing")
		w.board.Modules[0].Inject(model.PinsFail)
		w.phone(4, "pause 1s onhook")
	}, says: "port out of service", lost: true, trouble: slic.NoDevice, mend: mendModule(model.PinsFail)},
	{name: "off hook at start", atStart: func(b *sim.Board) { b.Phones[0].Hook(true) }, says: "port ready", mend: do("onhook")},
	{name: "ring trip is blind, five ringers", happens: func(w *world) {
		w.board.Modules[0].Inject(model.NoRingTrip)
		w.answeredInPauses()
	}, says: "ring trip does not see them", shows: "hook off", mend: mendModule(model.NoRingTrip)},
	{name: "loop detector is disturbed while ringing", happens: func(w *world) {
		w.phone(4, "offhook wait tone:dial dial 101 wait tone:ringback")
		w.phone(1, "wait ringing")
		w.board.Modules[0].Inject(model.Glitch)
		w.phone(4, "pause 1s")
		if s := w.agent.Status().Lines[0]; s.OffHook || s.State != "ringing" {
			w.t.Errorf("a disturbance of 6 ms: %+v, want a line that rings", s)
		}
		w.phone(4, "onhook")
	}, says: "SHK rose during ringing although nobody answered"},
	{name: "short while ringing", happens: shortWhileRinging(func(w *world) bool { return w.board.Modules[0].Ringing() }), shows: "hook off"},
	{name: "leakage holds the loop", happens: func(w *world) {
		w.phone(1, "fault leakage=1200")
		w.offHookForEver()
	}, shows: "play howler", mend: do("fault none")},
	{name: "loop detector is stuck", happens: func(w *world) {
		w.board.Modules[0].Inject(model.StuckSHK)
		w.offHookForEver()
	}, shows: "play howler", mend: mendModule(model.StuckSHK)},
	{name: "loop detector is dead", happens: func(w *world) {
		w.board.Modules[0].Inject(model.DeadSHK)
		w.phone(1, "offhook pause 1s onhook")
		w.untouched()
	}, mend: mendModule(model.DeadSHK)},
	{name: "supply is gone while off hook", happens: func(w *world) {
		w.phone(1, "offhook wait tone:dial")
		w.board.Modules[0].Inject(model.NoSupply)
		w.eventually(2*time.Second, "the line is idle", func() bool { return w.agent.Status().Lines[0].State == "idle" })
		w.board.Modules[0].Clear(model.NoSupply)
		w.phone(1, "wait tone:dial onhook")
	}, shows: "hook on"},
	flapping,
	bouncing,
}

// offHookForEver waits until line 1 howls at a handset that nobody puts down.
func (w *world) offHookForEver() {
	w.t.Helper()
	w.eventually(5*time.Minute, "line 1 howls", func() bool { return w.recorded(1, "play howler") })
	if s := w.agent.Status().Lines[0]; !s.OffHook || !s.PortUp {
		w.t.Errorf("a loop that stays closed: %+v, want a line that is off hook", s)
	}
}

// TestModuleFailures has each failure happen to line 1 of a board of modules.
func TestModuleFailures(t *testing.T) { testFailures(t, sim.Ag1171, moduleFailures) }

// TestClockFailsModules: modules have their own supply, so without the highway's clock
// hooks are still seen, and what is lost is the voice. The log says so once.
func TestClockFailsModules(t *testing.T) {
	inWorldOf(t, sim.Ag1171, 4, nil, func(w *world) {
		w.board.World.StopClock()
		w.eventually(time.Second, "the clock is missed", func() bool { return !w.agent.Status().Clock.Running })
		w.phone(1, "offhook pause 1s")
		if s := w.agent.Status().Lines[0]; !s.OffHook || !s.PortUp {
			w.t.Errorf("a telephone lifted without clock: %+v", s)
		}
		if got := strings.Count(w.log.String(), "lines are out of service"); got != 1 {
			w.t.Errorf("the log says %d times that the clock is lost, want once", got)
		}
		w.board.World.StartClock()
		w.eventually(5*time.Second, "the clock is back", func() bool { return w.agent.Status().Clock.Running })
		w.phone(1, "onhook")
		w.works(1)
	})
}
