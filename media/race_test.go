//go:build race

package media

import "testing"

// NotUnderRace leaves a long test of figures, which has no goroutines for the race
// detector to watch, to the run without it.
func NotUnderRace(t *testing.T) {
	t.Helper()
	t.Skip("it takes long and is run without the race detector too")
}
