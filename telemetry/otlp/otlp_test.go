package otlp

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/privacy/privacytest"
	"github.com/ata-agent/ata-agent/telemetry/receiver"
)

// strict decodes a body with the published definitions: a field that they do not
// have, or of another type, is an error.
func strict(t *testing.T, c privacy.Cleared, wantPath string, into proto.Message) {
	t.Helper()
	path, body, err := Encode(c, "1.2")
	if err != nil {
		t.Fatal(err)
	}
	if path != wantPath {
		t.Errorf("goes to %s, want %s", path, wantPath)
	}
	if err := protojson.Unmarshal(body, into); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
}

func values(list []*commonpb.KeyValue) map[string]any {
	m := map[string]any{}
	for _, a := range list {
		switch v := a.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			m[a.Key] = v.StringValue
		case *commonpb.AnyValue_DoubleValue:
			m[a.Key] = v.DoubleValue
		}
	}
	return m
}

func TestMetricsDecodeStrictly(t *testing.T) {
	var d metricspb.MetricsData
	strict(t, privacytest.NewFields().Metrics(t), "/v1/metrics", &d)
	r := d.ResourceMetrics[0]
	if got := values(r.Resource.Attributes); got["service.name"] != "ata-agent" || got["service.version"] != "1.2" || got["app.installation.id"] != "0123abcd" {
		t.Errorf("resource %v", got)
	}
	byName := map[string]*metricspb.Metric{}
	for _, m := range r.ScopeMetrics[0].Metrics {
		byName[m.Name] = m
	}
	if len(byName) != 4 || len(r.ScopeMetrics[0].Metrics) != 4 {
		t.Errorf("%d metrics, want 4", len(r.ScopeMetrics[0].Metrics))
	}
	at, start := uint64(privacytest.Noon.UnixNano()), uint64(privacytest.Noon.UnixNano())-3600e9
	gauge := byName["t_level_volts"].GetGauge().DataPoints
	if len(gauge) != 2 || gauge[0].GetAsDouble() != -48.5 || gauge[1].GetAsDouble() != -47 || gauge[0].TimeUnixNano != at || values(gauge[1].Attributes)["line"] != "2" {
		t.Errorf("gauge %v", gauge)
	}
	if m := byName["t_level_volts"]; m.Unit != "V" || m.Description != "Help of t_level_volts." {
		t.Errorf("gauge is described as %v", m)
	}
	sum := byName["t_calls_total"].GetSum()
	if !sum.IsMonotonic || sum.AggregationTemporality != metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE ||
		sum.DataPoints[0].GetAsDouble() != 7 || sum.DataPoints[0].StartTimeUnixNano != start {
		t.Errorf("sum %v", sum)
	}
	h := byName["t_jitter_seconds"].GetHistogram().DataPoints[0]
	if h.Count != 5 || h.GetSum() != 1.5 || !slices.Equal(h.BucketCounts, []uint64{3, 0, 2}) || !slices.Equal(h.ExplicitBounds, []float64{.01, .1}) {
		t.Errorf("histogram %v", h)
	}
	if got := values(byName["t_info"].GetGauge().DataPoints[0].Attributes)["model"]; got != `a "b" \c` {
		t.Errorf("label %q", got)
	}
}

func TestLogsDecodeStrictly(t *testing.T) {
	f := privacytest.NewFields()
	var d logspb.LogsData
	strict(t, f.Report(t), "/v1/logs", &d)
	r := d.ResourceLogs[0].ScopeLogs[0].LogRecords[0]
	got := values(r.Attributes)
	if r.EventName != "ata.call" || r.SeverityNumber != logspb.SeverityNumber_SEVERITY_NUMBER_INFO || r.TimeUnixNano != uint64(privacytest.Noon.UnixNano()) ||
		got["call.mos"] != 4.25 || got["call.codec"] != `P"C]M\U` || got["ata.batch.id"] != "run-2" {
		t.Errorf("report %v", r)
	}
	d.Reset()
	strict(t, f.Log(t), "/v1/logs", &d)
	r = d.ResourceLogs[0].ScopeLogs[0].LogRecords[0]
	if r.Body.GetStringValue() != `msg="port lost" line=1` || r.SeverityNumber != logspb.SeverityNumber_SEVERITY_NUMBER_WARN || r.EventName != "" {
		t.Errorf("log record %v", r)
	}
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name    string
		status  int
		answer  string
		refused bool
		fails   bool
	}{
		{"yes", 200, `{"partialSuccess":{}}`, false, false},
		{"yes, in no form we know", 200, `<html>`, false, false},
		{"partly", 200, `{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"too old"}}`, true, true},
		{"partly, logs", 200, `{"partialSuccess":{"rejectedLogRecords":1}}`, true, true},
		{"never", 400, ``, true, true},
		{"later", 503, ``, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got map[string]any
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				z, err := gzip.NewReader(r.Body)
				if err != nil || r.URL.Path != "/base/v1/metrics" || r.Header.Get("Authorization") != "Bearer x" || r.Header.Get("Content-Type") != "application/json" {
					t.Errorf("request %v %v", r.URL, err)
					return
				}
				if err := json.NewDecoder(z).Decode(&got); err != nil {
					t.Error(err)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.answer)
			}))
			defer server.Close()
			r := New(server.URL+"/base/", "1.2", receiver.NewPoster(&receiver.Packer{}, nil, config.NewSecret("Bearer x")))
			defer r.Close()
			err := r.Send(context.Background(), privacytest.NewFields().Metrics(t))
			var refused *receiver.Refused
			if errors.As(err, &refused) != tt.refused || (err != nil) != tt.fails {
				t.Errorf("Send = %v", err)
			}
			if got["resourceMetrics"] == nil {
				t.Error("no metrics came")
			}
		})
	}
}

func FuzzPartial(f *testing.F) {
	f.Add([]byte(`{"partialSuccess":{"rejectedDataPoints":"2"}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		var refused *receiver.Refused
		if err := partial(answer); err != nil && !errors.As(err, &refused) {
			t.Errorf("partial(%q) = %v", answer, err)
		}
	})
}
