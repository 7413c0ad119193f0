package main

import (
	"runtime"
	"testing"
)

func TestMakeRoomForAudio(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, tt := range []struct {
		before      int
		environment string
		want        int
	}{
		{1, "", 2},
		{1, "1", 1},
		{2, "", 2},
		{4, "", 4},
	} {
		runtime.GOMAXPROCS(tt.before)
		makeRoomForAudio(func(string) string { return tt.environment })
		if got := runtime.GOMAXPROCS(0); got != tt.want {
			t.Errorf("%d slots, GOMAXPROCS=%q: %d, want %d", tt.before, tt.environment, got, tt.want)
		}
	}
}
