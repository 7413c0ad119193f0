package telemetry

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/state"
)

func TestOperations(t *testing.T) {
	o := &Operations{}
	got, err := collect(t, o)
	if want := []string{
		"ata_config_apply_total{ok} 0", "ata_config_apply_total{deferred} 0", "ata_config_apply_total{rejected} 0", "ata_config_apply_total{rolled_back} 0",
	}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("before anything happened: %q, %v", got, err)
	}
	o.Requested("https", "5xx", 12*time.Second)
	o.Requested("http", "2xx", 50*time.Millisecond)
	o.Requested("https", "5xx", time.Second)
	o.Asked(3 * time.Millisecond)
	o.Applied(Deferred)
	o.Applied(RolledBack)
	o.InForce("server", 7)
	o.Audited(state.Entry{Action: "configuration refused", Result: "older"})
	o.Audited(state.Entry{Action: "configuration refused", Result: "not-valid"})
	o.Audited(state.Entry{Action: "dance"})
	o.Untrusted()
	got, err = collect(t, o)
	want := []string{
		"ata_config_apply_total{ok} 0", "ata_config_apply_total{deferred} 1", "ata_config_apply_total{rejected} 0", "ata_config_apply_total{rolled_back} 1",
		"ata_config_version_info{server,7} ",
		"ata_provision_requests_total{http,2xx} 1", "ata_provision_requests_total{https,5xx} 2",
		"ata_provision_duration_seconds{} 3 values", "ata_dns_lookup_seconds{} 1 values",
		"ata_audit_records_total{configuration} 2", "ata_audit_records_total{other} 1",
		"ata_security_events_total{rollback_refused} 1", "ata_security_events_total{server_untrusted} 1",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, got\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	o.Applied(Taken)
	if got, _ := collect(t, o); !strings.HasPrefix(got[4], "ata_config_last_success_timestamp_seconds{} ") {
		t.Errorf("after a success: %q", got)
	}
}
