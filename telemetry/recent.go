package telemetry

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// recentBytes bounds the SIP messages that are kept in memory.
const recentBytes = 192 << 10

// recent keeps the last SIP messages for the flight recorder. They leave memory only
// when the owner asks for them, and then without credentials, names and numbers.
type recent struct {
	mu       sync.Mutex
	messages []recentMessage
	size     int
}

type recentMessage struct {
	at   time.Time
	dir  string // "sent" or "received"
	text []byte
}

func (r *recent) add(dir string, msg []byte) {
	if len(msg) > recentBytes {
		return
	}
	m := recentMessage{time.Now(), dir, bytes.Clone(msg)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, m)
	drop := 0
	for r.size += len(msg); r.size > recentBytes; drop++ {
		r.size -= len(r.messages[drop].text)
	}
	if drop > 0 {
		kept := copy(r.messages, r.messages[drop:])
		clear(r.messages[kept:])
		r.messages = r.messages[:kept]
	}
}

func (r *recent) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages, r.size = nil, 0
}

// text is what was kept, each message as clean makes it.
func (r *recent) text(clean func([]byte) []byte) string {
	r.mu.Lock()
	messages := append([]recentMessage(nil), r.messages...)
	r.mu.Unlock()
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "# %s %s\n%s\n\n", m.at.UTC().Format("2006-01-02T15:04:05.000Z"), m.dir, strings.ReplaceAll(string(clean(m.text)), "\r\n", "\n"))
	}
	return b.String()
}

func (t *Telemetry) serveRecent(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(t.tap.recent.text(t.scrubber.Message))) // fails when the reader went away
}
