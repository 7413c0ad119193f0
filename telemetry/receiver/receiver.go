// Package receiver is what the ways out of telemetry have in common: how a
// receiver says no, and the document that JSON receivers get.
package receiver

import (
	"fmt"
	"time"
)

// Refused says that the receiver has looked at a batch and will never take it.
type Refused struct{ Reason string }

// Error says why.
func (e *Refused) Error() string { return "refused: " + e.Reason }

// Busy says that the receiver takes nothing now.
type Busy struct {
	Reason string
	After  time.Duration // when to come again, 0: it did not say
}

// Error says why.
func (e *Busy) Error() string {
	if e.After > 0 {
		return fmt.Sprintf("busy: %s, come again in %s", e.Reason, e.After)
	}
	return "busy: " + e.Reason
}
