package callerid

import "time"

// Part is one thing that happens while a telephone is told who calls.
type Part uint8

const (
	Silence Part = iota // nothing, with the voice path open to a telephone on hook
	Reverse             // the same with the battery reversed
	Alert               // the alert tone sounds
	Data                // the message sounds
	Pulse               // a short ring that wakes the telephone up (RP-AS)
	Ack                 // the telephone answers the alert tone by key D or A; if it does not, all is over
	Rouse               // short rings until the telephone closes the loop; if it does not, all is over
	Release             // the telephone opens the loop again
)

// Step is a part and how long it lasts. Alert and Data last as long as their
// [Plan]; the time of Ack, Rouse and Release is how long they are waited for.
type Step struct {
	Part Part
	For  time.Duration
}

// Guard is the silence between data and the ring that follows: 200 ms at least, and
// the delay of the voice path.
// EN 300 659-1 §6.1.2, and GR-30-CORE for the second ring.
const Guard = 250 * time.Millisecond

// Scheme is what a country's exchange does to tell a telephone who calls. The
// steps are for who runs the line; it holds ringing back until they are over.
type Scheme struct {
	Name    string
	Before  []Step // before the first ring
	Between []Step // in the longest pause of the cadence, counted from its beginning
	Knock   []Step // while a call is up, after the call-waiting tone has begun; nil = not told
	Mail    []Step // on an idle line, when messages wait or wait no longer; nil = not told

	alert time.Duration // length of the alert tone on hook
	frame frame
	build func(Call) []byte // nil = by keys
	keys  func(Call) string
}

const ms = time.Millisecond

// Data frames. GR-30-CORE: 300 alternating bits, 180 ones; EN 300 659-1 §6.2
// has the same. SIN 227: 80 to 262 ms alternating, 45 to 75 ms of ones. NTT: no
// alternating bits, 72 ones. While a call is up: 80 ones alone.
var (
	bellcoreFrame = frame{modem: Bell202, seizure: 300, marks: 180, stops: 1, tail: 10}
	etsiFrame     = frame{modem: V23, seizure: 300, marks: 180, stops: 1, tail: 10}
	sin227Frame   = frame{modem: V23, seizure: 300, marks: 72, stops: 1, tail: 10}
	nttFrame      = frame{modem: V23, marks: 75, stops: 4, tail: 10}
)

const offHookMarks = 80

// Steps that several schemes share. The times lie inside the windows that the
// standards allow by more than the delay of a voice path.
var (
	// GR-30-CORE: at least 500 ms after the end of the ring. EN 300 659-1
	// §6.1.1: 500 to 2000 ms.
	afterRing = []Step{{Silence, 600 * ms}, {Data, 0}, {Silence, Guard}}
	// EN 300 659-1 §6.1.2: tone to data 45 to 500 ms, data to ring 200 to 500 ms.
	afterTone = []Step{{Silence, 150 * ms}, {Data, 0}, {Silence, 300 * ms}}
	// Keys come 400 to 500 ms after the line has woken up, and end 200 to 500 ms
	// before the ring. Behind the last key there is a pause of its own.
	keySteps         = []Step{{Silence, 450 * ms}, {Data, 0}, {Silence, 300 * ms}}
	keysAfterReverse = []Step{{Reverse, 450 * ms}, {Data, 0}, {Reverse, 300 * ms}}
	// GR-30-CORE: the alert tone follows the call-waiting tone, of 300 ms, by 0 to
	// 50 ms. The key begins within 100 ms, lasts 55 to 65 ms and is known some
	// 20 ms later; both ways through the voice path take as long. Data come 50
	// to 500 ms after the key's end, EN 300 659-2 has at most 200 ms.
	knockSteps = []Step{{Silence, 325 * ms}, {Alert, 0}, {Ack, 280 * ms}, {Silence, 80 * ms}, {Data, 0}, {Silence, 60 * ms}}
	// GR-30-CORE: a message without ringing.
	mailSteps = []Step{{Silence, 500 * ms}, {Data, 0}, {Silence, Guard}}
)

// Schemes are all there are. The names are those of package country, and some
// that only a configuration asks for.
var Schemes = []*Scheme{
	{Name: "bellcore", Between: afterRing, Knock: knockSteps, Mail: mailSteps, frame: bellcoreFrame, build: MDMF},
	{Name: "bellcore-sdmf", Between: afterRing, Mail: mailSteps, frame: bellcoreFrame, build: SDMF},
	{Name: "etsi-fsk", Between: afterRing, Knock: knockSteps, Mail: mailSteps, frame: etsiFrame, build: ETSI},
	{
		Name: "etsi-fsk-alert", Before: append([]Step{{Silence, 150 * ms}, {Alert, 0}}, afterTone...),
		Knock: knockSteps, Mail: mailSteps, alert: 100 * ms, frame: etsiFrame, build: ETSI,
	},
	{
		Name:   "etsi-fsk-reversal",
		Before: []Step{{Reverse, 200 * ms}, {Alert, 0}, {Reverse, 150 * ms}, {Data, 0}, {Reverse, 300 * ms}},
		Knock:  knockSteps, Mail: mailSteps, alert: 100 * ms, frame: etsiFrame, build: ETSI,
	},
	{
		// EN 300 659-1 §6.1.2: a ring of 200 to 300 ms, data 500 to 800 ms after it.
		Name:   "etsi-fsk-pulse",
		Before: []Step{{Pulse, 250 * ms}, {Silence, 600 * ms}, {Data, 0}, {Silence, 300 * ms}},
		Knock:  knockSteps, Mail: mailSteps, frame: etsiFrame, build: ETSI,
	},
	{
		// SIN 227: reversal, 100 ms or more, tone of 88 to 110 ms, 45 ms or more
		// (a telephone may draw a short current), data, 200 ms or more.
		Name:   "sin227",
		Before: []Step{{Reverse, 200 * ms}, {Alert, 0}, {Reverse, 150 * ms}, {Data, 0}, {Reverse, 300 * ms}},
		Knock:  knockSteps, Mail: mailSteps, alert: 100 * ms, frame: sin227Frame, build: SIN227,
	},
	{
		// NTT: the telephone answers short rings by itself, within 6 s, and hangs up
		// when it has the number. NTT waits 7 s for that; a person who lifted the
		// handset of a telephone without display is not left waiting for so long.
		Name:   "ntt",
		Before: []Step{{Reverse, 100 * ms}, {Rouse, 6000 * ms}, {Reverse, 300 * ms}, {Data, 0}, {Release, 3000 * ms}, {Silence, 300 * ms}},
		frame:  nttFrame, build: NTT,
	},
	{Name: "dtmf-ac", Before: keySteps, keys: keysAC},
	{Name: "dtmf-reversal-ac", Before: keysAfterReverse, keys: keysAC},
	{Name: "dtmf-ahash", Before: keySteps, keys: keysAHash},
	{Name: "dtmf-dc", Before: keySteps, keys: keysDC},
	{Name: "dtmf-hash", Before: keySteps, keys: keysHash},
}

// Lookup returns the scheme of a name.
func Lookup(name string) (*Scheme, bool) {
	for _, s := range Schemes {
		if s.Name == name {
			return s, true
		}
	}
	return nil, false
}

// Message returns the data that tell of a call before the first ring or
// between rings. It allocates and is not for the voice path.
func (s *Scheme) Message(c Call) *Plan {
	if s.keys != nil {
		return &Plan{sound: keySpec(s.keys(c)), keyed: true}
	}
	return &Plan{frame: &s.frame, message: s.build(c)}
}

// KnockMessage returns the data that tell of a call while another one is up.
func (s *Scheme) KnockMessage(c Call) *Plan {
	f := s.frame
	f.seizure, f.marks = 0, offHookMarks
	return &Plan{frame: &f, message: s.build(c)}
}

// MailMessage returns the data that light the message lamp, or put it out.
func (s *Scheme) MailMessage(on bool) *Plan {
	return &Plan{frame: &s.frame, message: MessageWaiting(on)}
}

// offHookAlert is the length of the alert tone while a call is up: 75 to 85 ms.
const offHookAlert = 80 * ms

// AlertTone returns the tone that comes before data on hook.
func (s *Scheme) AlertTone() *Plan { return &Plan{sound: alertSpec(s.alert)} }

// KnockTone returns the tone that comes before data while a call is up.
func (s *Scheme) KnockTone() *Plan { return &Plan{sound: alertSpec(offHookAlert)} }
