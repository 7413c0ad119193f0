package main

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/telemetry"
)

// TestOwnerDecides works the verb against a running agent.
func TestOwnerDecides(t *testing.T) {
	s := startService(t, sim.Si321x, "US")
	client := newControlClient(string(s.dir))
	metrics := func() string {
		body, err := client.do(t.Context(), http.MethodGet, "/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		page, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return string(page)
	}
	do := func(want int, args ...string) string {
		t.Helper()
		code, out, msg := command(t, nil, append(args, "-state", string(s.dir))...)
		if code != want {
			t.Fatalf("%v ended with %d: %s", args, code, msg)
		}
		return out + msg
	}
	waitFor(t, string(s.dir))
	if page := metrics(); strings.Contains(page, "ata_line_registered") || !strings.Contains(page, "ata_consent_level 0") {
		t.Errorf("before the owner decided:\n%s", page)
	}
	if out := do(exitOK, "privacy"); !strings.Contains(out, "Nobody has decided yet, so nothing leaves.") || !strings.Contains(out, "find and repair faults") {
		t.Errorf("privacy says\n%s", out)
	}
	if out := do(exitOK, "privacy", "set", "level", "2", "firmware", "off", "-by", "Ada"); !strings.Contains(out, "Decided by Ada") || !strings.Contains(out, "level 2, quality") {
		t.Errorf("privacy set says\n%s", out)
	}
	if page := metrics(); !strings.Contains(page, `ata_line_registered{line="1"} 0`) || strings.Contains(page, "build_info") {
		t.Errorf("at level 2 without firmware:\n%s", page)
	}
	if out := do(exitOK, "privacy"); !strings.Contains(out, "prometheus") || !strings.Contains(out, "ata_line_hook_state") {
		t.Errorf("what left is not shown:\n%s", out)
	}
	var e telemetry.Export
	if err := json.Unmarshal([]byte(do(exitOK, "privacy", "export")), &e); err != nil || len(e.Decisions) != 1 || e.Decisions[0].Actor != "Ada" {
		t.Errorf("export %+v, %v", e, err)
	}
	if out := do(exitFailed, "capture", "-o", filepath.Join(t.TempDir(), "c"), "-for", "1s"); !strings.Contains(out, "not permitted") {
		t.Errorf("capture at level 2 says %s", out)
	}
	if out := do(exitFailed, "trace", "start"); !strings.Contains(out, "not permitted") {
		t.Errorf("trace at level 2 says %s", out)
	}
	do(exitOK, "privacy", "erase", "all")
	if out := do(exitOK, "privacy", "revoke"); !strings.Contains(out, "level 0, necessary") {
		t.Errorf("privacy revoke says\n%s", out)
	}
	for _, wrong := range [][]string{
		{"privacy", "set"},
		{"privacy", "set", "level", "5"},
		{"privacy", "set", "colour", "on"},
		{"privacy", "set", "logs", "maybe"},
		{"privacy", "sell"},
		{"privacy", "erase"},
		{"privacy", "show", "x"},
		{"capture"},
		{"trace"},
	} {
		do(exitUsage, wrong...)
	}
	do(exitFailed, "privacy", "erase", "nothing")
}

func TestCaptureVerb(t *testing.T) {
	s := startServiceWith(t, sim.Si321x, "US", 4)
	waitFor(t, string(s.dir))
	for _, args := range [][]string{{"privacy", "set", "level", "4"}, {"capture", "-o", filepath.Join(string(s.dir), "c.pcapng"), "-for", "100ms"}} {
		if code, _, msg := command(t, nil, append(args, "-state", string(s.dir))...); code != exitOK {
			t.Fatalf("%v: %s", args, msg)
		}
	}
	data, err := os.ReadFile(filepath.Join(string(s.dir), "c.pcapng"))
	if err != nil || len(data) < 28 || binary.LittleEndian.Uint32(data) != 0x0a0d0d0a {
		t.Errorf("%d bytes were captured, %v", len(data), err)
	}
}
