package agent

import (
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/sip"
)

func TestCallerOf(t *testing.T) {
	set := time.Date(2026, 5, 4, 3, 2, 1, 0, time.Local)
	for _, tt := range []struct {
		name string
		in   sip.Incoming
		at   time.Time
		want callerid.Call
	}{
		{"number and name", sip.Incoming{Number: "+15551234", Name: "Ann"}, set, callerid.Call{Time: set, Number: "+15551234", Name: "Ann"}},
		{"clock not set", sip.Incoming{Number: "1"}, time.Date(1970, 1, 1, 0, 0, 5, 0, time.Local), callerid.Call{Number: "1"}},
		{"user name", sip.Incoming{Number: "ann"}, set, callerid.Call{Time: set, Name: "ann"}},
		{"user name with digits", sip.Incoming{Number: "ann.2"}, set, callerid.Call{Time: set, Name: "ann.2"}},
		{"user name and name", sip.Incoming{Number: "ann", Name: "Ann"}, set, callerid.Call{Time: set, Name: "Ann"}},
		{"nothing", sip.Incoming{}, set, callerid.Call{Time: set}},
		{
			"withheld",
			sip.Incoming{Number: "1", Name: "Ann", Withheld: true},
			set,
			callerid.Call{Time: set, Absence: callerid.Withheld},
		},
	} {
		if got := callerOf(tt.in, tt.at); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
