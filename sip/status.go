package sip

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// Status is a picture of a UA at one moment.
type Status struct {
	Local        netip.AddrPort // zero while there is no socket or connection
	Contact      string         // URI under which we can be reached
	Registration Registration
	Calls        []CallStatus
	Counters     Counters
}

// CallStatus is one call of Status.
type CallStatus struct {
	Call     CallID
	CallID   string
	Outgoing bool
	State    string
	Peer     string // URI of the far end as it named itself, or as we dialled it
	Since    time.Time
}

// Counters of a UA since it was made.
type Counters struct {
	Received  uint64 // messages admitted
	Sent      uint64 // messages written, repetitions included
	Garbage   uint64 // not SIP, too big, or a response to nothing we sent
	Strangers uint64 // requests from addresses that are no peers of this line
	Misrouted uint64 // requests for a user that is not ours
	Limited   uint64 // refused by a rate or a table limit
	Malformed uint64 // refused by the parser
	Rejected  uint64 // answered 4xx..6xx by validation
	Panics    uint64 // faults of our own, the call was released
}

type counters struct {
	received, sent, garbage, strangers, misrouted, limited, malformed, rejected, panics atomic.Uint64
}

func (c *counters) snapshot() Counters {
	return Counters{
		Received: c.received.Load(), Sent: c.sent.Load(), Garbage: c.garbage.Load(),
		Strangers: c.strangers.Load(), Misrouted: c.misrouted.Load(), Limited: c.limited.Load(),
		Malformed: c.malformed.Load(), Rejected: c.rejected.Load(), Panics: c.panics.Load(),
	}
}
