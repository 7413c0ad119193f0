package agent_test

import (
	"testing"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// TestFarBusyEndsCall has the far end of a call send busy tone instead of hanging
// up. Only the line that is told to ends the call.
func TestFarBusyEndsCall(t *testing.T) {
	for _, ends := range []bool{true, false} {
		change := func(i int, l object) { l["tones"] = object{"busy_hangup": ends && i == 0} }
		inWorld(t, 2, change, func(w *world) {
			w.phone(1, "offhook wait tone:dial dial 102")
			w.phone(2, "wait ringing offhook pause 1s")
			us, _ := country.Lookup("US")
			var g tone.Generator
			g.Start(&us.Tones.Busy)
			busy := make([]int16, 4*8000)
			g.Read(busy)
			w.board.Phones[1].Speak(busy)
			w.phone(1, "pause 2500ms")
			if state := w.agent.Status().Lines[0].State; (state == "gone") != ends {
				t.Errorf("line 1 is %s, call is to end: %v", state, ends)
			}
			if ends {
				w.phone(1, "wait tone:reorder -timeout 10s onhook")
				w.phone(2, "onhook")
			} else {
				w.phone(2, "onhook")
				w.phone(1, "GONE onhook")
			}
			w.idle()
		})
	}
}
