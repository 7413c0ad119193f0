package agent_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/sdes"
)

// srtp sets rtp.srtp of each line.
func srtp(modes ...string) func(int, object) {
	return func(i int, l object) { l["rtp"] = object{"srtp": modes[i]} }
}

// talking waits until both lines talk and packets have come.
func (w *world) talking() {
	w.eventually(2*time.Second, "both lines talk", func() bool {
		for _, l := range w.agent.Status().Lines[:2] {
			if l.State != "talking" || len(l.Calls) != 1 || l.Calls[0].Voice.Received < 10 {
				return false
			}
		}
		return true
	})
}

// Both ends tell that nobody could listen, while the call lasts and afterwards, and
// nothing that is logged would help anybody to.
func TestEncryptedCall(t *testing.T) {
	inWorld(t, 2, srtp("required", "optional"), func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102 wait tone:ringback")
		w.phone(2, "wait ringing offhook pause 500ms")
		w.talking()
		w.phone(1, "flash 300 wait tone:dial flash 300 pause 1s")
		w.talking()
		for _, l := range w.agent.Status().Lines {
			if c := l.Calls[0]; c.Encrypted != sdes.AESCM80 || c.Voice.Unauthentic != 0 || c.Voice.Lost != 0 {
				t.Errorf("line %d: %q, %+v", l.Line, c.Encrypted, c.Voice)
			}
		}
		w.phone(1, "onhook")
		w.phone(2, "GONE onhook")
		w.idle()
		for _, c := range w.agent.Calls() {
			if c.Encrypted != sdes.AESCM80 {
				t.Errorf("line %d: %q afterwards", c.Line, c.Encrypted)
			}
		}
		if strings.Contains(w.log.String(), "inline:") {
			t.Error("the log has keys")
		}
	})
}

// A line that requires encryption has no call without, but for help.
func TestEncryptionRequired(t *testing.T) {
	inWorld(t, 2, srtp("required", "off"), func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102 wait tone:reorder onhook")
		w.phone(2, "offhook wait tone:dial dial 101 wait tone:reorder onhook")
		w.idle()
		if !strings.Contains(w.log.String(), "which this line requires") {
			t.Error("the log does not say why")
		}
	})
	help := func(i int, l object) {
		srtp("required", "off")(i, l)
		l["emergency"] = object{"numbers": []string{"102"}}
	}
	inWorld(t, 2, help, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102 wait tone:ringback")
		w.phone(2, "wait ringing offhook pause 500ms")
		w.talking()
		if c := w.agent.Status().Lines[0].Calls[0]; c.Encrypted != "" || !c.Emergency {
			t.Errorf("%+v", c)
		}
		w.phone(2, "onhook")
		w.phone(1, "GONE onhook")
		w.idle()
	})
}
