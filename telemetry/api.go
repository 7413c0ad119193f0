package telemetry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/telemetry/promtext"
	"github.com/ata-agent/ata-agent/telemetry/receiver"
)

// Routes adds telemetry's part of the control interface:
//
//	GET  /metrics             what Prometheus reads
//	GET  /v1/privacy          Overview
//	POST /v1/privacy          Choice; answers Overview
//	GET  /v1/privacy/export   everything that is kept about the owner
//	POST /v1/privacy/erase    Erasure
//	GET /v1/sip               the last SIP messages, without credentials, names and numbers
//	GET  /v1/capture          pcapng; ?for=60s, &content=1
//	POST /v1/trace            ?for=10m; 0s ends it
func (t *Telemetry) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /metrics", t.ServeMetrics)
	mux.HandleFunc("GET /v1/privacy", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, t.Overview()) })
	mux.HandleFunc("POST /v1/privacy", t.serveChoice)
	mux.HandleFunc("GET /v1/privacy/export", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, t.Export()) })
	mux.HandleFunc("POST /v1/privacy/erase", t.serveErasure)
	mux.HandleFunc("GET /v1/sip", t.serveRecent)
	mux.HandleFunc("GET /v1/capture", t.serveCapture)
	mux.HandleFunc("POST /v1/trace", t.serveTrace)
}

// prometheus is the name of /metrics in the ledger.
const prometheus = "prometheus"

// ServeMetrics answers Prometheus with what the owner permits.
func (t *Telemetry) ServeMetrics(w http.ResponseWriter, _ *http.Request) {
	c := t.filter.Clear(privacy.Batch{Kind: privacy.Metrics, Items: t.registry.Gather()}, privacy.Everything)
	w.Header().Set("Content-Type", promtext.ContentType)
	if promtext.Write(w, c) == nil { // fails when the reader went away
		t.ledger.Left(prometheus, c, time.Now())
	}
}

func answerJSON(w http.ResponseWriter, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // fails when the reader went away
}

// requestLimit bounds a request, in bytes.
const requestLimit = 16 << 10

func readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, requestLimit))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	return nil
}

// Choice is what an owner changes; what is nil stays.
type Choice struct {
	Level      *privacy.Level  `json:"level,omitempty"`
	Categories map[string]bool `json:"categories,omitempty"`
	Actor      string          `json:"actor,omitempty"` // ["owner"]
}

func (t *Telemetry) serveChoice(w http.ResponseWriter, r *http.Request) {
	var c Choice
	err := readJSON(r, &c)
	if err == nil {
		err = t.Choose(c)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answerJSON(w, t.Overview())
}

// Choose records a decision of the owner and puts it in force: when it returns,
// nothing that it forbids is kept or sent.
func (t *Telemetry) Choose(c Choice) error {
	p := privacy.Permit{Level: t.keeper.Permit().Level, Categories: privacy.Ordinary}
	if ds := t.keeper.Decisions(); len(ds) > 0 {
		p = ds[len(ds)-1].Permit
	}
	if c.Level != nil {
		p.Level = *c.Level
	}
	for name, on := range c.Categories {
		category, err := privacy.ParseCategory(name)
		if err != nil {
			return err
		}
		p.Categories = p.Categories.With(category, on)
	}
	if c.Actor == "" {
		c.Actor = "owner"
	}
	c.Actor = strings.ToValidUTF8(c.Actor[:min(len(c.Actor), 64)], "")
	return t.keeper.Decide(p, c.Actor, time.Now())
}

// Overview is what the owner is shown.
type Overview struct {
	Permit       privacy.Permit    `json:"permit"` // in force
	Asked        privacy.Permit    `json:"asked"`
	Notice       bool              `json:"notice_required"`
	Decision     *privacy.Decision `json:"decision,omitempty"`
	Installation string            `json:"installation"`
	Fields       []FieldState      `json:"fields"`
	Left         []privacy.Entry   `json:"left"`
}

// FieldState is one field with what it would tell now.
type FieldState struct {
	Name     string `json:"name"`
	Category string `json:"category"`
	Level    int    `json:"level"`
	Unit     string `json:"unit,omitempty"`
	Purpose  string `json:"purpose"`
	Help     string `json:"help"`
	Leaves   bool   `json:"leaves"`
	Sample   string `json:"sample,omitempty"`
}

// Overview returns every field with its purpose, a sample of its present value
// and whether it leaves.
func (t *Telemetry) Overview() Overview {
	o := Overview{Permit: t.keeper.Permit(), Installation: t.identity.Installation(), Left: t.ledger.Entries(), Fields: []FieldState{}}
	a := t.keeper.Asked()
	o.Asked, o.Notice = a.Permit, a.Notice
	if ds := t.keeper.Decisions(); len(ds) > 0 {
		o.Decision = &ds[len(ds)-1]
	}
	samples := t.samples()
	for _, f := range catalogue.Fields() {
		o.Fields = append(o.Fields, FieldState{
			Name: f.Name, Category: f.Category.String(), Level: int(f.Level), Unit: f.Unit, Purpose: f.Purpose.String(), Help: f.Help,
			Leaves: o.Permit.Allows(f), Sample: samples[f],
		})
	}
	return o
}

// samples are the present values for the owner, as text.
func (t *Telemetry) samples() map[privacy.Field]string {
	all := map[privacy.Field]string{consentInstallation: t.identity.Installation()}
	items := t.registry.Gather()
	if past := t.opts.Calls(); len(past) > 0 {
		items = append(items, callReport(past[len(past)-1])...)
	}
	for _, i := range items {
		if _, have := all[i.Field]; !have {
			all[i.Field] = sample(i)
		}
	}
	return all
}

func sample(i privacy.Item) string {
	labels := strings.Join(i.Labels, " ")
	switch i.Field.Kind {
	case privacy.Text:
		return i.Text
	case privacy.Info:
		return labels
	case privacy.Distribution:
		return strings.TrimSpace(fmt.Sprintf("%s %d values", labels, i.Hist.Count()))
	}
	return strings.TrimSpace(fmt.Sprintf("%s %g", labels, i.Value))
}

// Export is everything that is kept about the owner.
type Export struct {
	Overview
	Decisions []privacy.Decision `json:"decisions"`
	Calls     any                `json:"calls"`
	Waiting   []json.RawMessage  `json:"waiting"` // to be sent
}

// Export returns everything that is kept about the owner.
func (t *Telemetry) Export() Export {
	e := Export{Overview: t.Overview(), Decisions: t.keeper.Decisions(), Calls: t.opts.Calls(), Waiting: []json.RawMessage{}}
	for _, entry := range t.queue.All() {
		c, err := t.filter.Restore(entry.Data, privacy.Everything)
		if err != nil {
			continue
		}
		if at, ok := t.time.at(c.Stamp()); ok {
			c = c.WithTime(at)
		}
		if doc, err := receiver.Document(c); err == nil {
			e.Waiting = append(e.Waiting, doc)
		}
	}
	return e
}

// Erasure is what to forget.
type Erasure struct {
	Scope string `json:"scope"` // telemetry, calls, identity or all
}

func (t *Telemetry) serveErasure(w http.ResponseWriter, r *http.Request) {
	var e Erasure
	err := readJSON(r, &e)
	if err == nil {
		err = t.Erase(e.Scope)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answerJSON(w, t.Overview())
}

// Erase forgets what is kept: "telemetry" is what waits to be sent and the
// ledger, "calls" what the agent remembers of calls, "identity" the pseudonym;
// "all" is all of these. The owner's decisions stay: they are the proof.
func (t *Telemetry) Erase(scope string) error {
	parts := map[string][]func() error{
		"telemetry": {t.queue.Clear, t.ledger.Erase},
		"calls":     {t.forgetCalls},
		"identity":  {t.queue.Clear, t.identity.Renew},
	}
	parts["all"] = append(append(parts["telemetry"], parts["calls"]...), parts["identity"]...)
	list, ok := parts[scope]
	if !ok {
		return fmt.Errorf("no scope %q, known: telemetry, calls, identity, all", scope)
	}
	var errs []error
	for _, f := range list {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

func (t *Telemetry) forgetCalls() error {
	t.opts.Forget()
	t.tap.recent.forget()
	return nil
}

func (t *Telemetry) serveCapture(w http.ResponseWriter, r *http.Request) {
	d, err := time.ParseDuration(r.URL.Query().Get("for"))
	if err != nil || d <= 0 {
		http.Error(w, "say for how long: ?for=60s", http.StatusBadRequest)
		return
	}
	flusher := http.NewResponseController(w)
	started := false
	err = t.Capture(r.Context(), w, d, r.URL.Query().Get("content") == "1", func() {
		started = true
		_ = flusher.Flush() // fails when the reader went away, which the next write tells
	})
	if err != nil && !started {
		http.Error(w, err.Error(), http.StatusForbidden)
	}
}

func (t *Telemetry) serveTrace(w http.ResponseWriter, r *http.Request) {
	d, err := time.ParseDuration(r.URL.Query().Get("for"))
	if err == nil {
		err = t.Trace(d)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answerJSON(w, map[string]string{"trace": d.String()})
}
