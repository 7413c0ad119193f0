package agent_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
)

// glass is a port with a display, which remembers what it was shown.
type glass struct {
	slic.Panel
	mu    sync.Mutex
	shown []slic.Screen
}

func (g *glass) Show(s slic.Screen) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shown = append(g.shown, s)
	g.Panel.Show(s)
}

func (g *glass) clear() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shown = nil
}

// statuses are what was shown, one after the other.
func (g *glass) statuses() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []string
	for _, s := range g.shown {
		all = append(all, strings.TrimSpace(s.Status+" "+s.Number))
	}
	return strings.Join(all, ", ")
}

// onHandsets runs a test of n handsets whose displays are looked at.
func onHandsets(t *testing.T, n int, test func(w *world, glasses []*glass)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var glasses []*glass
		wrap := func(l slic.Line) slic.Line {
			g := &glass{Panel: l.(slic.Panel)}
			glasses = append(glasses, g)
			return g
		}
		w := newWorldOf(t, sim.Handset, document(n, nil), wrap)
		defer w.stop()
		test(w, glasses)
	})
}

// TestRecallKey holds a call by the key, and goes back by the hook switch.
func TestRecallKey(t *testing.T) {
	onHandsets(t, 2, func(w *world, _ []*glass) {
		w.phone(1, "offhook wait tone:dial dial 102 wait tone:ringback")
		w.phone(2, "wait ringing offhook pause 500ms")
		w.phone(1, "dial R wait tone:dial")
		w.phone(1, "flash 300 pause 1s")
		w.eventually(time.Second, "both lines talk", func() bool {
			s := w.agent.Status()
			return s.Lines[0].State == "talking" && s.Lines[1].State == "talking"
		})
		w.phone(2, "onhook")
		w.phone(1, "GONE onhook")
		w.idle()
	})
}

// TestRedial calls by key and again by the redial key, which does nothing before.
func TestRedial(t *testing.T) {
	onHandsets(t, 2, func(w *world, glasses []*glass) {
		w.phone(1, "offhook wait tone:dial dial L pause 500ms wait tone:dial onhook pause 1s")
		for _, keys := range []string{"102", "L", "L"} {
			w.phone(1, "offhook wait tone:dial dial "+keys+" wait tone:ringback onhook")
			w.idle()
			time.Sleep(time.Second)
		}
		if got := strings.Count(glasses[0].statuses(), "Calling 102"); got != 3 {
			t.Errorf("%d calls to 102 were shown, want 3: %s", got, glasses[0].statuses())
		}
	})
}

// TestKeysOnABusyComputer dials quickly while the program is held up again and
// again, after which the world hurries to make up for it.
func TestKeysOnABusyComputer(t *testing.T) {
	const number = "555200334466998870123456"
	plan := func(_ int, l object) { l["dial"] = object{"plan": "(5" + strings.Repeat("x", len(number)-1) + ")"} }
	synctest.Test(t, func(t *testing.T) {
		w := startWorld(t, sim.Handset, document(1, plan), func(b *sim.Board) {
			b.PCM = &busy{PCM: b.PCM, every: 900 * time.Millisecond, stall: 400 * time.Millisecond}
		})
		defer w.stop()
		w.inService(0)
		w.phone(1, "offhook wait tone:dial dial "+number+" -on 50 -off 50 pause 1s onhook")
		w.idle()
		if calls := w.agent.Calls(); len(calls) != 1 || calls[0].Number != number {
			t.Errorf("calls %+v, want one to %s", calls, number)
		}
	})
}

// TestPulsesOnABusyComputer dials by a rotary dial while the program is held up.
func TestPulsesOnABusyComputer(t *testing.T) {
	for _, hardware := range []sim.Hardware{sim.Si321x, sim.Ag1171} {
		synctest.Test(t, func(t *testing.T) {
			w := startWorld(t, hardware, document(1, nil), func(b *sim.Board) {
				b.PCM = &busy{PCM: b.PCM, every: 1100 * time.Millisecond, stall: 350 * time.Millisecond}
			})
			defer w.stop()
			w.inService(0)
			for _, number := range []string{"9486", "9603", "9404"} {
				w.phone(1, "offhook wait tone:dial pulse "+number+" pause 1s onhook pause 3s")
			}
			w.idle()
			numbers := ""
			for _, c := range w.agent.Calls() {
				numbers += " " + c.Number
			}
			if numbers != " 9486 9603 9404" && numbers != " 9404 9603 9486" {
				t.Errorf("hardware %d called%s, want 9486, 9603, 9404", hardware, numbers)
			}
		})
	}
}

// TestKeysInACall sends keys as events: the far end hears each once.
func TestKeysInACall(t *testing.T) {
	onHandsets(t, 2, func(w *world, _ []*glass) {
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook pause 500ms")
		w.phone(1, "dial 5#0 pause 1s")
		if got := w.board.Phones[1].State().Keys; got != "5#0" {
			t.Errorf("the far end heard %q, want 5#0", got)
		}
		if got := w.board.Phones[0].State().Keys; got != "1025#0" {
			t.Errorf("who pressed them heard %q, want 1025#0", got)
		}
		if strings.Contains(w.events(), "digit 5") {
			t.Error("keys pressed in a call are recorded")
		}
		w.phone(1, "onhook")
		w.phone(2, "GONE onhook")
		w.idle()
	})
}

func TestScreens(t *testing.T) {
	onHandsets(t, 2, func(w *world, glasses []*glass) {
		glasses[0].clear()
		glasses[1].clear()
		w.phone(1, "offhook wait tone:dial dial 102 wait tone:ringback")
		w.phone(2, "wait ringing")
		if got := w.board.Phones[1].State().Display; len(got) < 2 || got[0] != "INCOMING CALL" || got[1] != "101" {
			t.Errorf("the display reads %q", got)
		}
		w.phone(2, "offhook pause 500ms onhook")
		w.phone(1, "GONE onhook pause 1500ms offhook wait tone:dial dial 9486 wait tone:busy onhook pause 2s")
		w.idle()
		time.Sleep(time.Second)
		want := "Dial, Dial 1, Dial 10, Calling 102, Talking 102, Call ended, Call failed, , " +
			"Dial, Dial 9, Dial 94, Dial 948, Calling 9486, Busy, "
		if got := glasses[0].statuses(); got != want {
			t.Errorf("telephone 1 showed\n%q, want\n%q", got, want)
		}
		if got, want := glasses[1].statuses(), "Incoming call 101, Talking 101, "; got != want {
			t.Errorf("telephone 2 showed %q, want %q", got, want)
		}
	})
}

// TestLampOfAHandset lights the lamp, in a call too.
func TestLampOfAHandset(t *testing.T) {
	onHandsets(t, 1, func(w *world, _ []*glass) {
		lamp := func(body string) {
			if err := w.registrar.Notify("101", "message-summary", "application/simple-message-summary", []byte(body)); err != nil {
				t.Fatal(err)
			}
		}
		lamp("Messages-Waiting: yes\r\n")
		w.phone(1, "wait mwi -timeout 1s offhook pause 500ms")
		lamp("Messages-Waiting: no\r\n")
		w.phone(1, "pause 500ms")
		if w.board.Phones[0].State().Lamp {
			t.Error("the lamp is lit although no messages wait")
		}
		w.phone(1, "onhook")
		w.idle()
	})
}
