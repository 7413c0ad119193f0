package media

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/dsp/progress"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// stage is a step of the tables in docs/voice.md, of which the name's first word is the
// call. It is run for the blocks of 20 ms.
type stage struct {
	name    string
	prepare func(l *stageLine)
	run     func(l *stageLine)
}

// stages are the steps in either direction, in the order of the path.
var stages = map[string][]stage{
	"From the telephone to the network": {
		{"clean", nil, func(l *stageLine) { l.each(l.v.fromPhone.clean) }},
		{"watch", nil, func(l *stageLine) { l.each(l.v.fromPhone.watch) }},
		{"cancel", nil, (*stageLine).cancel},
		{"Process", func(l *stageLine) { l.v.fromPhone.gain.Set(-0.5) }, func(l *stageLine) {
			l.each(func(b []int16) { l.v.fromPhone.meter.Clip(l.v.fromPhone.gain.Process(b)) })
		}},
		{"listenNear", nil, func(l *stageLine) { l.each(l.v.listenNear) }},
		{"listen", nil, func(l *stageLine) { l.each(l.v.listen) }},
		{"hush", nil, func(l *stageLine) { l.each(func([]int16) { l.v.hush(true) }) }},
		{"keyByOrder", (*stageLine).orderKey, func(l *stageLine) { l.each(func([]int16) { l.v.keyByOrder(false) }) }},
		{"send", nil, func(l *stageLine) { l.each(func(b []int16) { l.s.send(b, l.now) }) }},
	},
	"From the network to the telephone": {
		{"receive", nil, func(l *stageLine) { l.receive(false) }},
		{"receive with 10 % lost", nil, func(l *stageLine) { l.receive(l.count%10 == 9) }},
		{"listenFar", nil, func(l *stageLine) { l.v.listenFar(l.far()) }},
		{"watchFar", (*stageLine).watchUS, func(l *stageLine) { l.v.watchFar(l.far()) }},
		{"Read a tone", func(l *stageLine) { l.v.tone.Start(dialTone()) }, func(l *stageLine) { l.v.tone.Read(l.out[:]) }},
		{"playKey", nil, func(l *stageLine) { l.v.playKey(l.out[:], '5') }},
		{"Mix", func(l *stageLine) { l.v.overTone.Start(dialTone()) }, func(l *stageLine) { l.v.overTone.Mix(l.far()) }},
		{"Read caller ID", nil, (*stageLine).tell},
		{"Process", func(l *stageLine) { l.v.toPhone.gain.Set(-0.5) }, func(l *stageLine) {
			l.v.toPhone.meter.Clip(l.v.toPhone.gain.Process(l.far()))
		}},
		{"watch", nil, func(l *stageLine) { l.v.toPhone.watch(l.far()) }},
		{"remember", nil, func(l *stageLine) { l.v.canceller.remember(l.far()) }},
	},
}

// BenchmarkStage is what each step costs in 20 ms of a call in which both ends talk and
// the line has echo. The tables of docs/voice.md are taken from it.
func BenchmarkStage(b *testing.B) {
	for _, direction := range slices.Sorted(maps.Keys(stages)) {
		for _, s := range stages[direction] {
			b.Run(strings.ReplaceAll(direction+"/"+s.name, " ", "_"), func(b *testing.B) {
				l := newStageLine()
				if s.prepare != nil {
					s.prepare(l)
				}
				b.ReportAllocs()
				for b.Loop() {
					s.run(l)
					l.count++
				}
			})
		}
	}
}

// stageLength is how many samples are said over and over, whole blocks.
const stageLength = 25 * 2 * dsp.Frame

// stageLine is a line in a call.
type stageLine struct {
	v     *Voice
	s     *Session
	now   time.Duration
	count int // of 20 ms
	heard [stageLength]int16
	said  [stageLength]int16 // with the echo of what was heard
	codes [stageLength]byte
	block [2 * dsp.Frame]int16
	out   [2 * dsp.Frame]int16
	told  *callerid.Plan
}

func newStageLine() *stageLine {
	l := &stageLine{v: NewVoice(VoiceOpts{FarTone: func(*Session, progress.Kind) {}})}
	l.s = NewSession(swallow{}, swallow{}, SessionOpts{})
	to := netip.MustParseAddrPort("192.0.2.2:4000")
	l.s.Set(Stream{Remote: to, RemoteRTCP: to, Codec: PCMA, Send: true, Receive: true})
	l.v.Connect(l.s)
	l.v.follow()
	rng := rand.New(rand.NewPCG(1, 20))
	dsptest.AddNoise(l.heard[:], -16, rng)
	dsptest.AddNoise(l.said[:], -55, rng)
	for i, s := range l.heard {
		l.said[(i+40)%stageLength] += s / 4
	}
	g711.Encode(g711.ALaw, l.codes[:], l.heard[:])
	copy(l.v.canceller.heard[:], l.heard[:])
	scheme, _ := callerid.Lookup("bellcore")
	l.told = scheme.Message(callerid.Call{Number: "5551234"})
	return l
}

// at is where the next 20 ms are.
func (l *stageLine) at() int { return l.count * len(l.block) % stageLength }

// each takes the next 20 ms of the telephone as Frame does.
func (l *stageLine) each(step func(block []int16)) {
	copy(l.block[:], l.said[l.at():])
	step(l.block[:dsp.Frame])
	step(l.block[dsp.Frame:])
}

// far is the next 20 ms of the far end.
func (l *stageLine) far() []int16 {
	copy(l.out[:], l.heard[l.at():])
	return l.out[:]
}

// cancel cancels what was remembered up to the blocks.
func (l *stageLine) cancel() {
	l.v.canceller.at = l.at() + len(l.block)
	l.each(func(b []int16) { l.v.canceller.cancel(b, len(l.block)) })
}

// receive has a packet come in time, or not at all.
func (l *stageLine) receive(lost bool) {
	j := &l.s.player.jitter
	if at := l.at(); !lost {
		j.put(uint32(l.count*len(l.block)), g711.ALaw, l.codes[at:at+len(l.block)], 0)
	}
	l.s.receive(l.out[:], l.now)
}

// tell tells who calls, over and over.
func (l *stageLine) tell() {
	if !l.v.caller.Playing() {
		l.v.caller.Start(l.told)
	}
	l.v.caller.Read(l.out[:])
}

// orderKey has a key be sent without end.
func (l *stageLine) orderKey() {
	l.v.inBand.Start('5', defaultKeyLevel, keyTwist)
	l.v.keying = keying{key: '5', left: 1 << 30}
}

// watchUS has busy tone and ringback be watched for.
func (l *stageLine) watchUS() {
	us, _ := country.Lookup("US")
	l.v.Watch(progress.NewPlan(map[progress.Kind]*tone.Spec{progress.Busy: &us.Tones.Busy, progress.Ringback: &us.Tones.Ringback}))
}

func dialTone() *tone.Spec {
	spec := tone.MustParse("350+440:inf", -13)
	return &spec
}

// swallow is a socket that takes whatever is sent.
type swallow struct{}

func (swallow) ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error) { select {} }
func (swallow) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	return len(b), nil
}
func (swallow) SetReadDeadline(time.Time) error { return nil }
func (swallow) Close() error                    { return nil }
