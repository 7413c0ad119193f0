package media

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/dsp/dtmf"
	"github.com/ata-agent/ata-agent/dsp/faxtone"
	"github.com/ata-agent/ata-agent/dsp/progress"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

const (
	defaultKeyLevel = dsp.DBm0(-10) // of the low group
	keyTwist        = 2             // dB the high group is above it, against the loss of the line
	keyPause        = 50 * samplesPerMs
	shortestKey     = 40 * samplesPerMs
	flashLength     = 300 * time.Millisecond
	ordersWaiting   = 32
	deafAfterKey    = 60 * samplesPerMs // the echo of a tone to the telephone is over by then
	flashKey        = '!'
)

// VoiceOpts are the settings of a Voice. The zero value is the default.
type VoiceOpts struct {
	// Keys is told of each key the telephone presses and releases. It is called
	// by the audio goroutine and must return at once.
	Keys func(key byte, down bool)
	// Released is told of each key that is released and how long it was held. It
	// is called like Keys, after it.
	Released func(key byte, held time.Duration)

	// Data is told when a call begins or ends to carry data of a fax, modem or text
	// telephone, and by which tone that was known, 0 for none. It is called like Keys.
	Data func(s *Session, on bool, tone faxtone.Kind)

	// FarTone is told of a tone of the network in the far end's voice, see Watch. It
	// is called like Keys.
	FarTone func(s *Session, tone progress.Kind)

	Processing     // at first, see Process
	EchoDelay  int // see Voice.DelayEcho [0]

	NoKeys bool // the telephone sends no keys by tone: none are looked for

	DTMF dtmf.Opts // of the detector
	// KeyLevel is the level of the low group of keys played to the telephone or,
	// where telephone events are not agreed on, to the far end [-10 dBm0].
	KeyLevel dsp.DBm0
}

// Voice is the audio path of one line: between the telephone and a Session,
// tones or silence. One goroutine, the audio goroutine, calls Frame; every
// other method may be called from anywhere, returns at once and works from the
// next Frame on.
//
//	fromPhone ─▶ high pass ─▶ meter ─▶ echo canceller ─▶ gain ─▶ fax tones ─▶ key detector ─▶ mute while a key sounds ─▶ Session ─▶ RTP
//	toPhone   ◀─ meter ◀─ gain ◀─ call waiting + (key ? far end's voice : tone) ◀─ fax tones ◀─ Session ◀─ RTP
//	                           ◀─ caller ID, in place of all else
type Voice struct {
	opts VoiceOpts

	// Orders to the audio goroutine.
	play    atomic.Pointer[order[*tone.Spec]]
	over    atomic.Pointer[order[*tone.Spec]]
	tell    atomic.Pointer[order[*callerid.Plan]]
	connect atomic.Pointer[order[*Session]]
	sounded atomic.Pointer[order[keyOrder]]
	watch   atomic.Pointer[progress.Detector]
	process atomic.Pointer[treatment]
	mute    atomic.Bool
	giving  sync.Mutex // among those who give key orders; never taken by the audio goroutine
	orders  *ring[keyOrder]

	processing sync.Mutex // among those who call Process

	// Of the audio goroutine.
	played, overed *order[*tone.Spec]
	told           *order[*callerid.Plan]
	caller         callerid.Sender
	signaled       *order[keyOrder]
	tone, overTone tone.Generator
	wanted         *Session
	session        *Session // the one connected, nil = none
	detector       *dtmf.Detector
	downAt         int64 // beginning of the last key, as heard counts
	heard          int64 // samples from the telephone so far
	pressed        byte  // key that sounds as an event, 0 = none
	pressedAt      int64
	muted          bool
	deaf           int // samples for which the detector hears silence
	keying         keying
	inBand         dtmf.Generator
	ringing        byte // key that plays to the telephone
	farKey         dtmf.Generator
	signalKey      dtmf.Generator   // key that came with signalling
	said           [dsp.Frame]int16 // what the telephone says, as it goes on
	mic            [dsp.Frame]int16
	processed      *treatment
	canceller      *canceller
	data           dataPath
	network        *progress.Detector // of what is watched for, nil = nothing
	toPhone        direction
	fromPhone      direction
}

// order is a value that differs from the one before even if it is equal.
type order[T any] struct{ value T }

// keyOrder is a key to send.
type keyOrder struct {
	key     byte
	samples int
}

// NewVoice returns a line that is silent and connected to nobody.
func NewVoice(opts VoiceOpts) *Voice {
	if opts.KeyLevel == 0 {
		opts.KeyLevel = defaultKeyLevel
	}
	v := &Voice{
		opts:      opts,
		orders:    newRing[keyOrder](ordersWaiting),
		detector:  dtmf.NewDetector(opts.DTMF),
		canceller: newCanceller(opts.EchoDelay),
		data:      newDataPath(),
	}
	v.Process(opts.Processing)
	return v
}

// Play plays a tone to the telephone in place of the one before, from its
// start; nil stops it. It gives way to the voice of a connected Session while
// that flows. The Spec must not change afterwards.
func (v *Voice) Play(spec *tone.Spec) { v.play.Store(&order[*tone.Spec]{spec}) }

// PlayOver adds a tone to whatever the telephone hears, such as call waiting;
// nil stops it.
func (v *Voice) PlayOver(spec *tone.Spec) { v.over.Store(&order[*tone.Spec]{spec}) }

// Tell plays one part of telling the telephone who calls, whether it is on hook
// or not. Nothing else is heard meanwhile. Nil stops it.
func (v *Voice) Tell(p *callerid.Plan) { v.tell.Store(&order[*callerid.Plan]{p}) }

// Connect joins the telephone to a call in place of the one before; nil leaves
// it alone. A Session has one Voice at a time: if another one still has it, this
// one gets it when the other has given it up.
func (v *Voice) Connect(s *Session) { v.connect.Store(&order[*Session]{s}) }

// PlayKey plays a key to the telephone for d, at least 40 ms, as if the far end
// had sent it in its voice: for keys that come with signalling (SIP INFO).
func (v *Voice) PlayKey(key byte, d time.Duration) {
	if _, ok := eventOf(key); ok {
		v.sounded.Store(&order[keyOrder]{keyOrder{key, max(int(d/smallestClock), shortestKey)}})
	}
}

// Mute keeps what the telephone says from the far end.
func (v *Voice) Mute(on bool) { v.mute.Store(on) }

// SendKey sends a key to the far end for d, at least 40 ms, as a telephone
// event or as a tone. Keys are sent one after the other. It reports false if
// key is not one of 0123456789*#ABCD or too many wait.
func (v *Voice) SendKey(key byte, d time.Duration) bool {
	if _, ok := eventOf(key); !ok {
		return false
	}
	return v.give(keyOrder{key, int(d / smallestClock)})
}

// SendFlash sends a hook flash to the far end (RFC 4733 event 16). Without
// telephone events there is no way to, and nothing is sent.
func (v *Voice) SendFlash() bool { return v.give(keyOrder{flashKey, int(flashLength / smallestClock)}) }

func (v *Voice) give(k keyOrder) bool {
	k.samples = max(k.samples, shortestKey)
	v.giving.Lock()
	defer v.giving.Unlock()
	slot := v.orders.free()
	if slot == nil {
		return false
	}
	*slot = k
	v.orders.filled()
	return true
}

// Frame takes what the telephone said and fills toPhone with what it is to
// hear: two blocks of the same length, 80 or 160 samples. It neither waits nor
// allocates.
func (v *Voice) Frame(toPhone, fromPhone []int16) {
	v.follow()
	var now time.Duration
	if v.session != nil {
		now = v.session.now()
	}
	for ; len(fromPhone) >= dsp.Frame; fromPhone = fromPhone[dsp.Frame:] {
		block := v.take(fromPhone[:dsp.Frame], len(fromPhone))
		if v.session != nil {
			v.listenNear(block)
		}
		v.speak(block, now)
	}
	v.hear(toPhone, now)
	v.deliver(toPhone)
}

// follow carries out what was ordered.
func (v *Voice) follow() {
	if t := v.process.Load(); t != v.processed {
		v.treat(t)
	}
	if o := v.play.Load(); o != v.played {
		v.played = o
		v.tone.Start(o.value)
	}
	if o := v.over.Load(); o != v.overed {
		v.overed = o
		v.overTone.Start(o.value)
	}
	if o := v.tell.Load(); o != v.told {
		v.told = o
		v.caller.Start(o.value)
	}
	if o := v.sounded.Load(); o != v.signaled {
		v.signaled = o
		v.signalKey.StartFor(o.value.key, v.opts.KeyLevel, keyTwist, o.value.samples, keyPause)
	}
	if o := v.connect.Load(); o != nil && (o.value != v.wanted || o.value != v.session) {
		v.wanted = o.value
		v.join(o.value)
	}
}

// DelayEcho says how many samples later than in the next Frame the highway plays
// a toPhone block, at most 3776. It belongs to the audio goroutine.
func (v *Voice) DelayEcho(samples int) {
	v.canceller.delay = max(0, min(samples, maxEchoDelay))
}

// join gives up the session and takes another one as soon as it is free.
func (v *Voice) join(s *Session) {
	if old := v.session; old != nil {
		old.release(v)
		v.canceller.carryVoice()
		v.data.forget()
		if v.network != nil {
			v.network.Reset()
		}
		v.session = nil
		v.pressed, v.keying = 0, keying{}
		v.farKey.Stop()
		v.ringing = 0
	}
	if s != nil && s.attach(v) {
		v.session = s
		v.orders.flush()
	}
}

// attach gives the audio side of the session to v if nobody has it.
func (s *Session) attach(v *Voice) bool {
	if !s.owner.CompareAndSwap(nil, v) {
		return false
	}
	s.packets.flush()
	s.player.jitter.clear()
	s.player.heard.stream.Restart()
	s.sender.resume(s.now())
	return true
}

// release ends what v was saying and gives the audio side back.
func (s *Session) release(v *Voice) {
	s.finishEvent()
	s.sender.pause(s.now())
	s.held.Store(0)
	s.carryData(false, false)
	s.owner.CompareAndSwap(v, nil)
}

// hear fills toPhone.
func (v *Voice) hear(toPhone []int16, now time.Duration) {
	var key byte
	flowing := false
	if s := v.session; s != nil {
		key = s.receive(toPhone, now)
		v.listenFar(toPhone)
		v.watchFar(toPhone)
		flowing = int64(now) < s.voiceUntil.Load()
	} else {
		clear(toPhone)
	}
	if v.tone.Playing() && !flowing {
		v.tone.Read(toPhone)
	}
	v.playKey(toPhone, key)
	v.overTone.Mix(toPhone)
	if v.caller.Playing() {
		v.caller.Read(toPhone)
		if v.told.value != nil && v.told.value.Keyed() {
			v.deaf = deafAfterKey
		}
	}
}

// playKey plays the far end's key in place of its voice.
func (v *Voice) playKey(toPhone []int16, key byte) {
	if key != v.ringing {
		v.ringing = key
		v.farKey.Stop()
		if key != 0 {
			v.farKey.Start(key, v.opts.KeyLevel, keyTwist)
		}
	}
	for _, g := range [...]*dtmf.Generator{&v.farKey, &v.signalKey} {
		if g.Playing() {
			g.Read(toPhone)
			v.deaf = deafAfterKey
		}
	}
}
