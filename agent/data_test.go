package agent_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/sip/siptest"
)

// TestFaxTone has a telephone send the tone of a calling fax in a call of long
// packets: both lines carry data, packets become short by a re-INVITE, and both
// are taken back when the line has been silent.
func TestFaxTone(t *testing.T) {
	long := func(_ int, l object) { l["rtp"] = object{"ptime_ms": 60} }
	inWorld(t, 2, long, func(w *world) {
		var offers atomic.Int32
		watch := func(req *sipmsg.Request) int {
			if req.Method == sipmsg.INVITE && strings.Contains(string(req.Body()), "silenceSupp:off") {
				offers.Add(1)
			}
			return 0
		}
		w.intercept.Store(&watch)
		var length atomic.Int32
		w.net.Route(func(p siptest.Packet) (time.Duration, bool) {
			if p.From.Port() >= 16384 && p.From.Port()%2 == 0 {
				length.Store(int32(len(p.Data)))
			}
			return 0, true
		})
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook pause 2s")
		if got := length.Load(); got != 12+480 {
			t.Errorf("packets of %d octets, want 60 ms", got)
		}
		w.board.Phones[0].Speak(dsptest.AnswerTone{Hz: 1100, Level: -13}.Make(4000))
		w.phone(1, "pause 5s") // both may have asked at once, RFC 3261 §14.1
		for i, l := range w.agent.Status().Lines {
			if !l.Calls[0].Data {
				t.Errorf("line %d does not carry data", i+1)
			}
		}
		if got := length.Load(); got != 12+160 || offers.Load() == 0 {
			t.Errorf("%d offers for data, packets of %d octets, want 20 ms", offers.Load(), got)
		}
		w.phone(1, "pause 9s")
		for i, l := range w.agent.Status().Lines {
			if l.Calls[0].Data {
				t.Errorf("line %d still carries data", i+1)
			}
		}
		if got := length.Load(); got != 12+480 {
			t.Errorf("packets of %d octets after the fax, want 60 ms", got)
		}
		w.phone(2, "onhook")
		w.phone(1, "GONE onhook")
		w.idle()
	})
}

// A line with fax mode always carries data from the start, one with off never.
func TestFaxModes(t *testing.T) {
	modes := []string{"always", "off"}
	change := func(i int, l object) { l["fax"] = object{"mode": modes[i]} }
	inWorld(t, 2, change, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook pause 1s")
		w.board.Phones[1].Speak(dsptest.AnswerTone{Hz: 2100, Level: -13}.Make(16000))
		w.phone(1, "pause 3s")
		lines := w.agent.Status().Lines
		if !lines[0].Calls[0].Data || lines[1].Calls[0].Data {
			t.Errorf("data: %v with always, %v with off", lines[0].Calls[0].Data, lines[1].Calls[0].Data)
		}
		w.phone(2, "onhook")
		w.phone(1, "GONE onhook")
		w.idle()
	})
}
