package agent_test

import (
	"encoding/json"
	"math"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/sip/siptest"
)

// TestQualityOfACall loses bursts of five packets one way and expects both ends
// to know, while the other way stays clean.
func TestQualityOfACall(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		voice := 0
		w.net.Route(func(p siptest.Packet) (time.Duration, bool) {
			if p.From.Addr().String() != "10.0.1.1" || len(p.Data) != 172 {
				return 0, true
			}
			voice++
			return 0, voice%100 >= 5
		})
		w.phone(1, "offhook wait tone:dial dial 102")
		// The far end's last report is up to 6.2 s old (RFC 3550 §6.3.1: 5 s times
		// 1.5 / 1.218) and must speak of several bursts.
		w.phone(2, "wait ringing offhook pause 18s")
		lines := w.agent.Status().Lines
		sends, hears := lines[0].Calls[0].Voice, lines[1].Calls[0].Voice
		if hears.Bursts < 5 || math.Abs(hears.LossRate-0.045) > 0.01 || hears.DiscardRate != 0 || hears.BurstDensity != 1 ||
			math.Abs(hears.BurstDuration-0.1) > 1e-6 || math.Abs(hears.GapDuration-1.9) > 0.1 {
			t.Errorf("hears %+v", hears.QualityStatus)
		}
		if hears.MOSLQ < 3 || hears.MOSLQ > 4 || hears.MOSCQ > hears.MOSLQ || hears.R > 80 {
			t.Errorf("hears %+v", hears.QualityStatus)
		}
		if sends.MOSLQ < 4.4 || sends.Bursts != 0 || math.Abs(sends.RemoteMOSLQ-hears.MOSLQ) > 0.15 || math.Abs(sends.RemoteR-hears.R) > 3 {
			t.Errorf("sends %+v, far end says R %v, MOS %v", sends.QualityStatus, sends.RemoteR, sends.RemoteMOSLQ)
		}
		w.phone(2, "onhook")
		w.phone(1, "GONE onhook")
		w.idle()
		checkCallsJSON(t, w)
	})
}

// checkCallsJSON reads the ended calls as a program does.
func checkCallsJSON(t *testing.T, w *world) {
	t.Helper()
	answer := httptest.NewRecorder()
	w.agent.API().ServeHTTP(answer, httptest.NewRequest("GET", "/v1/calls", nil))
	var calls []struct {
		Line  int                `json:"line"`
		Voice map[string]float64 `json:"voice"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &calls); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 2 {
		t.Fatalf("%d calls, want 2", len(calls))
	}
	for _, c := range calls {
		lossy := c.Line == 2
		for _, name := range []string{"r_factor", "mos_lq", "mos_cq", "burst_density", "gap_density", "burst_seconds", "gap_seconds", "loss_rate"} {
			if _, ok := c.Voice[name]; !ok {
				t.Errorf("line %d: no %s", c.Line, name)
			}
		}
		if mos := c.Voice["mos_cq"]; lossy != (mos < 4) || mos < 1 {
			t.Errorf("line %d: MOS %v", c.Line, mos)
		}
	}
}
