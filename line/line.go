// Package line is the call processing of one telephone: what the machine in
// the exchange did for a subscriber. A Machine is told what happened and when,
// and acts on a Port; it has no goroutine, no clock and does no I/O, so a call
// is a text that tests replay.
package line

import (
	"fmt"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// CallID names a call for as long as it lives. Zero is no call.
type CallID uint32

// Tone is what the machine plays to its telephone. The shell turns it into the
// country's tone.
type Tone uint8

const (
	Silence Tone = iota
	DialTone
	MessageDialTone // stutter: messages wait
	RecallDialTone  // after a hook flash
	OutsideDialTone // the comma of a digit map
	Ringback
	Busy
	Reorder
	VacantCode // special information tone, then reorder
	NoCircuit  // special information tone, then reorder
	Confirm
	CallWaiting
	Howler
)

var toneNames = [...]string{
	"silence", "dial", "message-dial", "recall-dial", "outside-dial", "ringback", "busy",
	"reorder", "vacant-code", "no-circuit", "confirm", "callwaiting", "howler",
}

// String returns the name used in scripts and logs.
func (t Tone) String() string {
	if int(t) < len(toneNames) {
		return toneNames[t]
	}
	return fmt.Sprintf("tone(%d)", uint8(t))
}

// Port is what a Machine acts on. Every method returns at once and cannot fail:
// what goes wrong comes back as an event, Released for a call. The methods are
// only called from within Handle.
type Port interface {
	// SetFeed puts battery, ringing or nothing on the pair.
	SetFeed(slic.Feed)
	// Play starts a tone towards the telephone in place of the one that plays.
	// CallWaiting is heard on top of the voice of a connected call.
	Play(Tone)
	// Dial starts a call and returns its name. emergency marks a number of the
	// country's or the configuration's list.
	Dial(number string, emergency bool) CallID
	// Alert tells the caller that the telephone rings (180).
	Alert(CallID)
	// Answer accepts an incoming call and connects its voice.
	Answer(CallID)
	// Reject refuses an incoming call.
	Reject(CallID, Refusal)
	// Hangup ends a call in whatever state it is. No event follows.
	Hangup(CallID)
	// Hold asks the far end to stop sending (true) or resume.
	Hold(CallID, bool)
	// Connect lets the telephone hear and speak to the call, 0 to nobody.
	// Connecting replaces Play only when voice of the call is there.
	Connect(CallID)
	// SendCallerID tells the telephone of a call, or of the mailbox for call 0, and
	// returns how long that will sound; nothing else is heard meanwhile.
	// NoSignal ends it.
	SendCallerID(CallID, Signal) time.Duration
	// SendFlash passes a hook flash to the network (RFC 4733 event 16).
	SendFlash(CallID)
}

// Refusal is why an incoming call is not taken.
type Refusal uint8

const (
	RefuseBusy        Refusal = iota // 486
	RefuseUnavailable                // 480: port out of service, or nobody answered
	RefuseDeclined                   // 603
)

var refusalNames = [...]string{"busy", "unavailable", "declined"}

// String returns the name used in scripts and logs.
func (r Refusal) String() string {
	if int(r) < len(refusalNames) {
		return refusalNames[r]
	}
	return fmt.Sprintf("refusal(%d)", uint8(r))
}

// Event is what a Machine is told: one of the types below.
type Event interface{ isEvent() }

type (
	// Hook is a debounced edge of the hook switch; dial pulses and flashes are
	// Hooks too.
	Hook struct{ Off bool }
	// Digit is a DTMF key, '0'..'9', '*', '#', 'A'..'D', when it is recognised.
	Digit struct{ Key byte }
	// Recall is the recall key of a telephone whose keys the port reads: it does
	// what a hook flash does.
	Recall struct{}
	// Ready says that the telephone has answered the alert tone of a call that
	// knocks by key D or A, of 40 ms or more: it can take data.
	Ready struct{}
	// Incoming is a new call for this telephone.
	Incoming struct {
		Call      CallID
		Number    string // empty = none
		Name      string
		Withheld  bool // the caller asked for privacy
		Ring      int  // distinctive ring 1..8, 0 = the country's
		Emergency bool // call back from an emergency service
	}
	// Progress is what is known of an outgoing call before its answer.
	Progress struct {
		Call    CallID
		Ringing bool // the far end alerts
		Media   bool // the network sends voice already (early media)
	}
	// Answered says that the far end took an outgoing call.
	Answered struct{ Call CallID }
	// Released says that a call is over: hung up by the far end (Tone Silence),
	// or failed, with the tone that tells why.
	Released struct {
		Call CallID
		Tone Tone
	}
	// Service says whether the network can be used: registered or not.
	Service struct{ Up bool }
	// PortState says whether the line hardware works.
	PortState struct{ Up bool }
	// Messages says whether messages wait for the subscriber.
	Messages struct{ Waiting bool }
	// Timer says that the time of Deadline has come.
	Timer struct{}
)

func (Hook) isEvent()      {}
func (Digit) isEvent()     {}
func (Recall) isEvent()    {}
func (Ready) isEvent()     {}
func (Incoming) isEvent()  {}
func (Progress) isEvent()  {}
func (Answered) isEvent()  {}
func (Released) isEvent()  {}
func (Service) isEvent()   {}
func (PortState) isEvent() {}
func (Messages) isEvent()  {}
func (Timer) isEvent()     {}

// Settings of a line, beyond what its country says. A negative time is none at all.
type Settings struct {
	FirstDigit        time.Duration // dial tone lasts this long [16 s]
	RingTimeout       time.Duration // an unanswered call is refused after this [120 s]
	ReorderDelay      time.Duration // silence between the far end's hang-up and reorder [5 s]
	ReorderTime       time.Duration // reorder before the howler [30 s]
	HowlerTime        time.Duration // howler before the line is locked out [60 s]
	CallWaiting       bool          // a second call may knock
	FlashToNet        bool          // pass hook flashes to the network instead of acting on them
	NoServiceDialTone bool          // dial tone although not registered
	NoPulse           bool          // dial pulses mean nothing
}
