package agent_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/sip/siptest"
)

// TestEndsTellEachOther: with stats_in_bye both ends of a call know afterwards how
// the voice fared at the other, whoever hung up.
func TestEndsTellEachOther(t *testing.T) {
	change := func(_ int, l object) { l["sip"].(object)["stats_in_bye"] = true }
	inWorld(t, 2, change, func(w *world) {
		n := 0
		w.net.Route(func(p siptest.Packet) (time.Duration, bool) {
			if !voice(p, 2) {
				return 0, true
			}
			n++
			return 0, n%20 != 0
		})
		w.phone(1, "offhook wait tone:dial dial 102")
		w.phone(2, "wait ringing offhook pause 10s")
		w.phone(1, "onhook")
		w.phone(2, "GONE onhook")
		w.idle()
		calls := w.agent.Calls()
		if len(calls) != 2 || calls[0].FarEnd == nil || calls[1].FarEnd == nil {
			t.Fatalf("calls %+v", calls)
		}
		for i, c := range calls {
			other := calls[1-i].Voice
			far := c.FarEnd
			// The ends look at their figures within a packet or two of each other.
			if near(far.Sent, other.Sent) > 2 || near(far.Received, other.Received) > 2 || near(far.Lost, uint64(other.Lost)) > 1 {
				t.Errorf("line %d was told %+v, the far end had %+v", c.Line, far, other)
			}
			if c.Detail.Dialog.CallID == "" || c.Detail.Dialog.CallID != calls[1-i].Detail.Dialog.CallID || c.Detail.Dialog.LocalTag != calls[1-i].Detail.Dialog.FarTag {
				t.Errorf("dialog %+v", c.Detail.Dialog)
			}
			if lost := float64(far.Lost) / float64(far.Lost+far.Received); c.Line == 1 && (lost < 0.03 || lost > 0.07) {
				t.Errorf("the far end lost %v of our voice, want a twentieth", lost)
			}
			if c.Line == 1 != (c.Setup > 0) {
				t.Errorf("line %d: set-up took %v", c.Line, c.Setup)
			}
		}
	})
}

func near(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// TestPublishByALine: a line publishes by its account and learns what became of
// it.
func TestPublishByALine(t *testing.T) {
	inWorld(t, 1, nil, func(w *world) {
		var seen []string
		collect := func(req *sipmsg.Request) int {
			if req.Method != sipmsg.PUBLISH {
				return 0
			}
			seen = append(seen, req.From().Address.User+" "+string(req.Body()))
			return 489
		}
		w.intercept.Store(&collect)
		p := sip.Publication{To: "sip:collector@ata.test", Event: "vq-rtcpxr", ContentType: "application/vq-rtcpxr", Body: []byte("hello\r\n")}
		got, err := w.agent.Publish(w.ctx, 1, p)
		if err != nil || got.Code != 489 || strings.Join(seen, ",") != "101 hello\r\n" {
			t.Errorf("%+v %v, the collector saw %q", got, err, seen)
		}
		if _, err := w.agent.Publish(w.ctx, 2, p); err == nil {
			t.Error("a line that is not there published")
		}
		ended, cancel := context.WithCancel(w.ctx)
		cancel()
		if _, err := w.agent.Publish(ended, 1, p); !errors.Is(err, sip.ErrNotSent) && err != nil {
			t.Errorf("%v", err)
		}
		if times := w.agent.Status().Lines[0].SIP.Register; times.Answers[2] == 0 {
			t.Errorf("registrations %+v", times)
		}
	})
}
