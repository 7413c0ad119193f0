package doctor

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/slic"
)

func well() agent.LineStatus {
	return agent.LineStatus{Line: 1, PortUp: true, Enabled: true, Registers: true, Registration: "registered", Server: "192.0.2.1:5060", State: "idle"}
}

func TestAgent(t *testing.T) {
	for _, tt := range []struct {
		name     string
		change   func(*agent.Status)
		check    string
		severity Severity
		says     string
		remedy   string
	}{
		{"well", func(*agent.Status) {}, "", OK, "", ""},
		{"no clock", func(s *agent.Status) { s.Clock.Running = false }, "clock", Fault, "no line works", "PCLK"},
		{"starting", func(s *agent.Status) { s.Lines[0].PortUp = false }, "port", Warning, "starting", "wait"},
		{"lost", func(s *agent.Status) {
			s.Lines[0].PortUp, s.Lines[0].PortError, s.Lines[0].Trouble = false, "si321x: no answer", slic.NoAnswer
		}, "port", Fault, "out of service: si321x: no answer", "SDO"},
		{"recovering", func(s *agent.Status) {
			s.Lines[0].PortError, s.Lines[0].Trouble = "si321x: power alarm of Q1", slic.Overload
		}, "port", Warning, "recovering", "unplug"},
		{"off hook", func(s *agent.Status) { s.Lines[0].State = "locked" }, "hook", Warning, "off hook for too long", "linetest 1"},
		{"howling", func(s *agent.Status) { s.Lines[0].State = "howling" }, "hook", Warning, "off hook for too long", "linetest 1"},
		{"refused", func(s *agent.Status) {
			s.Lines[0].Registration, s.Lines[0].Code, s.Lines[0].Reason = "refused", 403, "Forbidden"
		}, "registration", Fault, "not registered: 403 Forbidden", "password wrong"},
		{"unreachable", func(s *agent.Status) { s.Lines[0].Registration, s.Lines[0].Reason = "registering", "no such host" }, "registration", Fault, "not registered: no such host", "name server"},
		{"certificate", func(s *agent.Status) {
			s.Lines[0].Registration, s.Lines[0].SIPTrouble, s.Lines[0].Reason = "registering", sip.Untrusted, "the server's certificate comes from an authority that is not trusted"
		}, "registration", Fault, "not trusted", "ca_file"},
		{"need not register", func(s *agent.Status) { s.Lines[0].Registers, s.Lines[0].Registration = false, "unregistered" }, "", OK, "", ""},
		{"wires", func(s *agent.Status) {
			s.Lines[0].LineTest = &slic.TestReport{Results: []slic.TestResult{{Test: slic.ResistiveFaults, Verdict: slic.Failed, Text: "TIP touches RING"}, {Test: slic.ForeignEMF, Verdict: slic.Limited}}}
		}, "wires", Fault, "TIP touches RING", "damp"},
		{"sound wires", func(s *agent.Status) {
			s.Lines[0].LineTest = &slic.TestReport{Results: []slic.TestResult{{Test: slic.ForeignEMF, Verdict: slic.Limited}}}
		}, "", OK, "", ""},
		{"slow", func(s *agent.Status) { s.Lines[0].LostEvents = 3 }, "events", Warning, "3 events were lost", "what else"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := agent.Status{Clock: agent.ClockStatus{Running: true}, Lines: []agent.LineStatus{well()}}
			tt.change(&s)
			r := Report{Findings: Agent(&s)}
			if got := r.Worst(); got != tt.severity {
				t.Errorf("worst is %s, want %s: %+v", got, tt.severity, r.Findings)
			}
			r.Sort()
			if f := r.Findings[0]; tt.check != "" && (f.Check != tt.check || f.Severity != tt.severity || !strings.Contains(f.Text, tt.says) || !strings.Contains(f.Remedy, tt.remedy)) {
				t.Errorf("found %+v", f)
			}
		})
	}
}

// TestEveryTroubleHasARemedy: a fault without one leaves its finder alone.
func TestEveryTroubleHasARemedy(t *testing.T) {
	for _, trouble := range []slic.Trouble{
		slic.NoClock, slic.NoDevice, slic.BusFault, slic.NoAnswer, slic.WrongChip, slic.BadRegisters,
		slic.NoSupply, slic.SupplyLeak, slic.Uncalibrated, slic.Overload, slic.SpontaneousReset,
	} {
		if remedies[trouble] == "" {
			t.Errorf("nothing is said about %s", trouble)
		}
	}
	for _, test := range slic.Tests {
		if wireRemedies[test] == "" {
			t.Errorf("nothing is said about %s", test)
		}
	}
}

// names is a resolver that knows some names.
type names struct{ hosts, services string }

var errNoName = errors.New("no such host")

func (n names) LookupHost(_ context.Context, host string) ([]string, error) {
	if strings.Contains(n.hosts, host) {
		return []string{"192.0.2.1"}, nil
	}
	return nil, errNoName
}

func (n names) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	if strings.Contains(n.services, name) {
		return name, []*net.SRV{{}}, nil
	}
	return "", nil, errNoName
}

func TestNames(t *testing.T) {
	cfg, err := config.Parse("c", []byte(`{"lines": [
		{"sip": {"registrar": "a.test", "user": "1"}},
		{"sip": {"registrar": "b.test", "outbound_proxy": "p.test:5070", "user": "2"}},
		{"sip": {"registrar": "a.test", "user": "3"}},
		{"sip": {"registrar": "192.0.2.9", "user": "4"}},
		{"enabled": false, "sip": {"registrar": "d.test", "user": "5"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	all := Names(t.Context(), names{hosts: "p.test", services: "a.test"}, cfg)
	if len(all) != 2 || all[0].Subject != "a.test" || all[1].Subject != "p.test" || all[0].Severity != OK || all[1].Severity != OK {
		t.Errorf("found %+v, want a.test and p.test", all)
	}
	all = Names(t.Context(), names{}, cfg)
	for _, f := range all {
		if f.Severity != Fault || !strings.Contains(f.Text, "no such host") {
			t.Errorf("found %+v", f)
		}
	}
}

func TestDocument(t *testing.T) {
	_, err := config.Parse("c.json", []byte(`{"linse": []}`))
	all := Document("configuration", "c.json", err)
	if len(all) != 2 || all[1].Severity != Fault || !strings.Contains(all[1].Text, "c.json:1:2: /linse: unknown key") {
		t.Errorf("found %+v", all)
	}
	if f := Document("board", "b", errNoName); len(f) != 1 || f[0].Severity != Fault || f[0].Text != "no such host" {
		t.Errorf("found %+v", f)
	}
	if f := Document("board", "b", nil); len(f) != 1 || f[0].Severity != OK {
		t.Errorf("found %+v", f)
	}
}
