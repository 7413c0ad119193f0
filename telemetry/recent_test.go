package telemetry

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestRecentIsBounded keeps the last messages and no more than it may.
func TestRecentIsBounded(t *testing.T) {
	var r recent
	for i := range 1000 {
		r.add("sent", fmt.Appendf(nil, "message %04d %s", i, strings.Repeat("x", 1000)))
	}
	r.add("sent", make([]byte, recentBytes+1))
	text := r.text(func(b []byte) []byte { return bytes.ToUpper(b) })
	if len(text) > recentBytes*11/10 || len(text) < recentBytes*8/10 || !strings.Contains(text, "MESSAGE 0999") || strings.Contains(text, "MESSAGE 0500") {
		t.Errorf("%d bytes are kept", len(text))
	}
	first := strings.Index(text, "MESSAGE 0900")
	if first < 0 || first > strings.Index(text, "MESSAGE 0901") {
		t.Error("out of order")
	}
	r.forget()
	if text := r.text(bytes.ToUpper); text != "" || r.size != 0 {
		t.Errorf("%q is left", text)
	}
}
