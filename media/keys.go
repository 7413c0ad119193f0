package media

import (
	"time"

	"github.com/ata-agent/ata-agent/dsp"
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
	if s == nil {
		return
	}
	events := s.stream.Load().EventSend != 0
	copy(v.mic[:], block)
	v.hush(v.mute.Load())
	v.keyByOrder(events)
	s.send(v.mic[:], now)
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
