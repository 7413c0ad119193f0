package keypad

import (
	"slices"
	"testing"
	"time"
)

// TestLateScans has a program scan when it gets round to it.
func TestLateScans(t *testing.T) {
	one, none := rows{0: 1}, rows{}
	for _, tt := range []struct {
		name  string
		times []int // ms
		scans []rows
		want  []int // times of presses
	}{
		{"two scans of a key", []int{0, 40, 100}, []rows{none, one, one}, []int{40}},
		{"one scan of a key", []int{0, 40, 100}, []rows{none, one, none}, nil},
		{"scans too close", []int{0, 40, 45, 59, 70}, []rows{none, one, one, one, none}, nil},
		{"bounce between scans", []int{0, 40, 50, 60, 75, 80}, []rows{none, one, none, one, one, one}, []int{60}},
		{"release and press between two scans", []int{0, 40, 60, 500}, []rows{none, one, one, one}, []int{40}},
		{"bounce of the release", []int{0, 40, 60, 100, 105, 110, 200, 300}, []rows{none, one, one, none, one, none, none, none}, []int{40}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d decoder
			var got []int
			begin := time.Unix(1000, 0)
			for i, ms := range tt.times {
				d.scan(tt.scans[i], begin.Add(time.Duration(ms)*time.Millisecond), func(p press) {
					got = append(got, int(p.at.Sub(begin)/time.Millisecond))
				})
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("presses at %v, want %v", got, tt.want)
			}
		})
	}
}
