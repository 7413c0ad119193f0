package model

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/slic/twowire"
)

// Kind is a kind of module.
type Kind uint8

// Kinds of modules.
const (
	Ag1171 Kind = iota
	KS0835F
)

// ratings are the electrical data of a kind.
type ratings struct {
	talk      float64 // battery, volts
	ring      float64 // peak of the ringing, volts
	slope     float64 // of reversals and ringing, volts per frame
	loopAmps  float64 // constant current of the loop
	ringLimit float64 // most current while ringing
	tripAmps  float64 // mean current of a phone that is off hook while ringing
}

// ratingsOf gives, with a square of limited slope at 20 Hz, 60 V rms for the
// Ag1171 and 48 V rms (124 V peak to peak) for the KS0835F. Ag1171 data sheet
// V1.0; KS0835F data sheet v1.4.
var ratingsOf = [...]ratings{
	Ag1171:  {talk: 48, ring: 72, slope: 1.565, loopAmps: 0.030, ringLimit: 0.060, tripAmps: 0.045},
	KS0835F: {talk: 48, ring: 62, slope: 1.033, loopAmps: 0.027, ringLimit: 0.060, tripAmps: 0.038},
}

// Opts describes the module and what is wired to it. The zero value is an Ag1171
// with nothing on its pair.
type Opts struct {
	Kind Kind
	Pair twowire.Pair // what hangs on TIP and RING; nil is nothing at all
	Seed uint64       // of delays and chatter
	Slot int          // of the codec, from 0: bytes 2·Slot and 2·Slot+1 of a frame, 16 bits, MSB first
	Bias bool         // 20 kohm from TIP to RING, so that audio runs on hook

	// TransHybridLoss is how far below VR its leak into VX is, in dB, besides
	// what the pair reflects; 0 is no leak.
	TransHybridLoss float64

	FRForwardLow bool // the board inverts F/R
	SHKActiveLow bool // the board inverts SHK

	Delay   time.Duration // of SHK [drawn from 2..10 ms]
	Chatter time.Duration // of SHK after a change [3 ms]

	// Slack is how exactly the model knows when a pin moved: pins move between
	// frames, and may be told of later [2 ms].
	Slack time.Duration
}

// FrameTime is the duration of one frame.
const FrameTime = 125 * time.Microsecond

func frames(d time.Duration) int { return int(d / FrameTime) }

// Module is one line module. Its methods may be called from several goroutines.
type Module struct {
	mu      sync.Mutex
	opts    Opts
	ratings ratings
	random  *rand.Rand
	faults  [faultCount]bool

	at    time.Time // of the current frame
	count int       // frames so far

	ringMode bool // RM is high
	reverse  bool // F/R is reverse
	down     bool // PD is low
	starting int  // frames until the feed comes back
	cut      bool // no pin was driven since they failed

	volts float64 // of the feed
	edges swings
	trip  tripDetector
	loop  bool // closed, as the module sees it
	shk   shkPin
	sense twowire.Sense
	heard float64 // VR of this frame, volts
	leak  float64 // of VR into VX

	misuses []Misuse
}

// nothing is a pair with nothing on it.
type nothing struct{}

func (nothing) Step(d twowire.Drive) twowire.Sense {
	if d.Open {
		return twowire.Sense{}
	}
	return twowire.Sense{Volts: d.Volts, Voice: d.Voice}
}

// New returns a module that has its supply; its pins float, so it feeds the pair.
func New(opts Opts) *Module {
	m := &Module{opts: opts, random: rand.New(rand.NewPCG(opts.Seed, 0x1171))}
	if m.opts.Pair == nil {
		m.opts.Pair = nothing{}
	}
	if m.opts.Delay == 0 {
		m.opts.Delay = 2*time.Millisecond + time.Duration(m.random.Int64N(int64(8*time.Millisecond)))
	}
	if m.opts.Chatter == 0 {
		m.opts.Chatter = 3 * time.Millisecond
	}
	if m.opts.Slack == 0 {
		m.opts.Slack = 2 * time.Millisecond
	}
	if opts.TransHybridLoss > 0 {
		m.leak = math.Pow(10, -opts.TransHybridLoss/20)
	}
	m.ratings = ratingsOf[opts.Kind]
	m.shk.setup(m)
	return m
}

// Frame runs the module for one frame that begins at the time at. dr are the
// bytes of the highway towards the codecs, dx those from them; the module's codec
// reads and writes only its own slot.
func (m *Module) Frame(at time.Time, dr, dx []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.transmit(dx)
	m.step(at, m.receive(dr))
}

// Heeded says whether the board has taken all edges of SHK.
func (m *Module) Heeded() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shk.Waiting() == 0
}

// ClockStopped says that the codec's clock has ceased. The module does not need
// it: see Unclocked.
func (m *Module) ClockStopped() {}

// Unclocked runs the module for 125 µs in which its codec has no clock. The feed
// goes on.
func (m *Module) Unclocked(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.step(at, 0)
}

func (m *Module) step(at time.Time, vr float64) {
	m.at = at
	m.count++
	m.watch()
	drive := m.drive()
	m.heard = 0
	if m.audible() {
		m.heard = vr
	}
	drive.Voice = m.heard
	m.sense = m.opts.Pair.Step(drive)
	m.detect()
	m.shk.step(m.loop)
}
