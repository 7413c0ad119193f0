//go:build provision

package provision

import (
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/test/peer"
)

// TestTrial pushes a registrar that never answers, which is rolled back within
// provision.confirm_s, and a wrong password, which is not: the old one may be as
// dead.
func TestTrial(t *testing.T) {
	t.Parallel()
	k := peer.StartKamailio(t, "MD5", peer.Account{User: "100", Password: "right"})
	d := newDevice(t, newProvider(t), account(k.Port, "100", "right"))
	d.Run(t)
	d.until(t, 20*time.Second, "the line is registered and the server asked", func(s *status) bool {
		return s.Lines[0].Registration == "registered" && s.Provisioning.State == provision.Waiting && !s.Provisioning.Looked.IsZero()
	})

	began := time.Now()
	d.push(t, map[string]any{"generation": 2, "lines": []any{account(deaf(t), "100", "right")}})
	d.until(t, 10*time.Second, "it is tried", func(s *status) bool { return s.Provisioning.State == provision.Trial })
	d.until(t, 60*time.Second, "it is rolled back", func(s *status) bool {
		return s.Provisioning.Reason == provision.NotProven && s.Lines[0].Registration == "registered"
	})
	if took := time.Since(began); took < 30*time.Second || took > 40*time.Second {
		t.Errorf("service was back after %v, want that of confirm_s", took)
	}
	if r := d.reported(); r.Result != "rolled-back" || r.Generation != 0 {
		t.Errorf("reported %+v", r)
	}
	if !k.Knows(t, "100") {
		t.Error("Kamailio does not know the line")
	}

	began = time.Now()
	d.push(t, map[string]any{"generation": 3, "lines": []any{account(k.Port, "100", "wrong")}})
	d.until(t, 15*time.Second, "it stays with an alarm", func(s *status) bool {
		return s.Provisioning.Alarm != "" && s.Provisioning.Generation == 3 && s.Lines[0].Registration == "refused"
	})
	peer.Eventually(t, 5*time.Second, "the alarm is reported", func() bool {
		r := d.reported()
		return r.Result == "applied" && r.Generation == 3 && r.Detail != ""
	})
	d.push(t, map[string]any{"generation": 4, "lines": []any{account(k.Port, "100", "right")}})
	d.until(t, 15*time.Second, "the repair is taken", func(s *status) bool {
		return s.Provisioning.Alarm == "" && s.Provisioning.Generation == 4 && s.Lines[0].Registration == "registered"
	})
}
