package agent_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// callers notes who calls 911, and makes the registrar answer busy. It
// registers refused no more, and lets barred make no call.
func (w *world) callers(refused, barred string) func() string {
	var mu sync.Mutex
	var list []string
	f := func(req *sipmsg.Request) int {
		mu.Lock()
		defer mu.Unlock()
		switch from := req.From().Address.User; {
		case req.Method == sipmsg.INVITE && from == barred:
			list = append(list, from)
			return 403
		case req.Method == sipmsg.INVITE && req.Recipient.User == "911":
			list = append(list, from)
			return 486
		case req.Method == sipmsg.REGISTER && from == refused:
			return 403
		}
		return 0
	}
	w.intercept.Store(&f)
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(list, " ")
	}
}

// renew makes line 1 register again.
func (w *world) renew(lines int, change object) {
	w.t.Helper()
	if err := w.agent.Apply(document(lines, func(i int, l object) {
		for k, v := range change {
			if i == 0 {
				l[k] = v
			}
		}
	})); err != nil {
		w.t.Fatal(err)
	}
	w.eventually(10*time.Second, "the line is out of service", func() bool {
		l := w.agent.Status().Lines[0]
		return !l.Pending && l.Registration != "registered"
	})
}

// TestEmergencyCallFindsAWay dials 911 on a line whose account is refused, or
// which has none. The busy tone is the emergency service's.
func TestEmergencyCallFindsAWay(t *testing.T) {
	for _, tt := range []struct {
		name    string
		lines   int
		change  object
		callers string
	}{
		{"own account, not registered", 1, object{"codecs": object{"order": []string{"PCMU"}}}, "101"},
		{"another line's, in service", 2, object{"codecs": object{"order": []string{"PCMU"}}}, "102"},
		{"another line's, with none of its own", 2, object{"enabled": false}, "102"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, tt.lines, nil, func(w *world) {
				callers := w.callers("101", "")
				w.renew(tt.lines, tt.change)
				w.phone(1, "offhook pause 1s dial 911 wait tone:busy onhook")
				w.idle()
				if got := callers(); got != tt.callers {
					t.Errorf("called by %q, want %q", got, tt.callers)
				}
			})
		})
	}
}

// TestEmergencyCallTriesEveryAccount has the first account in service refuse.
func TestEmergencyCallTriesEveryAccount(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		callers := w.callers("", "101")
		w.phone(1, "offhook wait tone:dial dial 911 wait tone:busy onhook")
		w.idle()
		if got := callers(); got != "101 102" {
			t.Errorf("called by %q, want 101, then 102", got)
		}
	})
}

// TestEmergencyCallKeepsTheLentAccount answers an emergency call by another
// line's account, which is to be reconfigured: that waits until it is over.
func TestEmergencyCallKeepsTheLentAccount(t *testing.T) {
	emergency := object{"numbers": []string{"103"}}
	inWorld(t, 3, nil, func(w *world) {
		w.renew(3, object{"enabled": false, "emergency": emergency})
		w.phone(1, "offhook pause 1s dial 103")
		w.phone(3, "wait ringing offhook")
		w.eventually(3*time.Second, "telephone 3 is talked to", func() bool { return w.agent.Status().Lines[2].State == "talking" })
		if err := w.agent.Apply(document(3, func(i int, l object) {
			switch i {
			case 0:
				l["enabled"], l["emergency"] = false, emergency
			case 1:
				l["name"], l["codecs"] = "renamed", object{"order": []string{"PCMU"}}
			}
		})); err != nil {
			t.Fatal(err)
		}
		w.phone(1, "pause 5s")
		s := w.agent.Status()
		if s.Lines[0].State != "talking" || !s.Lines[1].Pending {
			t.Errorf("line 1 %s, line 2 pending %v; want an untouched call", s.Lines[0].State, s.Lines[1].Pending)
		}
		w.phone(1, "onhook")
		w.phone(3, "GONE onhook")
		w.eventually(5*time.Second, "line 2 takes its configuration", func() bool { return w.agent.Status().Lines[1].Name == "renamed" })
		w.idle()
	})
}
