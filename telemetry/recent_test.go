package telemetry

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/state"
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

// TestRecentTellsNobody: whatever the owner permits, what a technician gets names nobody
// and holds no credentials; erasing forgets it.
func TestRecentTellsNobody(t *testing.T) {
	w := newWorld(t, state.Dir(t.TempDir()))
	mux := http.NewServeMux()
	w.Routes(mux)
	get := func() string {
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequest("GET", "/v1/sip", nil))
		return answer.Body.String()
	}
	w.Tap().SIP("sent", "udp", here.String(), far.String(), []byte(invite))
	text := get()
	if !strings.Contains(text, "INVITE sip:") || !strings.Contains(text, "Call-ID: ") || !strings.Contains(text, " sent\n") {
		t.Errorf("the message is %q", text)
	}
	for _, private := range []string{"5551234567", "5550100", "9f8e7d"} {
		if strings.Contains(text, private) {
			t.Errorf("%q is told: %q", private, text)
		}
	}
	w.tap.recent.forget()
	if left := get(); left != "" {
		t.Errorf("%q is left", left)
	}
}
