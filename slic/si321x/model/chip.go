package model

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/slic/twowire"
)

// Variant is a member of the family.
type Variant uint8

// The members differ in their identification, in the numbering of the indirect
// registers and in the type of converter they control.
const (
	Si3215  Variant = iota // new numbering, inductor converter
	Si3215M                // new numbering, transformer converter
	Si3216                 // new numbering
	Si3210                 // old numbering, inductor converter
	Si3210M                // old numbering, transformer converter
	Si3211                 // old numbering, external batteries
)

// Opts describes the chip and what is soldered around it. The zero value is a
// Si3215 with discrete line-feed transistors and nothing connected.
type Opts struct {
	Variant Variant
	Pair    twowire.Pair // what hangs on TIP and RING; nil is nothing at all
	Seed    uint64       // of the contents after reset, calibration results and errors
	Si3201  bool         // line-feed chip instead of discrete transistors

	// FrameDelay is the number of PCLK cycles from FSYNC to the first bit of
	// the bytes handed to Frame: 0 for DSP_B, 1 for DSP_A.
	FrameDelay int
	// Idle is what SDO reads when the chip does not drive it, [0xFF].
	Idle func() byte
}

// FrameTime is the duration of one FSYNC frame.
const FrameTime = 125 * time.Microsecond

// ticksEvery is the number of frames per turn of the 800 Hz monitor engine,
// 1.25 ms. Si3215 data sheet §2.4.
const ticksEvery = 10

// Chip is one ProSLIC. Its methods may be called from several goroutines.
type Chip struct {
	mu     sync.Mutex
	opts   Opts
	random *rand.Rand
	irMap  *indirectMap

	at      time.Time // of the current frame
	held    bool      // RESET is low
	noClock bool
	faults  [faultCount]bool

	dr       [128]byte
	ir       [256]uint16
	indirect indirectEngine
	port     serial
	intPin   intPin

	lfs     byte // actual linefeed state
	cadence cadence
	ring    ringOscillator
	conv    converter
	cal     calibration
	power   [3]float64 // filtered dissipation of Q1/2, Q3/4, Q5/6 in watts
	loop    loopDetector
	unread  int // looks at the loop that are left until the board knows its last change
	trip    tripDetector
	tones   [2]toneOscillator

	dtmf  dtmfDetector
	codec codec
	sense twowire.Sense
	phase int // frames since the last tick
}

// nothing is a pair with nothing on it.
type nothing struct{}

func (nothing) Step(d twowire.Drive) twowire.Sense {
	if d.Open {
		return twowire.Sense{}
	}
	return twowire.Sense{Volts: d.Volts, Voice: d.Voice}
}

// New returns a chip that has its clock and is out of reset.
func New(opts Opts) *Chip {
	if opts.Pair == nil {
		opts.Pair = nothing{}
	}
	c := &Chip{opts: opts, random: rand.New(rand.NewPCG(opts.Seed, 0x321))}
	c.irMap = &newMap
	if c.old() {
		c.irMap = &oldMap
	}
	c.conv.setup(c)
	c.cal.setup(c)
	c.intPin.setup(c)
	c.reset()
	return c
}

// old tells the Si3210 numbering of the indirect registers.
func (c *Chip) old() bool { return c.opts.Variant >= Si3210 }

// transformer tells the M parts.
func (c *Chip) transformer() bool {
	return c.opts.Variant == Si3210M || c.opts.Variant == Si3215M
}

// Frame runs the chip for one FSYNC frame that begins at the time at. dr are
// the bytes of the highway towards the chips, dx those from the chips; the chip
// reads and writes only its own slot and only while its PCM port is enabled.
func (c *Chip) Frame(at time.Time, dr, dx []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
	if c.noClock {
		c.noClock = false
		c.reset()
	}
	c.elapse(FrameTime)
	if c.held || c.faults[Missing] {
		c.sense = c.opts.Pair.Step(twowire.Drive{Open: true})
		return
	}
	c.transmit(dx)
	drive := c.drive()
	drive.Voice = c.receive(dr)
	c.sense = c.opts.Pair.Step(drive)
	c.codec.voice = c.sense.Voice
	if c.old() && c.audible() {
		c.dtmf.sample(c, c.codec.voice*c.codec.fromLine)
	}
	c.cadence.step(c)
	if c.phase++; c.phase == ticksEvery {
		c.phase = 0
		c.tick()
	}
}

// tick is one turn of the monitor engine.
func (c *Chip) tick() {
	c.conv.tick(c)
	c.cal.tick(c)
	c.heat()
	c.loop.tick(c)
	c.trip.tick(c)
}

// ClockStopped says that PCLK and FSYNC have ceased. The chip does not answer
// until the next frame and comes back as after a reset.
func (c *Chip) ClockStopped() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noClock = true
}

// Register returns the present value of direct register n, as SPI would read
// it. It is for tests and displays.
func (c *Chip) Register(n uint8) byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readDirect(n & 0x7F)
}

// Indirect returns the present value of indirect register n.
func (c *Chip) Indirect(n uint8) uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ir[n]
}

// Linefeed returns the actual linefeed state, the LFS field of DR64.
func (c *Chip) Linefeed() uint8 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lfs
}

// PokeIndirect does the same to indirect register n.
func (c *Chip) PokeIndirect(n uint8, v uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ir[n] = v
	c.derive()
}

// Poke writes direct register n behind the driver's back, as a disturbance
// would.
func (c *Chip) Poke(n uint8, v byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writeDirect(n&0x7F, v)
}
