package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer is written to by several goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer // not embedded: its ReadFrom would go past the lock
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// TestNoPasswordIsPrinted registers and calls with passwords, logging at debug,
// and looks for them in the log and in every answer of the interface.
func TestNoPasswordIsPrinted(t *testing.T) {
	t.Parallel()
	printed := &lockedBuffer{}
	d, err := newDemo(virtualBoards["virtual"], "US", slog.New(slog.NewTextHandler(printed, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	defer d.remove()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = d.run(ctx, func(ctx context.Context) error {
		if err := ready(ctx, d.home); err != nil {
			return err
		}
		call := strings.Fields("offhook wait tone:dial dial 9486 wait tone:busy onhook pause 1s")
		if err := d.phone(1).Do(ctx, call, io.Discard); err != nil {
			return err
		}
		client := newControlClient(string(d.home.dir))
		for _, url := range []string{"/v1/status", "/v1/calls", "/v1/events"} {
			body, err := client.do(ctx, "GET", url, nil)
			if err != nil {
				return err
			}
			_, err = io.Copy(printed, body)
			body.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	text := printed.String()
	if !strings.Contains(text, demoOne) {
		t.Fatalf("nothing of the call was printed:\n%s", text)
	}
	for _, secret := range []string{"demo-" + demoOne, "demo-" + demoTwo, "Authorization", "response="} {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%q is printed: …%s…", secret, text[max(0, i-200):min(len(text), i+200)])
		}
	}
}

// TestNoPasswordInFaults plants a password where it is not valid: what is said
// about the document must not repeat it.
func TestNoPasswordInFaults(t *testing.T) {
	const secret = "hunter2"
	for name, line := range map[string]string{
		"wrong kind":   `{"sip": {"registrar": "r.test", "user": "7", "password": ["hunter2"]}}`,
		"other kind":   `{"sip": {"registrar": "r.test", "user": "7", "password": {"hunter2": "hunter2"}}}`,
		"twice":        `{"sip": {"registrar": "r.test", "user": "7", "password": "hunter2", "password": "hunter2"}}`,
		"wrong key":    `{"sip": {"registrar": "r.test", "user": "7", "Password": "hunter2"}}`,
		"control":      `{"sip": {"registrar": "r.test", "user": "7", "password": "hunter2\u0007\r\n"}}`,
		"not JSON":     `{"sip": {"registrar": "r.test", "user": "7", "password": "hunter2" hunter2}}`,
		"without user": `{"sip": {"registrar": "r.test", "password": "hunter2"}}`,
	} {
		path := file(t, `{"lines": [`+line+`]}`)
		for _, args := range [][]string{{"config", "check", path}, {"config", "check", "-json", path}, {"config", "show", path}, {"run", "-config", path, "-board", "none", "-state", t.TempDir()}} {
			if _, out, msg := command(t, nil, args...); strings.Contains(out+msg, secret) {
				t.Errorf("%s: %s %s: %s%s", name, args[0], args[1], out, msg)
			}
		}
	}
}
