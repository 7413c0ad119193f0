package slic

import (
	"context"
	"errors"
	"time"
)

// Test names one of the line tests of Broadband Forum TR-104 issue 2
// (the tests of GR-909), in the order in which they are made.
type Test string

// Line tests and when a line fails them. TR-104 issue 2.
const (
	HazardousPotential Test = "hazardous-potential" // more than 50 V AC or 135 V DC from a lead to ground
	ForeignEMF         Test = "foreign-emf"         // more than 10 V AC or 6 V DC from elsewhere
	ResistiveFaults    Test = "resistive-faults"    // less than 150 kΩ between the leads or from one to ground
	ReceiverOffHook    Test = "receiver-off-hook"   // a telephone off hook, told from a short by its non-linearity of more than 15 %
	RingerEquivalence  Test = "ringer-equivalence"  // ringers of less than 0.175 or more than 5 REN
)

// Tests are all line tests.
var Tests = [...]Test{HazardousPotential, ForeignEMF, ResistiveFaults, ReceiverOffHook, RingerEquivalence}

// Verdict is how a test ended.
type Verdict string

// Verdicts. A test that cannot see everything its limits ask for never passes:
// it is Limited as long as it finds nothing.
const (
	Passed       Verdict = "pass"
	Failed       Verdict = "fail"
	Limited      Verdict = "limited"       // nothing is wrong as far as this chip can see; Text says how far
	Unmeasured   Verdict = "not-measured"  // something else stood in the way, Text says what
	NotSupported Verdict = "not-supported" // this chip cannot tell
)

// TestResult is how one test ended.
type TestResult struct {
	Test    Test    `json:"test"`
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"` // what was found, in words
	// Figures are what was measured: their names end in the unit, such as
	// tip_dc_volts.
	Figures map[string]float64 `json:"figures,omitempty"`
}

// TestReport is a line test.
type TestReport struct {
	At      time.Time    `json:"at"`
	Results []TestResult `json:"results"` // one for each of Tests, in their order
}

// Failed says that some test failed.
func (r *TestReport) Failed() bool {
	for _, t := range r.Results {
		if t.Verdict == Failed {
			return true
		}
	}
	return false
}

// Errors of TestLine beside ErrUnsupported.
var (
	ErrTestBusy        = errors.New("slic: the line is in use or not in service")
	ErrTestInterrupted = errors.New("slic: the line came into use during the test")
)

// LineTester is a Line that can test the pair of wires it feeds.
//
// TestLine takes some seconds, during which the telephone may tap its bell once
// but does not ring. The line must be idle: any SetFeed ends the test with
// ErrTestInterrupted, and so does a telephone that is lifted. The hook is not
// watched meanwhile; a change is reported afterwards. It may be called from any
// goroutine. The error is ErrUnsupported where the hardware has nothing to
// measure with.
type LineTester interface {
	TestLine(ctx context.Context) (TestReport, error)
}

// Untestable is the report of a line whose hardware cannot measure.
func Untestable(at time.Time) TestReport {
	r := TestReport{At: at}
	for _, t := range Tests {
		r.Results = append(r.Results, TestResult{Test: t, Verdict: NotSupported, Text: "this hardware has nothing to measure with"})
	}
	return r
}
