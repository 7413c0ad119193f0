package media

// Play-out of received events, in samples.
const (
	keyLeast     = 40 * samplesPerMs   // shortest tone towards the telephone
	keyGap       = 40 * samplesPerMs   // shortest pause after one
	keyMissing   = 150 * samplesPerMs  // without news for this long the key is up: 3 of the longest intervals
	keyForgotten = 5000 * samplesPerMs // after this an older timestamp is a restart, not a late packet
	keyUnseen    = 200 * samplesPerMs  // longest tone for an event of which only the end came
	keyRest      = 1000 * samplesPerMs // longest tone after its end was told
	keysWaiting  = 16                  // keys that may wait while one plays
	samplesPerMs = 8
)

// eventReceiver turns packets of telephone events into keys to play: each
// event once, however many of its packets are lost, doubled or late (RFC 4733
// §2.5.2). Its clock is the count of samples played.
type eventReceiver struct {
	known bool   // an event has come
	begin uint32 // timestamp of its newest segment
	code  uint8
	ended bool  // its end was told
	heard int64 // clock at its latest packet

	clock   int64
	playing bool
	key     playedKey
	gapEnd  int64
	queue   [keysWaiting]playedKey
	head    int
	length  int

	keys   uint64 // played or queued so far
	missed uint64 // events that found the queue full
}

// playedKey is a key to play.
type playedKey struct {
	event  uint32 // timestamp of its event's newest segment: its name
	code   uint8
	began  int64 // clock at the start of the tone
	heard  int64 // clock at the latest packet
	told   int64 // duration by the packets
	before int64 // duration of the segments before
	ended  bool
}

// packet takes the payload of a packet with timestamp ts. It reports false for
// what is not an event that can be played.
func (r *eventReceiver) packet(ts uint32, payload []byte) bool {
	e, ok := parseEvent(payload)
	if !ok || int(e.Code) >= len(eventKeys) || e.Volume > eventQuiet {
		return false
	}
	if r.clock-r.heard > keyForgotten {
		r.known = false
	}
	r.heard = r.clock
	switch {
	case r.known && ts == r.begin && e.Code == r.code:
		r.update(e)
	case r.known && int32(ts-r.begin) <= 0:
		// An older event, or another one under the same name: told already.
	case r.continues(ts, e):
		r.extend(ts, e)
	default:
		r.begins(ts, e)
	}
	return true
}

// continues says whether a new timestamp is the next segment of a long event.
func (r *eventReceiver) continues(ts uint32, e telephoneEvent) bool {
	return r.known && !r.ended && e.Code == r.code && ts-r.begin == eventSegment
}

func (r *eventReceiver) begins(ts uint32, e telephoneEvent) {
	if k := r.newest(); k != nil {
		k.ended = true
	}
	r.known, r.begin, r.code, r.ended = true, ts, e.Code, e.End
	k := playedKey{event: ts, code: e.Code, heard: r.clock, told: int64(e.Duration), ended: e.End}
	if e.End {
		k.told = min(k.told, keyUnseen)
	}
	if r.length == keysWaiting {
		r.missed++
		return
	}
	r.queue[(r.head+r.length)%keysWaiting] = k
	r.length++
	r.keys++
}

func (r *eventReceiver) update(e telephoneEvent) {
	r.ended = r.ended || e.End
	k := r.newest()
	if k == nil || k.event != r.begin {
		return
	}
	k.heard = r.clock
	k.told = max(k.told, k.before+int64(e.Duration))
	if e.End && !k.ended {
		k.ended = true
		k.told = min(k.told, r.played(k)+keyRest)
	}
}

// played is how long a key has sounded.
func (r *eventReceiver) played(k *playedKey) int64 {
	if k != &r.key {
		return 0
	}
	return r.clock - k.began
}

func (r *eventReceiver) extend(ts uint32, e telephoneEvent) {
	if k := r.newest(); k != nil && k.event == r.begin {
		k.before += eventSegment
		k.event = ts
	}
	r.begin = ts
	r.update(e)
}

// newest is the latest key, playing or waiting.
func (r *eventReceiver) newest() *playedKey {
	if r.length > 0 {
		return &r.queue[(r.head+r.length-1)%keysWaiting]
	}
	if r.playing {
		return &r.key
	}
	return nil
}

// advance moves the clock by n samples and returns the key to be heard
// meanwhile, 0 for none.
func (r *eventReceiver) advance(n int) byte {
	if r.playing && r.over() {
		r.playing = false
		r.gapEnd = r.clock + keyGap
	}
	if !r.playing && r.length > 0 && r.clock >= r.gapEnd {
		r.key, r.playing = r.queue[r.head], true
		r.key.began = r.clock
		r.key.heard = max(r.key.heard, r.clock)
		r.head = (r.head + 1) % keysWaiting
		r.length--
	}
	r.clock += int64(n)
	if !r.playing {
		return 0
	}
	return eventKeys[r.key.code]
}

// over says whether the key that plays has been heard long enough.
func (r *eventReceiver) over() bool {
	played := r.played(&r.key)
	switch {
	case played < keyLeast:
		return false
	case r.length > 0 && r.key.ended: // others wait
		return true
	case r.key.ended:
		return played >= r.key.told
	}
	return r.clock-r.key.heard >= keyMissing
}

// active says that the telephone hears a key.
func (r *eventReceiver) active() bool { return r.playing || r.length > 0 }
