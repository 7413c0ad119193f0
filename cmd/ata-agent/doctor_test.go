package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/doctor"
	"github.com/ata-agent/ata-agent/sim"
)

// TestDoctorAlone: without an agent the computer and the documents are
// examined, and what was not is said.
func TestDoctorAlone(t *testing.T) {
	good, bad, none := file(t, goodConfig), file(t, badConfig), t.TempDir()
	code, out, err := command(t, nil, "doctor", "-state", none, "-config", bad, "-board", "rpi-si3210-dual")
	for _, want := range []string{
		"FAULT", "node /dev/spidev0.0", "card SLIC", "this computer has none", "no PCM clock and no line works",
		"3:5: /lines/0/enabeld: unknown key", "warning  overlay", "no agent is running",
	} {
		if code != exitFailed || !strings.Contains(out, want) {
			t.Errorf("exit %d, want %q in\n%s%s", code, want, out, err)
		}
	}
	if strings.Index(out, "FAULT") > strings.Index(out, "warning") {
		t.Error("the worst is not first")
	}
	code, out, _ = command(t, nil, "doctor", "-state", none, "-config", good, "-board", "virtual")
	if code != exitFailed || !strings.Contains(out, "dns r.test") || !strings.Contains(out, "no name server is known") || strings.Contains(out, "hunter2") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	code, out, _ = command(t, nil, "doctor", "-state", none, "-config", good, "-json")
	var r doctor.Report
	if json.Unmarshal([]byte(out), &r) != nil || code != exitFailed || r.Worst() != doctor.Fault || r.At.IsZero() {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

// TestDoctorOfAnAgent: the state of a running agent is examined, also the wires
// that were tested.
func TestDoctorOfAnAgent(t *testing.T) {
	t.Parallel() // in real time, mostly asleep
	s := startService(t, sim.Si321x, "US")
	config := file(t, `{"lines": [{"sip": {"registrar": "192.0.2.1", "user": "7"}}]}`)
	args := []string{"doctor", "-state", string(s.dir), "-board", "virtual", "-config", config}
	soon(t, "all is well", func() bool {
		code, out, _ := command(t, nil, args...)
		return code == exitOK && strings.Contains(out, "ok  port line 1") && strings.Contains(out, "the PCM clock runs") && !strings.Contains(out, "->")
	})
	vars := map[string]string{"ATA_AGENT_STATE": string(s.dir)}
	if code, _, err := command(t, vars, "phone", "1", "fault", "leakage=8000", "pause", "300ms"); code != exitOK {
		t.Fatal(err)
	}
	if code, out, err := command(t, vars, "linetest", "1"); code != exitFailed || !strings.Contains(err, "has a fault") {
		t.Fatalf("linetest: exit %d, %s%s", code, out, err)
	}
	code, out, _ := command(t, nil, args...)
	if code != exitFailed || !strings.HasPrefix(out, "FAULT") || !strings.Contains(out, "wires line 1") || !strings.Contains(out, "damp") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

// What is allowed and hardly meant is a warning, of doctor and of config check, which
// is content with the document all the same.
func TestWarningsOfAConfiguration(t *testing.T) {
	odd := file(t, `{"lines": [{"sip": {"registrar": "192.0.2.1:5060", "user": "1", "transport": "tls", "tls": {"ca_file": "/none/ca.pem"}}}]}`)
	code, out, err := command(t, nil, "config", "check", odd)
	if code != exitOK || !strings.Contains(out, ": ok") || !strings.Contains(err, "/lines/0/sip/registrar: port 5060") {
		t.Errorf("exit %d:\n%s%s", code, out, err)
	}
	_, out, _ = command(t, nil, "doctor", "-state", t.TempDir(), "-config", odd, "-board", "virtual")
	for _, want := range []string{"warning  configuration", "FAULT    certificates line 1", "/none/ca.pem: no such file"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
