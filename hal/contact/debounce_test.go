package contact

import (
	"testing"
	"time"
)

// step is an edge at a time in ms, which the program learns of later.
type step struct {
	at, heard int
	raw       bool
}

// change is a state that was accepted.
type change struct {
	closed bool
	at     int // ms
}

func at(ms int) time.Time { return time.Unix(1000, 0).Add(time.Duration(ms) * time.Millisecond) }

// accepted runs edges through a Debouncer of 10 ms, with a look at it each
// millisecond.
func accepted(steps []step) (changes []change) {
	d := Debouncer{Hold: 10 * time.Millisecond}
	note := func() {
		if n := len(changes); d.Closed != (n > 0 && changes[n-1].closed) {
			changes = append(changes, change{d.Closed, int(d.At.Sub(at(0)) / time.Millisecond)})
		}
	}
	for now := range 500 {
		for len(steps) > 0 && steps[0].heard == now {
			d.SettleBy(at(steps[0].at))
			note()
			d.Edge(steps[0].raw, at(steps[0].at), at(now))
			steps = steps[1:]
		}
		d.Settle(at(now))
		note()
	}
	return changes
}

func TestDebounce(t *testing.T) {
	for _, tt := range []struct {
		name  string
		steps []step
		want  []change
	}{
		{"clean", []step{{50, 50, true}, {150, 150, false}}, []change{{true, 50}, {false, 150}}},
		{"glitch", []step{{50, 50, true}, {59, 59, false}}, nil},
		{"just long enough", []step{{50, 50, true}, {60, 60, false}}, []change{{true, 50}, {false, 60}}},
		{
			"bounce is dated to its begin",
			[]step{{50, 50, true}, {53, 53, false}, {60, 60, true}, {65, 65, false}, {74, 74, true}},
			[]change{{true, 50}},
		},
		{
			"bounce that comes to nothing",
			[]step{{50, 50, true}, {53, 53, false}, {60, 60, true}, {65, 65, false}, {100, 100, true}},
			[]change{{true, 100}},
		},
		{
			"edges that were heard late keep their lengths",
			[]step{{50, 200, true}, {90, 200, false}, {150, 200, true}},
			[]change{{true, 50}, {false, 90}, {true, 150}},
		},
		{
			"an edge that was heard late may have followers",
			[]step{{50, 80, true}, {55, 85, false}},
			nil,
		},
		{"twice the same level", []step{{50, 50, true}, {70, 70, true}, {150, 150, false}}, []change{{true, 50}, {false, 150}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := accepted(tt.steps)
			if len(got) != len(tt.want) {
				t.Fatalf("changes %v, want %v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("change %d is %v, want %v", i, got[i], tt.want[i])
				}
			}
		})
	}
}
