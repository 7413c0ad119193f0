// Package model is a ringing line circuit of the Am79R79 kind behind a telephony
// codec, at pin level: a detector and three mode inputs on a gpiochip without
// interrupts whose every access takes the time of a serial bus.
//
//	000 disconnect   001 ringing   010 active           011 on-hook transmission
//	100 tip open     101 standby   110 reversed active  111 reversed on-hook transmission
//
// Ringing is a sine on top of the battery. The detector shows the loop current,
// and while ringing its mean, which only a lifted handset has: the capacitor of a
// ringer passes none.
package model

import (
	"math"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/slic/twowire"
)

// Modes of the circuit.
const (
	disconnect = 0b000
	ringing    = 0b001
	tipOpen    = 0b100
	reversal   = 0b100 // with bit 1: reversed
	standby    = 0b101
)

const (
	battery   = 48.0   // V
	ringPeak  = 70.0   // V
	ringHertz = 20.0   // of the board's generator
	feedOhms  = 200.0  // of the feed
	feedAmps  = 0.025  // most loop current
	ringAmps  = 0.060  // most current while ringing
	loopAmps  = 0.010  // that the detector takes for a closed loop,
	openAmps  = 0.008  // and less for an open one
	tripAmps  = 0.015  // mean while ringing
	tripTime  = 0.050  // s over which the mean is taken
	frameTime = 125e-6 // s
)

// Opts are the settings of a Circuit.
type Opts struct {
	Pair   twowire.Pair
	Access time.Duration // that reading or writing a pin takes [100 µs]

	HookActiveHigh bool // an inverter is behind the detector
}

// Circuit is one line circuit. Its methods may be called from several goroutines.
type Circuit struct {
	mu      sync.Mutex
	opts    Opts
	mode    int
	turns   float64 // of the ringing generator
	mean    float64 // of the loop current
	closed  bool    // the detector
	failing bool
	modes   []int // that the circuit has been in
	misuses []string
}

// New returns a circuit whose inputs are low: disconnected.
func New(opts Opts) *Circuit {
	if opts.Access == 0 {
		opts.Access = 100 * time.Microsecond
	}
	return &Circuit{opts: opts}
}

// Fail makes all pins return errors, or work again.
func (c *Circuit) Fail(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failing = on
}

// History returns the modes that the circuit has been in, in order.
func (c *Circuit) History() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]int(nil), c.modes...)
}

// Misuses tells what must not be done to the pins and was done.
func (c *Circuit) Misuses() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.misuses...)
}

// Frame runs the circuit for 125 µs.
func (c *Circuit) Frame() {
	c.mu.Lock()
	defer c.mu.Unlock()
	sense := c.opts.Pair.Step(c.drive())
	c.mean += (sense.Amps - c.mean) * frameTime / tripTime
	c.detect(sense.Amps)
}

func (c *Circuit) drive() twowire.Drive {
	switch {
	case c.mode == disconnect || c.mode == tipOpen:
		return twowire.Drive{Open: true}
	case c.mode == ringing:
		c.turns += ringHertz * frameTime
		return twowire.Drive{Volts: battery + ringPeak*math.Sin(2*math.Pi*c.turns), Ohms: feedOhms, LimitAmps: ringAmps}
	case c.mode != standby && c.mode&reversal != 0:
		return twowire.Drive{Volts: -battery, Ohms: feedOhms, LimitAmps: feedAmps}
	}
	return twowire.Drive{Volts: battery, Ohms: feedOhms, LimitAmps: feedAmps}
}

func (c *Circuit) detect(amps float64) {
	switch amps = math.Abs(amps); {
	case c.mode == ringing:
		c.closed = c.mean > tripAmps
	case amps > loopAmps:
		c.closed = true
	case amps < openAmps:
		c.closed = false
	}
}

// set changes one mode input.
func (c *Circuit) set(bit int, l gpio.Level) {
	old := c.mode
	if c.mode &^= bit; l {
		c.mode |= bit
	}
	if c.mode == old {
		return
	}
	c.modes = append(c.modes, c.mode)
	if old != ringing && c.mode == ringing {
		c.turns = 0
	}
}
