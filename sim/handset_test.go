package sim_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
)

// handsets is a board of n telephones without wires.
func handsets(n int) sim.BoardOpts {
	return sim.BoardOpts{Hardware: sim.Handset, Lines: n, Seed: 7}
}

// A person dials by keys, flashes, and is rung by the loudspeaker: cadence, pitch
// and level are as measured in the room.
func TestHandsetIsUsed(t *testing.T) {
	onBoard(t, handsets(2), func(t *testing.T, r *rig) {
		r.ready(t)
		r.do(t, 1, "offhook")
		r.next(t, 0, slic.OffHook)
		r.do(t, 1, "dial 1R -on 60 -off 60")
		for _, want := range "1R" {
			if e := r.next(t, 0, slic.Key); e.Key != byte(want) {
				t.Errorf("key %c, want %c", e.Key, want)
			}
		}
		r.do(t, 1, "flash 300")
		on := r.next(t, 0, slic.OnHook)
		if off := r.next(t, 0, slic.OffHook); (off.At.Sub(on.At) - 300*time.Millisecond).Abs() > 5*time.Millisecond {
			t.Errorf("a flash of 300 ms took %v", off.At.Sub(on.At))
		}
		for range 2 {
			r.Lines[1].SetFeed(slic.Ringing)
			r.do(t, 2, "wait ringing -timeout 200ms pause 960")
			r.Lines[1].SetFeed(slic.OnHookTransmit)
			r.do(t, 2, "pause 2s")
		}
		ring := r.Phones[1].State().Ring
		if ring == nil || len(ring.CadenceMS) < 3 {
			t.Fatalf("ringing = %+v", ring)
		}
		if on := ring.CadenceMS[2]; on < 980 || on > 1040 {
			t.Errorf("a burst of 1.01 s was heard for %d ms", on)
		}
		if math.Abs(ring.Hertz-1800) > 60 || math.Abs(ring.Level+10) > 1 || ring.Volts != 0 {
			t.Errorf("ringing = %v, want 1800 Hz in the middle at -10 dBm0", ring)
		}
		r.do(t, 2, "wait silent -timeout 10s")
	})
}

// What needs wires is refused before anything is done, with what to do instead.
func TestHandsetRefuses(t *testing.T) {
	onBoard(t, handsets(1), func(t *testing.T, r *rig) {
		r.ready(t)
		for actions, want := range map[string]string{
			"offhook pulse 1":       "pulse: it has no dial, use dial",
			"offhook fault short":   "fault: there is nothing to damage",
			"offhook wait cpc":      "wait cpc: no loop is opened, use wait tone:reorder",
			"offhook wait callerid": "wait callerid: no data come over a pair",
			"offhook set loop=0":    "set loop: it can be set: bounce echo erl",
			"offhook dial 1A":       "dial: its keypad has no key A",
		} {
			err := r.Phones[0].Do(t.Context(), strings.Fields(actions), nil)
			if err == nil || !strings.Contains(err.Error(), "a handset without wires: "+want) {
				t.Errorf("%s: %v, want %s", actions, err, want)
			}
		}
		if s := r.Phones[0].State(); s.OffHook || strings.Contains(s.String(), "loop") {
			t.Errorf("state = %v", s)
		}
	})
	onBoard(t, sim.BoardOpts{Lines: 1}, func(t *testing.T, r *rig) {
		if err := r.Phones[0].Do(t.Context(), []string{"offhook", "dial", "R"}, nil); err == nil || !strings.Contains(err.Error(), "keys of a handset") {
			t.Errorf("R on a telephone with wires: %v", err)
		}
	})
}

// The pins fail and come back; the other telephone does not notice, and a highway
// that stands still is no matter for hooks and keys.
func TestHandsetTrouble(t *testing.T) {
	onBoard(t, handsets(2), func(t *testing.T, r *rig) {
		r.ready(t)
		r.Sets[0].Fail(true)
		r.next(t, 0, slic.Lost)
		r.do(t, 2, "offhook")
		r.next(t, 1, slic.OffHook)
		r.Sets[0].Fail(false)
		r.next(t, 0, slic.Ready)
		r.World.StopClock()
		r.do(t, 1, "offhook")
		r.next(t, 0, slic.OffHook)
		r.World.StartClock()
		for i, s := range r.Sets {
			if u := s.Misuses(); len(u) > 0 {
				t.Errorf("telephone %d: %v", i+1, u)
			}
		}
	})
	if _, err := sim.NewBoard(handsets(33)); err == nil {
		t.Error("a board of 33 handsets was made")
	}
}
