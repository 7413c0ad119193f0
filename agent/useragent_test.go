package agent

import "testing"

func TestInstanceOf(t *testing.T) {
	for _, tt := range []struct {
		device string
		n      int
		want   string
	}{
		{"urn:uuid:00000000-0000-4000-8000-00a95a0e1280", 0, "urn:uuid:00000000-0000-4000-8000-00a95a0e1280"},
		{"urn:uuid:00000000-0000-4000-8000-00a95a0e1280", 1, "urn:uuid:00000000-0000-4000-8000-00a95a0e1281"},
		{"urn:uuid:00000000-0000-4000-8000-ffffffffffff", 1, "urn:uuid:00000000-0000-4000-8000-000000000000"},
		{"", 1, ""},
	} {
		if got := instanceOf(tt.device, tt.n); got != tt.want {
			t.Errorf("instanceOf(%q, %d) = %q, want %q", tt.device, tt.n, got, tt.want)
		}
	}
}
