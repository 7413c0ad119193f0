//go:build race

package agent_test

// raceDetector slows everything down tenfold: each test runs on one kind of board.
const raceDetector = true
