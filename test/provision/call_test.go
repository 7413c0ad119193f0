//go:build provision

package provision

import (
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/test/peer"
)

// TestPushesDuringACall pushes a change of every class while two telephones talk
// through Kamailio. What is live holds at once and the rest when they have hung
// up; not one frame is lost.
func TestPushesDuringACall(t *testing.T) {
	t.Parallel()
	k := peer.StartKamailio(t, "MD5", peer.Account{User: "1001", Password: "one"}, peer.Account{User: "1002", Password: "two"})
	first, second := account(k.Port, "1001", "one"), account(k.Port, "1002", "two")
	first["dial"] = map[string]any{"plan": "(10xx)"}
	d := newDevice(t, newProvider(t), first, second)
	d.Run(t)
	registered(t, d.Agent, 2)
	d.Phone(t, 1, "offhook", "wait", "tone:dial", "dial", "1002")
	d.Phone(t, 2, "wait", "ringing", "offhook", "pause", "500ms")
	var before agent.Status
	d.Agent.Status(t, &before)

	d.push(t, map[string]any{"generation": 1, "lines": []any{map[string]any{"name": "live"}}})
	d.until(t, 10*time.Second, "what is live holds at once", func(s *status) bool {
		return s.Lines[0].Name == "live" && s.Provisioning.Generation == 1 && s.Provisioning.State == provision.Waiting
	})
	d.goesOn(t, &before)
	for n, push := range []map[string]any{
		{"name": "line", "codecs": map[string]any{"order": []string{"PCMA"}}},
		{"name": "box", "sip": map[string]any{"local_port": peer.FreePort(t)}},
	} {
		looks := d.looks()
		d.push(t, map[string]any{"generation": 2 + n, "lines": []any{push}})
		d.until(t, 10*time.Second, "it waits", func(s *status) bool {
			return d.looks() > looks && s.Provisioning.State == provision.Staged && s.Lines[0].Name == "live"
		})
		d.Phone(t, 1, "pause", "1s")
		d.goesOn(t, &before)
	}
	d.Phone(t, 1, "onhook")
	d.Phone(t, 2, "onhook")
	d.until(t, 30*time.Second, "the last of it holds", func(s *status) bool {
		return s.Lines[0].Name == "box" && s.Provisioning.Generation == 3 && s.Lines[0].Registration == "registered" && s.Lines[0].PortUp
	})
}

// goesOn expects the calls of before to be up and to have lost nothing.
func (d *device) goesOn(t *testing.T, before *agent.Status) {
	t.Helper()
	var now agent.Status
	d.Agent.Status(t, &now)
	for i := range before.Lines {
		was, is := before.Lines[i].Calls, now.Lines[i].Calls
		if len(was) != 1 || len(is) != 1 || is[0].Call != was[0].Call {
			t.Fatalf("line %d: calls were %+v, are %+v", i+1, was, is)
		}
		if v := is[0].Voice; v.Lost != 0 || v.Sent <= was[0].Voice.Sent || v.Received <= was[0].Voice.Received {
			t.Errorf("line %d: voice %+v, was %+v", i+1, v, was[0].Voice)
		}
	}
	if now.Clock.Errors != before.Clock.Errors {
		t.Errorf("%d errors of the clock, were %d", now.Clock.Errors, before.Clock.Errors)
	}
}
