package agent

import (
	"encoding/json"
	"net/http"
)

// API returns the agent's JSON interface:
//
//	GET /v1/status          Status
//	GET /v1/calls           the last ended calls
//	GET /v1/events          records as JSON lines; ?follow=1 goes on as they come
//	POST /v1/linetest/N     tests the wires of line N: slic.TestReport
//	GET /v1/incident/N      the last minutes of line N as a script, which Replay takes; ?numbers=hidden
//
// Who may use it is the caller's to decide: the control socket is open to the
// owner of its file alone.
func (a *Agent) API() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, a.Status()) })
	mux.HandleFunc("GET /v1/calls", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, a.Calls()) })
	mux.HandleFunc("GET /v1/events", a.serveEvents)
	mux.HandleFunc("POST /v1/linetest/{n}", a.serveLineTest)
	mux.HandleFunc("GET /v1/incident/{n}", a.serveIncident)
	return mux
}

func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // fails when the reader went away
}

func (a *Agent) serveEvents(w http.ResponseWriter, r *http.Request) {
	past, next, stop := a.hub.follow()
	defer stop()
	w.Header().Set("Content-Type", "application/jsonl")
	enc := json.NewEncoder(w)
	for _, rec := range past {
		if enc.Encode(rec) != nil {
			return
		}
	}
	if r.URL.Query().Get("follow") == "" {
		return
	}
	flush := http.NewResponseController(w)
	for {
		if flush.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case rec, ok := <-next:
			if !ok || enc.Encode(rec) != nil {
				return
			}
		}
	}
}
