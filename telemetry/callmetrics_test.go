package telemetry

import (
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/sip"
)

// valueOf finds a value of a field by its labels.
func valueOf(s *Samples, f privacy.Field, labels ...string) (privacy.Item, bool) {
next:
	for _, i := range s.items {
		if i.Field != f || len(i.Labels) != len(labels) {
			continue
		}
		for n := range labels {
			if i.Labels[n] != labels[n] {
				continue next
			}
		}
		return i, true
	}
	return privacy.Item{}, false
}

// TestRegistrationMetrics: attempts by line and answer, times of all lines together.
func TestRegistrationMetrics(t *testing.T) {
	one := sip.RegisterTimes{Answers: [7]uint64{0: 3, 2: 5, 4: 1}, Sum: 600 * time.Millisecond}
	one.Took[0], one.Took[4] = 5, 1
	two := sip.RegisterTimes{Answers: [7]uint64{2: 1}, Sum: 10 * time.Second}
	two.Took[len(two.Took)-1] = 1
	s := &Samples{}
	registrations(s, agent.Status{Lines: []agent.LineStatus{
		{Line: 1, Enabled: true, Registers: true, SIP: sip.Status{Register: one}},
		{Line: 2, Enabled: true, Registers: true, SIP: sip.Status{Register: two}},
		{Line: 3, Enabled: true},
	}})
	for _, tt := range []struct {
		line, code string
		want       float64
		told       bool
	}{{"1", "none", 3, true}, {"1", "2xx", 5, true}, {"1", "4xx", 1, true}, {"1", "5xx", 0, false}, {"2", "2xx", 1, true}, {"2", "none", 0, false}, {"3", "2xx", 0, false}} {
		if i, told := valueOf(s, registerAttempts, tt.line, tt.code); told != tt.told || i.Value != tt.want {
			t.Errorf("line %s, %s: %v %v, want %v %v", tt.line, tt.code, i.Value, told, tt.want, tt.told)
		}
	}
	i, ok := valueOf(s, registerTime)
	if !ok || i.Hist.Count() != 7 || i.Hist.Counts[0] != 5 || i.Hist.Counts[4] != 1 || i.Hist.Counts[len(i.Hist.Counts)-1] != 1 || i.Hist.Sum != 10.6 {
		t.Errorf("times %+v", i.Hist)
	}
}

// TestCallMetrics: results, set-up times of outgoing calls and emergency calls are
// counted once, when a call ended.
func TestCallMetrics(t *testing.T) {
	a := &fakeAgent{lines: []agent.LineStatus{{Line: 1, Enabled: true}}}
	calls := NewCalls(a.status, a.calls)
	now := time.Now()
	a.end(agent.PastCall{Line: 1, CallStatus: agent.CallStatus{Call: 1, Answered: now, Setup: 0.15}})
	a.end(agent.PastCall{Line: 1, CallStatus: agent.CallStatus{Call: 2, Setup: 3}})
	a.end(agent.PastCall{Line: 1, CallStatus: agent.CallStatus{Call: 3, Answered: now, Emergency: true, Setup: 60}})
	a.end(agent.PastCall{Line: 1, CallStatus: agent.CallStatus{Call: 4, Incoming: true}})
	for range 2 {
		s := &Samples{}
		for _, c := range []Collector{calls, calls.Setups()} {
			if err := c.Collect(s); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			direction, result string
			want              float64
		}{{"outgoing", "answered", 2}, {"outgoing", "unanswered", 1}, {"incoming", "unanswered", 1}, {"incoming", "answered", 0}} {
			if i, _ := valueOf(s, callsTotal, "1", tt.direction, tt.result); i.Value != tt.want {
				t.Errorf("%s %s: %v, want %v", tt.direction, tt.result, i.Value, tt.want)
			}
		}
		if i, ok := valueOf(s, emergencyCalls, "1"); !ok || i.Value != 1 {
			t.Errorf("emergency calls: %v", i.Value)
		}
		i, ok := valueOf(s, callSetup)
		if !ok || i.Hist.Count() != 3 || i.Hist.Counts[0] != 1 || i.Hist.Counts[4] != 1 || i.Hist.Counts[5] != 1 || i.Hist.Sum != 63.15 {
			t.Errorf("set-up %+v", i.Hist)
		}
	}
}
