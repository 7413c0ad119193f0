package agent_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/sim"
)

// TestIncidentReplays has two lines live through what lines live through; what each
// recorded gives the same decisions again, byte for byte, and tells no secret.
func TestIncidentReplays(t *testing.T) {
	inWorldOf(t, sim.Si321x, 2, func(_ int, l object) { l["hook"] = object{"flash_min_ms": 200} }, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102 wait tone:ringback")
		w.phone(2, "wait ringing offhook pause 6s")
		w.phone(1, "dial 5566 flash 300 pause 3s flash 300 pause 1s onhook")
		w.phone(2, "GONE onhook")
		w.idle()
		w.phone(2, "offhook wait tone:dial dial 9666 pause 25s onhook")
		w.phone(1, "offhook wait tone:dial pulse 102 wait tone:ringback onhook pause 1s")
		w.idle()
		for n := 1; n <= 2; n++ {
			text, err := w.agent.Incident(w.ctx, n)
			if err != nil {
				t.Fatal(err)
			}
			again, err := agent.Replay(text)
			if err != nil {
				t.Fatal(err)
			}
			if again != text {
				t.Errorf("line %d decided\n%s\nand on replay\n%s", n, text, again)
			}
			if strings.Count(text, "\n\t") < 12 || !strings.Contains(text, "# @") {
				t.Errorf("line %d recorded hardly anything:\n%s", n, text)
			}
			for _, secret := range []string{"5566", "digit 5", "secret", "ata.test", "10.0."} {
				if strings.Contains(text, secret) {
					t.Errorf("line %d tells %q", n, secret)
				}
			}
		}
	})
}

// TestIncidentTellsAnotherDecision: a replay that decides otherwise is not the same text.
func TestIncidentTellsAnotherDecision(t *testing.T) {
	inWorldOf(t, sim.Si321x, 1, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 9 pause 1s onhook pause 1s")
		text, err := w.agent.Incident(w.ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		other := strings.Replace(text, "play dial", "play busy", 1)
		if again, err := agent.Replay(other); err != nil || again != text || other == text {
			t.Errorf("the replay of what was tampered with is %q, %v", again, err)
		}
		for _, bad := range []string{"", "+1s hook off\n", "set config {}\n+1s hook off\n", "set port {}\nset config nothing\n"} {
			if _, err := agent.Replay(bad); err == nil {
				t.Errorf("%q is taken for an incident", bad)
			}
		}
		hidden, err := agent.HideNumbers(text)
		if err != nil || strings.Contains(hidden, "digit 9") {
			t.Errorf("numbers hidden: %v\n%s", err, hidden)
		}
		if _, err := w.agent.Incident(w.ctx, 2); err == nil {
			t.Error("there is no line 2")
		}
	})
}

// TestIncidentAfterNewConfiguration: what was decided under other settings is left out.
func TestIncidentAfterNewConfiguration(t *testing.T) {
	inWorldOf(t, sim.Si321x, 1, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 9 onhook pause 1s")
		changed := document(1, func(_ int, l object) { l["hook"] = object{"flash_min_ms": 150} })
		if err := w.agent.Apply(changed); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		w.phone(1, "offhook wait tone:dial dial 8 pause 2s onhook pause 1s")
		text, err := w.agent.Incident(w.ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		again, err := agent.Replay(text)
		if err != nil || again != text || strings.Contains(text, "digit 9") || !strings.Contains(text, "digit 8") {
			t.Errorf("recorded\n%s\nreplayed (%v)\n%s", text, err, again)
		}
	})
}

// FuzzReplay: an incident comes from outside.
func FuzzReplay(f *testing.F) {
	f.Add("set began 2026-01-02T03:04:05Z\nset port {}\nset config {\"country\":\"US\"}\n+1s port up\n\tfeed forward\n+1s hook off\n")
	f.Fuzz(func(_ *testing.T, text string) {
		if out, err := agent.Replay(text); err == nil {
			_, _ = agent.HideNumbers(out)
		}
	})
}
