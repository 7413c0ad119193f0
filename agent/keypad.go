package agent

import (
	"time"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/slic"
)

// keyLength is how long a key of a keypad sounds, to the telephone and to the far
// end. It is the same for every key, as the hand's own timing is not reported.
const keyLength = 100 * time.Millisecond

// keypad is what is remembered of the keys of a telephone whose keypad the port
// reads.
type keypad struct {
	typed string // since dial tone
	last  string // number typed for the last call, for redial
}

// keypadKey takes such a key. The machine is told as of a key heard; what the
// far end and the ear of who presses it would have heard is made here.
func (p *port) keypadKey(at time.Time, key byte) {
	switch key {
	case slic.KeyRecall:
		p.tell(at, line.Recall{})
	case slic.KeyRedial:
		p.redial(at)
	default:
		if p.offHook {
			p.voice.PlayKey(key, keyLength)
		}
		if p.calls[p.connected] != nil {
			p.voice.SendKey(key, keyLength)
		}
		p.typeKey(at, key)
	}
}

// typeKey gives a key to the machine and remembers it as part of a number.
func (p *port) typeKey(at time.Time, key byte) {
	switch p.machine.State() {
	case line.Dialing:
		p.keys.typed = string(key)
	case line.Collecting:
		p.keys.typed += string(key)
	}
	p.tell(at, line.Digit{Key: key})
}

// redial types the last number again, with dial tone and before any key.
func (p *port) redial(at time.Time) {
	if p.machine.State() != line.Dialing {
		return
	}
	for _, key := range []byte(p.keys.last) {
		p.typeKey(at, key)
	}
}

// placed remembers the number of a call for redial, but not an emergency's.
func (k *keypad) placed(emergency bool) {
	if !emergency {
		k.last = k.typed
	}
}
