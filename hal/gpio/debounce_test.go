package gpio

import (
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

func TestDebouncer(t *testing.T) {
	type at struct {
		ms    int
		level gpio.Level
	}
	for _, tt := range []struct {
		name string
		raw  []at
		want []at
	}{
		{"clean", []at{{10, true}, {50, false}}, []at{{10, true}, {50, false}}},
		{"bounce", []at{{10, true}, {11, false}, {12, true}, {50, false}, {53, true}, {54, false}}, []at{{10, true}, {50, false}}},
		{"pulse too short", []at{{10, true}, {13, false}, {30, true}}, []at{{30, true}}},
		{"just long enough", []at{{10, true}, {15, false}}, []at{{10, true}, {15, false}}},
		{"merged edges", []at{{10, true}, {30, true}, {31, false}}, []at{{10, true}, {30, false}}},
		{"dial pulses", []at{{0, true}, {40, false}, {41, true}, {42, false}, {100, true}, {140, false}}, []at{{0, true}, {40, false}, {100, true}, {140, false}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			origin := time.Now()
			d := debouncer{period: 5 * time.Millisecond}
			var got []at
			take := func(e hal.Edge, ok bool) {
				if ok {
					got = append(got, at{int(e.At.Sub(origin) / time.Millisecond), e.Level})
				}
			}
			for _, r := range tt.raw {
				take(d.edge(hal.Edge{At: origin.Add(time.Duration(r.ms) * time.Millisecond), Level: r.level}))
			}
			if d.due().IsZero() {
				t.Fatal("nothing is due after an edge")
			}
			take(d.settle(d.due().Add(-1), d.level)) // too early
			take(d.settle(d.due(), d.level))
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if !d.due().IsZero() {
				t.Error("something is due after the end of the burst")
			}
		})
	}
}
