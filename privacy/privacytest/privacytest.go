// Package privacytest clears batches for tests of what sends them.
package privacytest

import (
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/state"
)

// Filter returns a filter under which a permit is in force, in a state folder of
// the test's own.
func Filter(t testing.TB, c *privacy.Catalogue, p privacy.Permit) *privacy.Filter {
	t.Helper()
	home, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k, err := privacy.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	id, err := privacy.OpenIdentity(home)
	if err != nil {
		t.Fatal(err)
	}
	k.Ask(privacy.Asked{Permit: privacy.Permit{Level: privacy.Tracing, Categories: privacy.Everything}})
	if err := k.Decide(p, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	return privacy.NewFilter(c, k, privacy.NewScrubber(id))
}

// Noon is the time of batches in tests.
var Noon = time.Date(2026, 11, 21, 12, 0, 0, 250_000_000, time.UTC)

// Fields are those of Metrics, Report and Log.
type Fields struct {
	catalogue                        privacy.Catalogue
	Level, Calls, Model, Jitter      privacy.Field
	Installation, MOS, Codec, Record privacy.Field
}

// NewFields declares a field of each kind.
func NewFields() *Fields {
	f := &Fields{}
	d := func(d privacy.Declaration) privacy.Field {
		d.Category, d.Level, d.Help = privacy.Performance, privacy.Operational, "Help of "+d.Name+"."
		return f.catalogue.Declare(d)
	}
	line := privacy.Label{Name: "line", Values: []string{"1", "2"}}
	f.Level = d(privacy.Declaration{Name: "t_level_volts", Kind: privacy.Gauge, Unit: "V", Labels: []privacy.Label{line}})
	f.Calls = d(privacy.Declaration{Name: "t_calls_total", Kind: privacy.Counter, Labels: []privacy.Label{line}})
	f.Model = d(privacy.Declaration{Name: "t_info", Kind: privacy.Info, Labels: []privacy.Label{{Name: "model"}}})
	f.Jitter = d(privacy.Declaration{Name: "t_jitter_seconds", Kind: privacy.Distribution, Unit: "s", Bounds: []float64{.01, .1}})
	f.Installation = d(privacy.Declaration{Name: "t_installation", Kind: privacy.Text, Resource: "app.installation.id"})
	f.MOS = d(privacy.Declaration{Name: "call.mos", Kind: privacy.Gauge})
	f.Codec = d(privacy.Declaration{Name: "call.codec", Kind: privacy.Text})
	f.Record = d(privacy.Declaration{Name: "log.message", Kind: privacy.Text, Form: privacy.Prose})
	return f
}

func (f *Fields) clear(t testing.TB, b privacy.Batch) privacy.Cleared {
	t.Helper()
	b.At, b.Counting = Noon, time.Hour
	b.Items = append(b.Items, privacy.Item{Field: f.Installation, Text: "0123abcd"})
	permit := privacy.Permit{Level: privacy.Tracing, Categories: privacy.Everything}
	return Filter(t, &f.catalogue, permit).Clear(b, privacy.Everything)
}

// Metrics returns a batch with a metric of each kind.
func (f *Fields) Metrics(t testing.TB) privacy.Cleared {
	t.Helper()
	return f.clear(t, privacy.Batch{ID: "run-1", Kind: privacy.Metrics, Items: []privacy.Item{
		{Field: f.Level, Value: -48.5, Labels: []string{"1"}},
		{Field: f.Calls, Value: 7, Labels: []string{"1"}},
		{Field: f.Level, Value: -47, Labels: []string{"2"}},
		{Field: f.Model, Value: 1, Labels: []string{`a "b" \c`}},
		{Field: f.Jitter, Hist: &privacy.Histogram{Counts: []uint64{3, 0, 2}, Sum: 1.5}},
	}})
}

// Report returns the report of a call.
func (f *Fields) Report(t testing.TB) privacy.Cleared {
	t.Helper()
	return f.clear(t, privacy.Batch{ID: "run-2", Kind: privacy.Report, Name: "call", Items: []privacy.Item{
		{Field: f.MOS, Value: 4.25}, {Field: f.Codec, Text: `P"C]M\U`},
	}})
}

// Log returns a log record, a warning.
func (f *Fields) Log(t testing.TB) privacy.Cleared {
	t.Helper()
	return f.clear(t, privacy.Batch{ID: "run-3", Kind: privacy.Log, Severity: 4, Items: []privacy.Item{{Field: f.Record, Text: "msg=\"port lost\" line=1"}}})
}
