package agent_test

import (
	"strings"
	"testing"
	"time"
)

// TestNothingPrivateIsWritten makes a call during which keys are pressed. The
// log holds no password at any level, and no number above debug; the record of
// events holds no key of the call.
func TestNothingPrivateIsWritten(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook pause 1s")
		w.phone(1, "dial 4739 pause 1s onhook")
		w.phone(2, "GONE onhook")
		w.idle()
		w.stop()
		for line := range strings.Lines(w.log.String()) {
			if strings.Contains(line, "secret") || strings.Contains(line, "Digest ") {
				t.Errorf("password in the log: %s", line)
			}
			if !strings.Contains(line, "level=DEBUG") && (strings.Contains(line, "101@") || strings.Contains(line, "102@")) {
				t.Errorf("number in the log: %s", line)
			}
		}
		events, _, _ := strings.Cut(w.events(), "hangup 1")
		if !strings.Contains(events, "digit 2") {
			t.Errorf("the number dialed is not in the record:\n%s", events)
		}
		for _, key := range []string{"digit 4", "digit 7", "digit 3", "digit 9"} {
			if strings.Contains(events, key) {
				t.Errorf("%q, pressed during the call, is in the record:\n%s", key, events)
			}
		}
	})
}

// TestLineTakenOutOfService expects no dial tone where no call can be made.
func TestLineTakenOutOfService(t *testing.T) {
	inWorld(t, 1, nil, func(w *world) {
		if err := w.agent.Apply(document(1, func(_ int, l object) { l["enabled"] = false })); err != nil {
			t.Fatal(err)
		}
		w.eventually(10*time.Second, "the line is disabled", func() bool { return !w.agent.Status().Lines[0].Enabled })
		w.phone(1, "offhook wait tone:reorder -timeout 3s onhook")
		w.idle()
	})
}

// TestVoiceWhereverTheAddressIs expects the sockets of a call to outlive a
// change of address, unless the configuration names one.
func TestVoiceWhereverTheAddressIs(t *testing.T) {
	for name, want := range map[string]int32{"": 1, "10.0.1.1": 0} {
		change := func(_ int, l object) {
			if name == "" {
				delete(l["sip"].(object), "local_address")
			}
		}
		inWorld(t, 1, change, func(w *world) {
			w.phone(1, "offhook wait tone:dial dial 9486 wait tone:busy onhook")
			w.idle()
			if got := w.anywhere.Load(); got != want {
				t.Errorf("local address %q: %d calls at every address, want %d", name, got, want)
			}
		})
	}
}
