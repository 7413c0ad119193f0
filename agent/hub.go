package agent

import (
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/line/script"
)

const (
	hubKeeps      = 1000 // records kept for a late listener
	listenerQueue = 256  // records a slow listener may lag behind
)

// Record is one thing that happened on a line, in the form of the line scripts:
// an event, or what the machine did about it.
type Record struct {
	Time time.Time `json:"time"`
	Line int       `json:"line"` // from 1
	Kind string    `json:"kind"` // "event" or "action"
	Text string    `json:"text"`
}

// hub keeps the last records and hands new ones to who follows. Lines write to
// it, so it never waits for a listener: one that lags loses records.
type hub struct {
	mu        sync.Mutex
	past      []Record
	listeners map[chan Record]struct{}
	closed    bool
}

func newHub() *hub { return &hub{listeners: map[chan Record]struct{}{}} }

func (h *hub) event(n int, at time.Time, e line.Event) {
	if _, timer := e.(line.Timer); timer {
		return // not news: what it causes is
	}
	h.put(Record{at, n + 1, "event", script.FormatEvent(e)})
}

func (h *hub) action(n int, at time.Time, c script.Call) {
	h.put(Record{at, n + 1, "action", c.String()})
}

func (h *hub) put(r Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.past) == hubKeeps {
		h.past = append(h.past[:0], h.past[hubKeeps/4:]...)
	}
	h.past = append(h.past, r)
	for l := range h.listeners {
		select {
		case l <- r:
		default:
		}
	}
}

// follow returns what happened so far and a channel of what happens from now
// on, which closes with the hub.
func (h *hub) follow() ([]Record, <-chan Record, func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ch := make(chan Record, listenerQueue)
	past := append([]Record(nil), h.past...)
	if h.closed {
		close(ch)
		return past, ch, func() {}
	}
	h.listeners[ch] = struct{}{}
	return past, ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, ch)
	}
}

// forget drops what happened so far; who follows goes on.
func (h *hub) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.past = nil
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for l := range h.listeners {
		close(l)
		delete(h.listeners, l)
	}
}
