package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/fleet"
)

// TestFleet leads a small fleet without accounts through its phases.
func TestFleet(t *testing.T) {
	p := newProvider(t)
	p.set(`{"generation": 1}`)
	settings := p.settings()
	settings["resync"] = map[string]any{"jitter_s": 0}
	doc, err := json.Marshal(map[string]any{"provision": settings, "lines": []any{map[string]any{"enabled": false}}})
	if err != nil {
		t.Fatal(err)
	}
	factory := file(t, string(doc))
	code, out, msg := command(t, nil, "fleet", "-n", "3", "-config", factory, "-over", "0s", "-addresses", "127.1.0.0/16", "cut")
	if code != exitOK || !strings.Contains(out, "install") || !strings.Contains(out, "power cut") || strings.Count(out, "3 of 3") != 2 {
		t.Errorf("exit %d: %s%s", code, out, msg)
	}
	if code, out, msg = command(t, nil, "fleet", "-n", "3", "-config", factory, "-over", "0s", "-json", "push"); code != exitFailed || !strings.Contains(msg, "push: standard input: EOF") {
		t.Errorf("push without a line on standard input: exit %d: %s", code, msg)
	}
	var phases []fleet.Phase
	if err := json.Unmarshal([]byte(out), &phases); err != nil || len(phases) != 1 || phases[0].Applied != 3 {
		t.Errorf("what came before is told: %v: %s", err, out)
	}
	p.Close()
	if code, out, _ = command(t, nil, "fleet", "-n", "2", "-config", factory, "-over", "0s"); code != exitOK || !strings.Contains(out, "2 × unreachable") {
		t.Errorf("without a server: exit %d: %s", code, out)
	}
}

func TestFleetUsage(t *testing.T) {
	factory := file(t, goodConfig)
	for want, args := range map[string][]string{
		`no phase "flood"`: {"flood"},
		"-first":           {"-config", factory, "-first", "00:11"},
		"-addresses":       {"-config", factory, "-addresses", "everywhere"},
		"no 3 addresses":   {"-config", factory, "-n", "3", "-addresses", "127.1.0.0/31"},
		"no such file":     {"-config", factory + "x"},
	} {
		if code, _, msg := command(t, nil, append([]string{"fleet"}, args...)...); code == exitOK || !strings.Contains(msg, want) {
			t.Errorf("%v: exit %d, %s", args, code, msg)
		}
	}
}
