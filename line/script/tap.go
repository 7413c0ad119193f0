package script

import (
	"time"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/slic"
)

// Tap stands between a line.Machine and its port and tells of each call before
// the port carries it out; of Dial and SendCallerID after, when their result is
// known.
type Tap struct {
	Port line.Port
	Did  func(Call)
}

// SetFeed implements line.Port.
func (t *Tap) SetFeed(f slic.Feed) {
	t.Did(Call{Op: SetFeed, Feed: f})
	t.Port.SetFeed(f)
}

// Play implements line.Port.
func (t *Tap) Play(tone line.Tone) {
	t.Did(Call{Op: Play, Tone: tone})
	t.Port.Play(tone)
}

// Dial implements line.Port.
func (t *Tap) Dial(number string, emergency bool) line.CallID {
	id := t.Port.Dial(number, emergency)
	t.Did(Call{Op: Dial, Call: id, Number: number, Emergency: emergency})
	return id
}

// Alert implements line.Port.
func (t *Tap) Alert(id line.CallID) {
	t.Did(Call{Op: Alert, Call: id})
	t.Port.Alert(id)
}

// Answer implements line.Port.
func (t *Tap) Answer(id line.CallID) {
	t.Did(Call{Op: Answer, Call: id})
	t.Port.Answer(id)
}

// Reject implements line.Port.
func (t *Tap) Reject(id line.CallID, why line.Refusal) {
	t.Did(Call{Op: Reject, Call: id, Refusal: why})
	t.Port.Reject(id, why)
}

// Hangup implements line.Port.
func (t *Tap) Hangup(id line.CallID) {
	t.Did(Call{Op: Hangup, Call: id})
	t.Port.Hangup(id)
}

// Hold implements line.Port.
func (t *Tap) Hold(id line.CallID, on bool) {
	t.Did(Call{Op: Hold, Call: id, Hold: on})
	t.Port.Hold(id, on)
}

// Connect implements line.Port.
func (t *Tap) Connect(id line.CallID) {
	t.Did(Call{Op: Connect, Call: id})
	t.Port.Connect(id)
}

// SendFlash implements line.Port.
func (t *Tap) SendFlash(id line.CallID) {
	t.Did(Call{Op: SendFlash, Call: id})
	t.Port.SendFlash(id)
}

// SendCallerID implements line.Port.
func (t *Tap) SendCallerID(id line.CallID, s line.Signal) time.Duration {
	length := t.Port.SendCallerID(id, s)
	t.Did(Call{Op: SendCallerID, Call: id, Signal: s, Length: length})
	return length
}
