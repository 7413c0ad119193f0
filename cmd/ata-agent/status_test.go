package main

import (
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/agent"
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
