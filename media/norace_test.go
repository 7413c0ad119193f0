//go:build !race

package media

import "testing"

// NotUnderRace leaves a long test of figures to the run without the detector.
func NotUnderRace(*testing.T) {}
