package receiver

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ata-agent/ata-agent/privacy"
)

// document is a batch as docs/telemetry.md describes it.
type document struct {
	Schema   int               `json:"schema"`
	ID       string            `json:"id"`
	Kind     privacy.BatchKind `json:"kind"`
	Name     string            `json:"name,omitempty"`
	Severity *int              `json:"severity,omitempty"`
	Time     time.Time         `json:"time"`
	Items    []item            `json:"items"`
}

type item struct {
	Name      string            `json:"name"`
	Unit      string            `json:"unit,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	Value     *float64          `json:"value,omitempty"`
	Text      *string           `json:"text,omitempty"`
	Histogram *histogram        `json:"histogram,omitempty"`
}

type histogram struct {
	Bounds []float64 `json:"bounds"`
	Counts []uint64  `json:"counts"` // one more than bounds, not added up
	Sum    float64   `json:"sum"`
	Count  uint64    `json:"count"`
}

// Document writes a batch as JSON.
func Document(c privacy.Cleared) ([]byte, error) {
	d := document{Schema: 1, ID: c.ID(), Kind: c.Kind(), Name: c.Name(), Time: c.At().UTC(), Items: []item{}}
	if c.Kind() == privacy.Log {
		d.Severity = new(c.Severity())
	}
	for _, i := range c.Items() {
		d.Items = append(d.Items, itemOf(i))
	}
	data, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("receiver: document: %w", err)
	}
	return data, nil
}

func itemOf(i privacy.Item) item {
	out := item{Name: i.Field.Name, Unit: i.Field.Unit, Labels: labels(i)}
	switch i.Field.Kind {
	case privacy.Text:
		out.Text = &i.Text
	case privacy.Distribution:
		out.Histogram = &histogram{i.Field.Bounds, i.Hist.Counts, i.Hist.Sum, i.Hist.Count()}
	default:
		out.Value = &i.Value
	}
	return out
}

func labels(i privacy.Item) map[string]string {
	if len(i.Labels) == 0 {
		return nil
	}
	m := make(map[string]string, len(i.Labels))
	for n, l := range i.Field.Labels {
		m[l.Name] = i.Labels[n]
	}
	return m
}
