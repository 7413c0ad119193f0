package main

import (
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/sim"
)

// TestLineTestVerb runs the verb against an agent in real time.
func TestLineTestVerb(t *testing.T) {
	t.Parallel() // in real time, mostly asleep
	s := startService(t, sim.Si321x, "US")
	vars := map[string]string{"ATA_AGENT_STATE": string(s.dir)}
	soon(t, "the line is tested", func() bool {
		code, out, _ := command(t, vars, "linetest", "1")
		return code == exitOK && strings.Contains(out, "ringer-equivalence   pass     about 1.0 REN")
	})
	if code, _, err := command(t, vars, "phone", "1", "fault", "leakage=8000"); code != exitOK {
		t.Fatal(err)
	}
	soon(t, "the wet cable is found", func() bool {
		code, out, err := command(t, vars, "linetest", "-json", "1")
		return code == exitFailed && strings.Contains(out, `"verdict": "fail"`) && strings.Contains(err, "line 1 has a fault")
	})
	if code, _, err := command(t, vars, "linetest", "2"); code != exitFailed || !strings.Contains(err, "there is no such line") {
		t.Errorf("line 2 of 1: exit %d, %s", code, err)
	}
}
