package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
)

// serviceStatus is the agent's state with that of what surrounds it.
type serviceStatus struct {
	agent.Status
	Storage storageStatus `json:"storage"`
	// Waiting is the class of a configuration that waits for idle lines.
	Waiting string `json:"configuration_waiting,omitempty"`
	// Provisioning is what becomes of the server's documents.
	Provisioning *provision.Status `json:"provisioning,omitempty"`
}

// configAnswer is the configuration in force, without its secrets.
type configAnswer struct {
	Text    string                   `json:"text"` // with the origin of each value
	Config  json.RawMessage          `json:"config"`
	Origins map[string]config.Origin `json:"origins"`
}

// api is the interface of the service and, during a life, of the agent.
func (s *service) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.during(s.serveStatus))
	mux.HandleFunc("GET /v1/config", s.during(serveConfig))
	mux.HandleFunc("POST /v1/config/diff", s.during(s.serveDiff))
	mux.HandleFunc("POST /v1/config/owner", s.during(s.serveOwner))
	mux.HandleFunc("POST /v1/reset", s.serveReset)
	mux.HandleFunc("POST /v1/resync", s.serveResync)
	mux.HandleFunc("/", s.during(func(w http.ResponseWriter, r *http.Request, l *life) { l.api.ServeHTTP(w, r) }))
	return mux
}

// agentAPI is the agent's interface, telemetry's, its panel and, on a virtual
// board, its telephones and its button.
func (s *service) agentAPI(l *life) http.Handler {
	mux := l.agent.API()
	mux.HandleFunc("POST /v1/phone/{n}", s.board.servePhone)
	mux.HandleFunc("GET /v1/panel", l.front.serveLamps)
	mux.HandleFunc("POST /v1/button", l.front.serveButton)
	if l.telemetry != nil {
		l.telemetry.Routes(mux)
	}
	return mux
}

// during answers with the present life.
func (s *service) during(f func(http.ResponseWriter, *http.Request, *life)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		l := s.now.Load()
		if l == nil {
			http.Error(w, "the agent is starting", http.StatusServiceUnavailable)
			return
		}
		f(w, r, l)
	}
}

func (s *service) serveStatus(w http.ResponseWriter, _ *http.Request, l *life) {
	v := l.view.Load()
	st := serviceStatus{Status: l.agent.Status(), Storage: v.storage, Waiting: v.waiting}
	if s.manager != nil {
		st.Provisioning = new(s.manager.Status())
	}
	answerJSON(w, st)
}

func serveConfig(w http.ResponseWriter, _ *http.Request, l *life) {
	v := l.view.Load()
	if v.effective == nil {
		http.Error(w, "this agent does not know where its configuration is from", http.StatusNotFound)
		return
	}
	plain, err := config.Plain(v.config)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answerJSON(w, configAnswer{"// " + v.storage.String() + "\n" + string(v.effective.Show()), plain, v.effective.Origins()})
}

// serveDiff says what the document in the request would change if it were the
// configuration file: a list of changes, or of faults with status 422.
func (s *service) serveDiff(w http.ResponseWriter, r *http.Request, l *life) {
	v := l.view.Load()
	data, err := io.ReadAll(io.LimitReader(r.Body, config.MaxSize+1))
	if err != nil || s.memory == nil {
		http.Error(w, "diff: there is nothing to compare", http.StatusBadRequest)
		return
	}
	layer := config.Layer{Name: config.Factory, Source: r.URL.Query().Get("source"), Data: data}
	next, err := config.Merge(s.memory.region, config.WithLayer(v.layers, layer)...)
	var faults config.Faults
	if errors.As(err, &faults) {
		http.Error(w, faults.Error(), http.StatusUnprocessableEntity)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	changes := config.Diff(v.config, next.Config)
	answerJSON(w, diffAnswer{changes.Class(), changes})
}

func answerJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // fails when the reader went away
}
