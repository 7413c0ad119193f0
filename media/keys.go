package media

import (
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dtmf"
)

// fade is how long the voice takes to vanish and to come back around a key, so
// that neither clicks.
const fade = 16

// keying is the key that is being sent by order.
type keying struct {
	key   byte // 0 = none
	event bool // as an event, else as a tone
	total int
	left  int // samples of it to come
	pause int // samples until the next one may begin
}

// speak takes a block of 80 samples from the telephone.
func (v *Voice) speak(block []int16, now time.Duration) {
	s := v.session
	if s != nil && v.data.raw() {
		s.send(block, now)
		return
	}
	if !v.opts.NoKeys {
		v.listen(block)
	}
	if s == nil {
		return
	}
	events := s.stream.Load().EventSend != 0
	copy(v.mic[:], block)
	v.hush(events && (v.pressed != 0 || !v.opts.NoKeys && v.detector.Suspect()) || v.mute.Load())
	v.keyByOrder(events)
	s.send(v.mic[:], now)
}

// stopKeys ends a key that sounds when data begin: what looks like a key in them
// is none.
func (v *Voice) stopKeys() {
	if v.pressed != 0 || v.keying.event {
		v.session.finishEvent()
	}
	v.pressed, v.keying, v.muted = 0, keying{}, false
	v.detector.Reset()
	v.heard = 0
}

// listen looks for keys. While the telephone hears a key its echo comes back
// and must not be taken for one of its own.
func (v *Voice) listen(block []int16) {
	if v.deaf > 0 {
		v.deaf -= len(block)
		clear(v.mic[:])
		block = v.mic[:]
	}
	begin := v.heard
	v.detector.Process(block)
	v.heard += int64(len(block))
	for e, ok := v.detector.Next(); ok; e, ok = v.detector.Next() {
		if v.session != nil {
			v.press(e.Key, e.Down, e.At, begin)
		}
		v.report(e)
	}
}

// report tells the owner of the voice of an edge.
func (v *Voice) report(e dtmf.Event) {
	if v.opts.Keys != nil {
		v.opts.Keys(e.Key, e.Down)
	}
	if e.Down {
		v.downAt = e.At
	} else if v.opts.Released != nil {
		v.opts.Released(e.Key, time.Duration(e.At-v.downAt)*smallestClock)
	}
}

// press turns the edges of a key at sample at into a telephone event. begin is
// the first sample that was not handed to the session yet.
func (v *Voice) press(key byte, down bool, at, begin int64) {
	if v.pressed != 0 {
		v.session.stopEvent(at - v.pressedAt)
		v.pressed = 0
	}
	code, ok := eventOf(key)
	if !down || !ok || v.session.stream.Load().EventSend == 0 {
		return
	}
	v.keying = keying{}
	v.session.startEvent(code, begin-at)
	v.pressed, v.pressedAt = key, at
}

// hush silences the block while on.
func (v *Voice) hush(on bool) {
	switch {
	case on && v.muted:
		clear(v.mic[:])
	case on:
		for i := range fade {
			v.mic[i] = int16(int32(v.mic[i]) * int32(fade-i) / fade)
		}
		clear(v.mic[fade:])
	case v.muted:
		for i := range fade {
			v.mic[i] = int16(int32(v.mic[i]) * int32(i) / fade)
		}
	}
	v.muted = on
}

// keyByOrder sends the keys of SendKey and SendFlash.
func (v *Voice) keyByOrder(events bool) {
	k := &v.keying
	if k.pause > 0 {
		k.pause -= dsp.Frame
	} else if k.key == 0 && v.pressed == 0 {
		v.nextOrder(events)
	}
	if k.key == 0 {
		return
	}
	clear(v.mic[:])
	if !k.event {
		v.inBand.Read(v.mic[:])
	}
	if k.left -= dsp.Frame; k.left > 0 {
		return
	}
	if k.event {
		v.session.stopEvent(int64(k.total))
	}
	*k = keying{pause: keyPause}
}

func (v *Voice) nextOrder(events bool) {
	o := v.orders.next()
	if o == nil {
		return
	}
	k := *o
	v.orders.done()
	code, ok := eventOf(k.key)
	if k.key == flashKey {
		code, ok = eventFlash, events
	}
	switch {
	case !ok:
		return
	case events:
		v.session.startEvent(code, 0)
	default:
		v.inBand.StartFor(k.key, v.opts.KeyLevel, keyTwist, k.samples, 0)
	}
	v.keying = keying{key: k.key, event: events, total: k.samples, left: k.samples}
}
