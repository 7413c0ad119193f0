package agent_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
)

// verdicts are the verdicts of a report, in the order of the tests.
func verdicts(r slic.TestReport) string {
	var all []string
	for _, t := range r.Results {
		all = append(all, string(t.Verdict))
	}
	return strings.Join(all, " ")
}

func TestLineTest(t *testing.T) {
	inWorldOf(t, sim.Si321x, 2, nil, func(w *world) {
		r, err := w.agent.TestLine(w.ctx, 1)
		if err != nil || verdicts(r) != "limited limited limited pass pass" {
			t.Errorf("a sound line: %s, %v", verdicts(r), err)
		}
		w.phone(1, "fault ring-ground=5000")
		if r, err = w.agent.TestLine(w.ctx, 1); err != nil || verdicts(r) != "limited limited fail pass not-measured" || !r.Failed() {
			t.Errorf("RING on ground: %s, %v", verdicts(r), err)
		}
		if kept := w.agent.Status().Lines[0].LineTest; kept == nil || verdicts(*kept) != verdicts(r) {
			t.Errorf("status keeps %+v, want the last report", kept)
		}
		w.phone(1, "fault none")
		w.refused()
		w.phone(1, "offhook wait tone:dial")
		w.eventually(3*time.Minute, "the receiver is given up", func() bool { return w.agent.Status().Lines[0].State == "howling" })
		if r, err = w.agent.TestLine(w.ctx, 1); err != nil || verdicts(r) != "limited limited not-measured fail not-measured" {
			t.Errorf("receiver off hook: %s, %v", verdicts(r), err)
		}
		w.phone(1, "onhook")
		w.idle()
		w.phone(1, "offhook wait tone:dial onhook")
		w.idle()
	})
}

// refused: a line in use is not tested, and a call comes before a test.
func (w *world) refused() {
	w.t.Helper()
	w.phone(1, "offhook wait tone:dial")
	if _, err := w.agent.TestLine(w.ctx, 1); !errors.Is(err, slic.ErrTestBusy) {
		w.t.Errorf("a test while dialing: %v", err)
	}
	w.phone(1, "dial 102 wait tone:ringback")
	w.phone(2, "wait ringing offhook pause 500ms")
	for n := 1; n <= 2; n++ {
		if _, err := w.agent.TestLine(w.ctx, n); !errors.Is(err, slic.ErrTestBusy) || !strings.Contains(err.Error(), "in a call") {
			w.t.Errorf("a test in a call: %v", err)
		}
	}
	w.phone(1, "onhook")
	w.phone(2, "wait cpc onhook")
	w.idle()
	w.phone(1, "offhook wait tone:dial")
	ended := make(chan error, 1)
	go func() {
		_, err := w.agent.TestLine(w.ctx, 2)
		ended <- err
	}()
	w.phone(1, "dial 102 wait tone:ringback")
	w.phone(2, "wait ringing")
	if err := <-ended; !errors.Is(err, slic.ErrTestInterrupted) {
		w.t.Errorf("a call during a test: %v", err)
	}
	w.phone(1, "onhook")
	w.idle()
	if _, err := w.agent.TestLine(w.ctx, 3); !errors.Is(err, agent.ErrNoLine) {
		w.t.Errorf("a test of line 3 of 2: %v", err)
	}
}

// TestLineTestOfAModule: what has no measurements says so.
func TestLineTestOfAModule(t *testing.T) {
	inWorldOf(t, sim.Ag1171, 1, nil, func(w *world) {
		for path, want := range map[string]int{"/v1/linetest/1": 200, "/v1/linetest/2": 404, "/v1/linetest/x": 400} {
			answer := httptest.NewRecorder()
			w.agent.API().ServeHTTP(answer, httptest.NewRequest("POST", path, nil))
			if answer.Code != want {
				t.Errorf("%s: %d %s, want %d", path, answer.Code, answer.Body, want)
			}
			if want != 200 {
				continue
			}
			var r slic.TestReport
			if err := json.Unmarshal(answer.Body.Bytes(), &r); err != nil || verdicts(r) != strings.TrimSpace(strings.Repeat("not-supported ", 5)) {
				t.Errorf("report %s, %v", answer.Body, err)
			}
		}
	})
}
