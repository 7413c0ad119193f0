package echo

import "testing"

// A strong tone between two bins is in all of them, but teaches nothing about those
// further off; noise is every bin's own.
func TestOwned(t *testing.T) {
	for _, tt := range []struct {
		name     string
		far      []int16
		min, max float32 // mean of the part that bins of 1 to 3 kHz own
	}{
		{"tone", tone(1, -10, 425), 0, 0.1},
		{"noise", room(1, -10, 61), 0.9, 1},
	} {
		h := newHistory(1)
		var sum, n float32
		for i := 0; i < len(tt.far); i += block {
			var x [block]float32
			for k := range x {
				x[k] = float32(tt.far[i+k])
			}
			h.add(&x, energy(&x))
			if i == 0 {
				continue // begins within the frame
			}
			for _, part := range h.owned[0][20:60] {
				sum += part
				n++
			}
		}
		if mean := sum / n; mean < tt.min || mean > tt.max {
			t.Errorf("%s: bins own %.3f of their power, want %v to %v", tt.name, mean, tt.min, tt.max)
		}
	}
}
