package si321x

import (
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	for _, tt := range []struct {
		name  string
		every time.Duration
		count int
		over  bool
	}{
		{"ten at once", time.Millisecond, 10, false},
		{"eleven at once", time.Millisecond, 11, true},
		{"eleven in a minute", 6 * time.Second, 16, false},
		{"forgiven as fast as they come", forgiveness, 100, false},
		{"a little faster than forgiven", 8 * time.Second, 60, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b budget
			now := time.Unix(1000, 0)
			over := false
			for range tt.count {
				over = b.spend(now)
				if over {
					break
				}
				now = now.Add(tt.every)
			}
			if over != tt.over {
				t.Errorf("over = %v after %d, want %v", over, b.count, tt.over)
			}
		})
	}
}
