package receiver

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/privacy/privacytest"
)

func TestDocument(t *testing.T) {
	f := privacytest.NewFields()
	tests := []struct {
		name string
		c    privacy.Cleared
		want string
	}{
		{"report", f.Report(t), `{"schema":1,"id":"run-2","kind":"report","name":"call","time":"2026-11-21T12:00:00.25Z","items":[{"name":"call.mos","value":4.25},{"name":"call.codec","text":"P\"C]M\\U"},{"name":"t_installation","text":"0123abcd"}]}`},
		{"log", f.Log(t), `{"schema":1,"id":"run-3","kind":"log","severity":4,"time":"2026-11-21T12:00:00.25Z","items":[{"name":"log.message","text":"msg=\"port lost\" line=1"},{"name":"t_installation","text":"0123abcd"}]}`},
	}
	for _, tt := range tests {
		got, err := Document(tt.c)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", tt.name, err, got, tt.want)
		}
	}
	var d document
	got, err := Document(f.Metrics(t))
	if err == nil {
		err = json.Unmarshal(got, &d)
	}
	if err != nil || len(d.Items) != 6 || *d.Items[0].Value != -48.5 || d.Items[0].Labels["line"] != "1" || d.Items[0].Unit != "V" {
		t.Fatalf("%v: %s", err, got)
	}
	if h := d.Items[4].Histogram; h == nil || h.Count != 5 || h.Sum != 1.5 || len(h.Counts) != len(h.Bounds)+1 {
		t.Errorf("histogram %+v", h)
	}
}

func TestAnswers(t *testing.T) {
	for code, want := range map[int]string{
		200: "ok", 204: "ok", 302: "again", 400: "refused", 401: "again", 404: "again", 408: "again", 413: "refused", 422: "refused", 429: "busy", 500: "again", 503: "busy",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "17")
			w.Header().Set("Location", "http://elsewhere.test/")
			w.WriteHeader(code)
			_, _ = w.Write([]byte(strings.Repeat("x", 100_000)))
		}))
		h := NewHTTPS(server.URL, NewPoster(&Packer{}, nil, config.Secret{}))
		err := h.Send(t.Context(), privacytest.NewFields().Report(t))
		var refused *Refused
		var busy *Busy
		got := "again"
		switch {
		case err == nil:
			got = "ok"
		case errors.As(err, &refused):
			got = "refused"
		case errors.As(err, &busy):
			got = "busy"
			if busy.After != 17*time.Second {
				t.Errorf("%d: come again in %v", code, busy.After)
			}
		}
		if got != want {
			t.Errorf("answer %d means %s (%v), want %s", code, got, err, want)
		}
		_ = h.Close()
		server.Close()
	}
}

func TestRetryAfter(t *testing.T) {
	now := privacytest.Noon
	for text, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, " 5 ": 5 * time.Second, "-1": 0, "x": 0, "99999999999": 0,
		"Sat, 21 Nov 2026 12:01:00 GMT": time.Minute - 250*time.Millisecond, "Sat, 21 Nov 2020 12:01:00 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", text, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Fuzz(func(t *testing.T, text string) {
		if d := retryAfter(text, privacytest.Noon); d < 0 {
			t.Errorf("retryAfter(%q) = %v", text, d)
		}
	})
}
