// Package otlp writes batches as OTLP/HTTP JSON (opentelemetry.io/docs/specs/otlp,
// protocol buffers' JSON mapping: 64-bit numbers as strings, enumerations as
// numbers) and gives them to a collector. It is a small encoder of its own: the
// official exporter doubles the program.
package otlp

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/telemetry/receiver"
)

// Receiver is a collector.
type Receiver struct {
	*receiver.Poster
	url, version string
}

// New returns a collector at a base URL, to which /v1/metrics and /v1/logs are
// added; version is the agent's.
func New(url, version string, p *receiver.Poster) *Receiver {
	return &Receiver{p, strings.TrimSuffix(url, "/"), version}
}

// Name is "otlp".
func (r *Receiver) Name() string { return "otlp" }

// Wants takes everything.
func (r *Receiver) Wants(privacy.BatchKind) bool { return true }

// Send posts a batch.
func (r *Receiver) Send(ctx context.Context, c privacy.Cleared) error {
	path, body, err := Encode(c, r.version)
	if err != nil {
		return &receiver.Refused{Reason: err.Error()}
	}
	answer, err := r.Post(ctx, r.url+path, c.ID(), body)
	if err != nil {
		return err
	}
	return partial(answer)
}

// partial reads whether a collector that said yes left something out
// (ExportMetricsServiceResponse.partial_success). It must not be sent again.
func partial(answer []byte) error {
	var a struct {
		PartialSuccess struct {
			Points  json.Number `json:"rejectedDataPoints"`
			Records json.Number `json:"rejectedLogRecords"`
			Message string      `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return nil // an answer in another form is still a yes
	}
	for _, n := range []json.Number{a.PartialSuccess.Points, a.PartialSuccess.Records} {
		if v, err := n.Int64(); err == nil && v > 0 {
			return &receiver.Refused{Reason: fmt.Sprintf("%d values: %.200q", v, a.PartialSuccess.Message)}
		}
	}
	return nil
}

// Encode writes a batch and says to which path it goes.
func Encode(c privacy.Cleared, version string) (path string, body []byte, err error) {
	var doc any
	switch path = "/v1/logs"; c.Kind() {
	case privacy.Metrics:
		path, doc = "/v1/metrics", metrics(c, version)
	default:
		doc = logs(c, version)
	}
	body, err = json.Marshal(doc)
	if err != nil {
		return "", nil, fmt.Errorf("otlp: encode: %w", err)
	}
	return path, body, nil
}

// The messages, as far as we use them; names are those of the JSON mapping.
type (
	object    = map[string]any
	attribute struct {
		Key   string `json:"key"`
		Value any    `json:"value"`
	}
	resource struct {
		Attributes []attribute `json:"attributes"`
	}
	scope struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	metric struct {
		Name        string     `json:"name"`
		Description string     `json:"description,omitempty"`
		Unit        string     `json:"unit,omitempty"`
		Gauge       *points    `json:"gauge,omitempty"`
		Sum         *sum       `json:"sum,omitempty"`
		Histogram   *histogram `json:"histogram,omitempty"`
	}
	points struct {
		DataPoints []point `json:"dataPoints"`
	}
	sum struct {
		DataPoints  []point `json:"dataPoints"`
		Temporality int     `json:"aggregationTemporality"`
		Monotonic   bool    `json:"isMonotonic"`
	}
	histogram struct {
		DataPoints  []bucketPoint `json:"dataPoints"`
		Temporality int           `json:"aggregationTemporality"`
	}
	point struct {
		Attributes []attribute `json:"attributes,omitempty"`
		Start      string      `json:"startTimeUnixNano,omitempty"`
		Time       string      `json:"timeUnixNano"`
		Value      float64     `json:"asDouble"`
	}
	bucketPoint struct {
		Attributes []attribute `json:"attributes,omitempty"`
		Start      string      `json:"startTimeUnixNano,omitempty"`
		Time       string      `json:"timeUnixNano"`
		Count      string      `json:"count"`
		Sum        float64     `json:"sum"`
		Counts     []string    `json:"bucketCounts"`
		Bounds     []float64   `json:"explicitBounds"`
	}
	record struct {
		Time       string      `json:"timeUnixNano"`
		Severity   int         `json:"severityNumber,omitempty"`
		Event      string      `json:"eventName,omitempty"`
		Body       any         `json:"body,omitempty"`
		Attributes []attribute `json:"attributes,omitempty"`
	}
)

// cumulative is AGGREGATION_TEMPORALITY_CUMULATIVE.
const cumulative = 2

func text(key, value string) attribute { return attribute{key, object{"stringValue": value}} }

func number(key string, value float64) attribute { return attribute{key, object{"doubleValue": value}} }

// source is the resource: the agent, and the device as far as it may be told.
func source(c privacy.Cleared, version string) resource {
	r := resource{[]attribute{text("service.name", "ata-agent"), text("service.version", version)}}
	for _, i := range c.Items() {
		if i.Field.Resource != "" {
			r.Attributes = append(r.Attributes, text(i.Field.Resource, i.Text))
		}
	}
	return r
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func metrics(c privacy.Cleared, version string) object {
	list := []*metric{}
	byName := map[string]*metric{}
	for _, i := range c.Items() {
		if i.Field.Kind == privacy.Text {
			continue
		}
		m := byName[i.Field.Name]
		if m == nil {
			m = &metric{Name: i.Field.Name, Description: i.Field.Help, Unit: i.Field.Unit}
			byName[i.Field.Name], list = m, append(list, m)
		}
		m.add(i, c)
	}
	return object{"resourceMetrics": []object{{
		"resource":     source(c, version),
		"scopeMetrics": []object{{"scope": scope{"ata-agent", version}, "metrics": list}},
	}}}
}

func (m *metric) add(i privacy.Item, c privacy.Cleared) {
	start, at := nanos(c.At().Add(-c.Counting())), nanos(c.At())
	switch i.Field.Kind {
	case privacy.Counter:
		if m.Sum == nil {
			m.Sum = &sum{Temporality: cumulative, Monotonic: true}
		}
		m.Sum.DataPoints = append(m.Sum.DataPoints, point{attributes(i), start, at, i.Value})
	case privacy.Distribution:
		if m.Histogram == nil {
			m.Histogram = &histogram{Temporality: cumulative}
		}
		p := bucketPoint{attributes(i), start, at, strconv.FormatUint(i.Hist.Count(), 10), i.Hist.Sum, nil, i.Field.Bounds}
		for _, n := range i.Hist.Counts {
			p.Counts = append(p.Counts, strconv.FormatUint(n, 10))
		}
		m.Histogram.DataPoints = append(m.Histogram.DataPoints, p)
	default:
		if m.Gauge == nil {
			m.Gauge = &points{}
		}
		m.Gauge.DataPoints = append(m.Gauge.DataPoints, point{attributes(i), "", at, i.Value})
	}
}

func attributes(i privacy.Item) (list []attribute) {
	for n, l := range i.Field.Labels {
		list = append(list, text(l.Name, i.Labels[n]))
	}
	return list
}

// logs are reports, log records and what concerns consent.
func logs(c privacy.Cleared, version string) object {
	r := record{Time: nanos(c.At()), Event: event(c), Severity: severity(c)}
	r.Attributes = append(r.Attributes, text("ata.batch.id", c.ID()))
	for _, i := range c.Items() {
		switch {
		case i.Field.Resource != "":
		case c.Kind() == privacy.Log:
			r.Body = object{"stringValue": i.Text}
		case i.Field.Kind == privacy.Text:
			r.Attributes = append(r.Attributes, text(i.Field.Name, i.Text))
		default:
			r.Attributes = append(r.Attributes, number(i.Field.Name, i.Value))
		}
	}
	return object{"resourceLogs": []object{{
		"resource":  source(c, version),
		"scopeLogs": []object{{"scope": scope{"ata-agent", version}, "logRecords": []record{r}}},
	}}}
}

func event(c privacy.Cleared) string {
	switch c.Kind() {
	case privacy.Report:
		return "ata." + c.Name()
	case privacy.Notice:
		return "ata.consent"
	}
	return ""
}

// severities are the SeverityNumbers of syslog's severities (OpenTelemetry logs
// data model, appendix B).
var severities = [8]int{21, 19, 18, 17, 13, 10, 9, 5}

func severity(c privacy.Cleared) int {
	if c.Kind() != privacy.Log {
		return 9 // INFO
	}
	return severities[c.Severity()&7]
}
