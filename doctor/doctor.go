// Package doctor says what is wrong with a device, in the words of who has to
// put it right. It looks at three things, each where there is one: the computer
// below a root of the file system, the documents, and the state of a running
// agent. It touches no bus and no pin.
package doctor

import (
	"cmp"
	"slices"
	"time"
)

// Severity is how bad a finding is.
type Severity string

// Severities, the worst last.
const (
	OK      Severity = "ok"
	Unknown Severity = "unknown" // it could not be looked at
	Warning Severity = "warning" // telephones work, something may fail or is not as it should be
	Fault   Severity = "fault"   // something does not work
)

var ranks = map[Severity]int{OK: 0, Unknown: 1, Warning: 2, Fault: 3}

// Finding is what one check found.
type Finding struct {
	Check    string   `json:"check"`             // kernel, nodes, access, overlay, card, time, dns, board, configuration, certificates, agent, clock, port, hook, registration, wires, …
	Subject  string   `json:"subject,omitempty"` // what it is about, such as line 1 or /dev/spidev0.0
	Severity Severity `json:"severity"`
	Text     string   `json:"text"`
	Remedy   string   `json:"remedy,omitempty"` // what to do, empty if nothing
}

// Report is what all checks found.
type Report struct {
	At       time.Time `json:"at"`
	Findings []Finding `json:"findings"`
}

// Worst is the worst severity of a report.
func (r *Report) Worst() Severity {
	worst := OK
	for _, f := range r.Findings {
		if ranks[f.Severity] > ranks[worst] {
			worst = f.Severity
		}
	}
	return worst
}

// Sort puts the worst first and leaves the order of equals.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(ranks[b.Severity], ranks[a.Severity]) })
}

// notes collects findings of one subject.
type notes struct {
	check, subject string
	all            []Finding
}

func (n *notes) add(s Severity, text, remedy string) {
	n.all = append(n.all, Finding{n.check, n.subject, s, text, remedy})
}

// ok reports that nothing is wrong, unless something was.
func (n *notes) ok(text string) []Finding {
	if len(n.all) == 0 {
		n.add(OK, text, "")
	}
	return n.all
}
