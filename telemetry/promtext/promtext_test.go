package promtext

import (
	"bytes"
	"testing"

	"github.com/ata-agent/ata-agent/privacy/privacytest"
)

const want = `# HELP t_level_volts Help of t_level_volts.
# TYPE t_level_volts gauge
t_level_volts{line="1"} -48.5
t_level_volts{line="2"} -47
# HELP t_calls_total Help of t_calls_total.
# TYPE t_calls_total counter
t_calls_total{line="1"} 7
# HELP t_info Help of t_info.
# TYPE t_info gauge
t_info{model="a \"b\" \\c"} 1
# HELP t_jitter_seconds Help of t_jitter_seconds.
# TYPE t_jitter_seconds histogram
t_jitter_seconds_bucket{le="0.01"} 3
t_jitter_seconds_bucket{le="0.1"} 3
t_jitter_seconds_bucket{le="+Inf"} 5
t_jitter_seconds_sum 1.5
t_jitter_seconds_count 5
`

func TestWrite(t *testing.T) {
	f := privacytest.NewFields()
	var got bytes.Buffer
	if err := Write(&got, f.Metrics(t)); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	got.Reset()
	if err := Write(&got, f.Report(t)); err != nil || got.Len() > 0 {
		t.Errorf("a report is no metric: %q, %v", got.String(), err)
	}
}
