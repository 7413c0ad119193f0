// Package sip is the user agent of one line: registration, calls, offer and
// answer. It uses sipgo's messages, parser and transaction machines and writes
// everything around them (docs/adr/0003-sip-layers.md).
//
//	sockets -> guard -> parser -> queue -> dispatcher -> transaction -> call
//	                                                         |
//	           one goroutine per UA owns all this:        dialog, session
//	                                                      registration
package sip

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/ata-agent/ata-agent/sdes"
)

// CallID names a call of one UA for as long as it lives.
type CallID uint32

// Event is what a UA reports, one of the types below. Events of one UA come in
// order, from one goroutine; the receiver must not block.
type Event interface{ isEvent() }

type (
	// Registration says how the line stands with its registrar.
	Registration struct {
		State  RegState       `json:"state"`
		Server netip.AddrPort `json:"server"`           // where registered, zero if not
		Until  time.Time      `json:"until,omitzero"`   // end of the binding, or when the next try is made
		Code   int            `json:"code,omitempty"`   // SIP status that led here, 0 = none (time-out, transport)
		Reason string         `json:"reason,omitempty"` // its phrase

		Trouble Trouble `json:"trouble,omitempty"` // with TLS, which Reason says in words
	}
	// Incoming is a new call. It rings nowhere before Ring or Answer.
	Incoming struct {
		Call     CallID
		Number   string // calling number or user, empty = none
		Name     string // display name
		Withheld bool   // privacy was asked for (RFC 3323, RFC 3325)
		Called   string // user part of the request URI or To
		Alert    string // Alert-Info value as received, one line
		Priority string // Priority header, lower case
		CallID   string // SIP Call-ID, for logs
	}
	// Progress is a provisional answer to an outgoing call. Media is not nil
	// when it carried an answer: voice may come already.
	Progress struct {
		Call  CallID
		Code  int // 180..199
		Media *Media
	}
	// Answered says that the call is up: an outgoing one was answered, or an
	// incoming one's answer was acknowledged.
	Answered struct {
		Call   CallID
		Media  Media
		Dialog Dialog
	}
	// Changed says that the far end or Hold changed the voice of a call. For an
	// incoming call it also tells, with Answer, what was agreed on: voice may
	// flow before Answered.
	Changed struct {
		Call  CallID
		Media Media
	}
	// Ended says that the call is over, whoever ended it. It is the last event
	// of a call, and the only one after Hangup.
	Ended struct {
		Call      CallID
		Local     bool // we hung up, cancelled or refused
		Code      int  // status of a call that failed, 0 = it was up; 408 and 503 also stand for time-out and no server (RFC 3261 §8.1.3.1)
		Cause     int  // Q.850 cause from a Reason header (RFC 3326), 0 = none
		Text      string
		Elsewhere bool // answered by another telephone (RFC 3326, SIP;cause=200)
	}
	// Fared says how the voice of a call fared at the far end, which told it when
	// the call ended. It comes before Ended if the far end hung up; if we did, it is
	// the one event that may come after.
	Fared struct {
		Call   CallID
		Dialog Dialog // as Answered had it
		Voice  RTPStat
	}
	// Digit is a key the far end sent by SIP INFO.
	Digit struct {
		Call     CallID
		Key      byte // 0-9 * # A-D, or FlashKey
		Duration time.Duration
	}
	// MessagesWaiting is the state of the subscriber's mailbox (RFC 3842).
	MessagesWaiting struct {
		Waiting  bool
		New, Old int
	}
)

func (Registration) isEvent()    {}
func (Incoming) isEvent()        {}
func (Progress) isEvent()        {}
func (Answered) isEvent()        {}
func (Changed) isEvent()         {}
func (Ended) isEvent()           {}
func (Fared) isEvent()           {}
func (Digit) isEvent()           {}
func (MessagesWaiting) isEvent() {}

// RegState is the state of a registration.
type RegState uint8

// MarshalText writes the name.
func (s RegState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *RegState) UnmarshalText(text []byte) error {
	i := slices.Index(registrationNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("sip: no state of a registration: %q", text)
	}
	*s = RegState(i)
	return nil
}

// The states of a registration.
const (
	Unregistered RegState = iota // not wanted, or taken back
	Registering                  // first try under way, or waiting for the next
	Registered
	Refused // the registrar does not want us (wrong password, unknown user); retried rarely
)

var registrationNames = [...]string{"unregistered", "registering", "registered", "refused"}

// String returns the name used in status and logs.
func (s RegState) String() string {
	if int(s) < len(registrationNames) {
		return registrationNames[s]
	}
	return "state?"
}

// Media is the voice of a call as offer and answer agreed on it.
type Media struct {
	Remote        netip.AddrPort // where RTP goes
	RemoteRTCP    netip.AddrPort
	Codec         string // "PCMU" or "PCMA"
	PTime         time.Duration
	EventSend     uint8 // payload type of telephone-event towards the far end, 0 = none
	EventReceive  uint8 // payload type we receive telephone-event with, 0 = none
	Noise         bool  // pauses may be sent as comfort noise (RFC 3389)
	Send, Receive bool
	Keys          sdes.Keys // of SRTP; zero: voice is not encrypted
}

// Dialog is what servers know a call by (RFC 3261 §12).
type Dialog struct {
	CallID           string
	LocalTag, FarTag string
}

// Transport of SIP.
type Transport string

// The transports. TCP and TLS connections are opened by us, and the far end
// reaches us over them.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls"
)

// Account is one subscriber at one provider.
type Account struct {
	User      string // user part of the address of record
	AuthUser  string // for the challenge, [User]
	Password  string
	Display   string        // display name of From
	Domain    string        // host part of the address of record
	Registrar string        // host, host:port; [Domain]
	Proxy     string        // outbound proxy, host or host:port; [none]
	Transport Transport     // [UDP]
	Expires   time.Duration // asked of the registrar [1 h]
	Register  bool          // false: calls work without registration
	Withhold  bool          // outgoing calls are anonymous (RFC 3323, RFC 3325)
}

// Voice is what the line offers.
type Voice struct {
	Codecs []string      // in order of preference, of "PCMU", "PCMA"
	PTime  time.Duration // [20 ms]
	Events bool          // offer telephone-event
	Noise  bool          // offer comfort noise (RFC 3389)

	Secrecy Secrecy // whether voice is encrypted
}
