//go:build race

package agent_test

import "testing"

// raceDetector slows everything down tenfold: each test runs on one kind of board.
const raceDetector = true

// notUnderRace leaves a long test of figures to the run without the detector.
func notUnderRace(t *testing.T) {
	t.Helper()
	t.Skip("it takes long and is run without the race detector too")
}
