package sip

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// Status is a picture of a UA at one moment.
type Status struct {
	Local        netip.AddrPort `json:"local"`   // zero while there is no socket or connection
	Contact      string         `json:"contact"` // URI under which we can be reached
	Registration Registration   `json:"registration"`
	Register     RegisterTimes  `json:"register"`
	Calls        []CallStatus   `json:"calls,omitempty"`
	Counters     Counters       `json:"counters"`
}

// CallStatus is one call of Status.
type CallStatus struct {
	Call     CallID    `json:"call"`
	CallID   string    `json:"call_id"`
	Outgoing bool      `json:"outgoing"`
	State    string    `json:"state"`
	Peer     string    `json:"peer"` // URI of the far end as it named itself, or as we dialled it
	Since    time.Time `json:"since"`
}

// Counters of a UA since it was made.
type Counters struct {
	Received  uint64 `json:"received"`  // messages admitted
	Sent      uint64 `json:"sent"`      // messages written, repetitions included
	Garbage   uint64 `json:"garbage"`   // not SIP, too big, or a response to nothing we sent
	Strangers uint64 `json:"strangers"` // requests from addresses that are no peers of this line
	Misrouted uint64 `json:"misrouted"` // requests for a user that is not ours
	Limited   uint64 `json:"limited"`   // refused by a rate or a table limit
	Malformed uint64 `json:"malformed"` // refused by the parser
	Rejected  uint64 `json:"rejected"`  // answered 4xx..6xx by validation
	Panics    uint64 `json:"panics"`    // faults of our own, the call was released
	Forbidden uint64 `json:"forbidden"` // wishes for a look at the configuration that were refused
}

type counters struct {
	received, sent, garbage, strangers, misrouted, limited, malformed, rejected, panics, forbidden atomic.Uint64
}

func (c *counters) snapshot() Counters {
	return Counters{
		Received: c.received.Load(), Sent: c.sent.Load(), Garbage: c.garbage.Load(),
		Strangers: c.strangers.Load(), Misrouted: c.misrouted.Load(), Limited: c.limited.Load(),
		Malformed: c.malformed.Load(), Rejected: c.rejected.Load(), Panics: c.panics.Load(), Forbidden: c.forbidden.Load(),
	}
}
