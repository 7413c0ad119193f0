package telemetry

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/state"
)

// Operations counts what others do to the device. It outlives the agent's lives in
// a process. The zero value has counted nothing; its methods may be called from
// any goroutine and never block.
type Operations struct {
	mu       sync.Mutex
	requests map[request]uint64
	took     *privacy.Histogram // requests
	lookups  *privacy.Histogram // of names
	applied  map[Result]uint64
	success  time.Time
	source   string
	version  int
	audited  map[string]uint64
	security map[string]uint64
}

// request is a kind of request to a provisioning server.
type request struct{ scheme, code string }

func (r request) compare(o request) int {
	return cmp.Or(cmp.Compare(r.scheme, o.scheme), cmp.Compare(r.code, o.code))
}

// Result is what became of a configuration.
type Result string

// Results.
const (
	Taken      Result = "ok"          // it is in force
	Deferred   Result = "deferred"    // it waits until the lines are idle
	Rejected   Result = "rejected"    // it is at fault
	RolledBack Result = "rolled_back" // it was tried and given up
)

var results = []string{string(Taken), string(Deferred), string(Rejected), string(RolledBack)}

// Requested counts a request to a provisioning server. Code is the class of its
// answer: 2xx, 4xx, 5xx, 304 for nothing new, or error for none.
func (o *Operations) Requested(scheme, code string, took time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	tally(&o.requests, request{scheme, code})
	watch(&o.took, provisionDuration, took)
}

// Asked counts an answer of the DNS.
func (o *Operations) Asked(took time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	watch(&o.lookups, dnsLookup, took)
}

// Applied counts a configuration.
func (o *Operations) Applied(r Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	tally(&o.applied, r)
	if r == Taken {
		o.success = time.Now()
	}
}

// InForce notes which configuration is in force: where it is from, server or local,
// and the server's count of it.
func (o *Operations) InForce(source string, generation int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.source, o.version = source, generation
}

// recordKinds are what an entry of the audit log is about, by its action.
var recordKinds = map[string]string{
	"configure": "configuration", "configuration on trial": "configuration", "configuration confirmed": "configuration",
	"configuration refused": "configuration", "configuration rolled back": "configuration",
	"restart asked for": "restart", "alarm": "alarm", "deprovisioned": "wipe", "wipe": "wipe",
}

// securityKinds are the results of entries that say that somebody tried what he may
// not (provision.Reason, fetch.Reason).
var securityKinds = map[string]string{
	"not-signed": "signature_bad", "older": "rollback_refused", "other-device": "document_of_other",
}

// Untrusted counts a provisioning server that could not show who it is.
func (o *Operations) Untrusted() {
	o.mu.Lock()
	defer o.mu.Unlock()
	tally(&o.security, "server_untrusted")
}

// Audited counts an entry of the audit log.
func (o *Operations) Audited(e state.Entry) {
	kind := recordKinds[e.Action]
	if kind == "" {
		kind = "other"
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	tally(&o.audited, kind)
	if s := securityKinds[e.Result]; s != "" {
		tally(&o.security, s)
	}
}

func tally[K comparable](m *map[K]uint64, key K) {
	if *m == nil {
		*m = map[K]uint64{}
	}
	(*m)[key]++
}

func watch(h **privacy.Histogram, f privacy.Field, took time.Duration) {
	if *h == nil {
		*h = emptyHistogram(f)
	}
	observe(*h, f, took.Seconds())
}

// Name implements Collector.
func (o *Operations) Name() string { return "operations" }

// Collect implements Collector. What never happened has no series, except for
// configurations, so that the first refusal is a rise.
func (o *Operations) Collect(s *Samples) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range results {
		s.Set(configApplied, float64(o.applied[Result(r)]), r)
	}
	if !o.success.IsZero() {
		s.Set(configSuccess, float64(o.success.UnixMilli())/1000)
	}
	if o.source != "" {
		s.Info(configVersion, o.source, strconv.Itoa(o.version))
	}
	for _, r := range slices.SortedFunc(maps.Keys(o.requests), request.compare) {
		s.Set(provisionRequests, float64(o.requests[r]), r.scheme, r.code)
	}
	if o.took != nil {
		s.Distribution(provisionDuration, copyOf(o.took))
	}
	if o.lookups != nil {
		s.Distribution(dnsLookup, copyOf(o.lookups))
	}
	o.collectRecords(s)
	return nil
}

func (o *Operations) collectRecords(s *Samples) {
	for _, kind := range slices.Sorted(maps.Keys(o.audited)) {
		s.Set(auditRecords, float64(o.audited[kind]), kind)
	}
	for _, kind := range slices.Sorted(maps.Keys(o.security)) {
		s.Set(securityEvents, float64(o.security[kind]), kind)
	}
}

// strangers tells what the lines refused of whom they do not know.
func strangers(s *Samples, st agent.Status) {
	var asked, came uint64
	for _, l := range st.Lines {
		asked += l.SIP.Counters.Forbidden
		came += l.SIP.Counters.Strangers
	}
	s.Set(securityEvents, float64(asked), "notify_rejected")
	s.Set(securityEvents, float64(came), "stranger")
}
