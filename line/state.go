package line

import "fmt"

// State is where a Machine stands.
//
//	           Incoming               lifted
//	  +------------------- Idle ------------------+
//	  |                     ^                     |
//	  v                     | put down,           v
//	Ringing --timeout-----> | from everywhere   Dialing --timeout-------------+
//	  |                     |                     | first key                 |
//	  | lifted              |                     v                           |
//	  |                     |                  Collecting --no such number--->|
//	  |                     |                     | number                    |
//	  v                     |                     v                           |
//	Talking <------------------- answered ----- Calling --failed------------->|
//	  |                                                                       v
//	  +-- far end hangs up --> Gone --------------------------------------> Failed
//	                           open loop, silence                           busy, reorder
//	                                                                          |
//	                                          Locked <------- Howling <-------+
//
// Beside the call of these states there can be one on hold or one that knocks:
//
//	Talking --flash--> hold, Dialing … Talking --flash--> swap
//	                   Dialing, Collecting, Calling, Gone, Failed --flash--> resume, Talking
//	Gone, Failed with no call on hold --flash--> Dialing
//	                   put down with a call on hold --> Reminding --lifted--> resume, Talking
//	Talking --Incoming--> knocks --flash--> hold, answer, Talking
//	                             --put down--> Ringing
//
// While Ringing the telephone is also told who calls, in the way of its country
// before the first ring or in a pause (callerid.go).
//
// A port that fails goes Down from everywhere and comes back to Idle.
type State uint8

const (
	Idle       State = iota // on hook, nothing goes on
	Ringing                 // on hook, a call rings
	Dialing                 // dial tone, no key yet
	Collecting              // keys come in
	Calling                 // a number was dialed, not answered yet
	Talking                 // in a call
	Gone                    // the far end hung up: open loop, then silence
	Failed                  // busy, reorder or special information tone
	Howling                 // receiver left off hook
	Locked                  // silence until the handset is put down
	Reminding               // on hook, rings because a call is on hold
	Down                    // the port does not work
)

var stateNames = [...]string{
	"idle", "ringing", "dialing", "collecting", "calling", "talking", "gone", "failed",
	"howling", "locked", "reminding", "down",
}

// String returns the name used in status and logs.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// inState gives an event to the method of the present state.
func (m *Machine) inState(e Event) {
	switch m.state {
	case Idle:
		m.idle(e)
	case Ringing:
		m.ringing(e)
	case Dialing, Collecting:
		m.dialing(e)
	case Calling:
		m.calling(e)
	case Talking:
		m.talking(e)
	case Gone:
		m.gone(e)
	case Failed:
		m.failed(e)
	case Howling, Locked:
		m.leftOff(e)
	case Reminding:
		m.reminding(e)
	case Down:
		m.down(e)
	}
}

// idle waits for a handset or a call.
func (m *Machine) idle(e Event) {
	switch e := e.(type) {
	case offHook:
		m.startDialing()
	case Incoming:
		m.call = callOf(e)
		m.port.Alert(m.call.id)
		m.ring()
	}
}

// down has no telephone: calls are refused, the hook switch is remembered.
func (m *Machine) down(e Event) {
	switch e := e.(type) {
	case Incoming:
		m.port.Reject(e.Call, RefuseUnavailable)
	case Hook:
		m.downOff = e.Off
	}
}
