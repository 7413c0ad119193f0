package line

import (
	"testing"
	"time"
)

func TestHookTiming(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name   string
		mode   hookMode
		breaks []int
		want   HookTiming
	}{
		{"nothing", talking, nil, HookTiming{}},
		{"hung up", talking, []int{1500}, HookTiming{}},
		{"flash", talking, []int{300}, HookTiming{Flash: 300 * ms}},
		{"the last of two flashes", talking, []int{300, 900, 500}, HookTiming{Flash: 500 * ms}},
		{"one pulse has no period", dialing, []int{62}, HookTiming{}},
		{"train of three", dialing, []int{60, 40, 62, 38, 64}, HookTiming{PulseBreak: 62 * ms, PulsePeriod: 100 * ms}},
		{"the last of two trains", dialing, []int{60, 40, 60, 900, 66, 34, 66}, HookTiming{PulseBreak: 66 * ms, PulsePeriod: 100 * ms}},
		{"hung up afterwards", dialing, []int{60, 40, 60, 900, 1500}, HookTiming{PulseBreak: 60 * ms, PulsePeriod: 100 * ms}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &hook{timing: groups[0].timing, mode: tt.mode}
			readBreaks(h, tt.breaks)
			if h.measured != tt.want {
				t.Errorf("%+v, want %+v", h.measured, tt.want)
			}
			h.reset()
			if h.measured != tt.want {
				t.Errorf("after a reset %+v", h.measured)
			}
		})
	}
}
