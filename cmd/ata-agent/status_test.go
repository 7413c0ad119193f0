package main

import (
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/quality/cause"
)

func TestPrintCalls(t *testing.T) {
	heard, unheard := agent.PastCall{Line: 1}, agent.PastCall{Line: 2}
	heard.Voice.MOSCQ, heard.Voice.Lost = 4.369, 17
	var b strings.Builder
	if err := printCalls(&b, []agent.PastCall{heard, unheard}); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(b.String()), "\n")
	for i, want := range []string{"MOS", "4.4", "-"} {
		columns := strings.Fields(rows[i])
		if got := columns[len(columns)-1]; got != want {
			t.Errorf("row %d ends with %q, want %q", i, got, want)
		}
	}
}

// Why a call was bad stands under it, and nowhere else.
func TestPrintCallsSaysWhy(t *testing.T) {
	bad, sound := agent.PastCall{Line: 1}, agent.PastCall{Line: 2}
	bad.Causes = []cause.Finding{{Cause: cause.Delay, Owner: "The way is long.", Technician: "delay: 400 ms"}}
	var b strings.Builder
	if err := printCalls(&b, []agent.PastCall{bad, sound}); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(b.String(), "\n")
	if len(rows) != 6 || strings.TrimSpace(rows[2]) != "The way is long." || strings.TrimSpace(rows[3]) != "delay: 400 ms" || !strings.HasPrefix(rows[4], "2") {
		t.Errorf("printed\n%s", b.String())
	}
}
