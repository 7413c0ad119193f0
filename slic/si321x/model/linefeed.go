package model

import (
	"math"

	"github.com/ata-agent/ata-agent/slic/twowire"
)

// Linefeed states, DR64. Si3215 data sheet §2.1.
const (
	lfOpen    = 0
	lfForward = 1
	lfOnHook  = 2 // forward on-hook transmission
	lfRinging = 4
	lfReverse = 5
	lfOnHookR = 6
)

const (
	feedOhms      = 160   // Si3215 data sheet §2.1.2
	ringLimitAmps = 0.080 // total peak load while ringing, ibid. §2.5
)

// command is a write to the LF field. The chip follows at once.
func (c *Chip) command(lf byte) {
	c.dr[drLinefeed] = lf
	c.cadence = cadence{}
	c.enter(lf)
}

// enter makes lf the actual state.
func (c *Chip) enter(lf byte) {
	if lf == lfRinging && c.lfs != lfRinging {
		c.ring.start()
		c.trip = tripDetector{}
	}
	if lf != lfRinging {
		c.trip.tripped = false
	}
	c.lfs = lf
	if !c.feeding() {
		c.loop = loopDetector{}
	}
}

// feeding says that the loop carries battery, so that loop closure works.
func (c *Chip) feeding() bool {
	switch c.lfs {
	case lfForward, lfOnHook, lfReverse, lfOnHookR:
		return true
	}
	return false
}

func (c *Chip) reversed() bool { return c.lfs == lfReverse || c.lfs == lfOnHookR }

// activate is the automatic move from on-hook transmission to the active state
// of the same polarity.
func (c *Chip) activate() {
	switch c.lfs {
	case lfOnHook:
		c.enter(lfForward)
	case lfOnHookR:
		c.enter(lfReverse)
	}
}

// drive is what the chip puts on the pair in this frame. Ground start (one lead
// open, states 3 and 7) counts as open.
func (c *Chip) drive() twowire.Drive {
	off := c.dr[drPowerdown]&slicOff != 0
	switch {
	case c.feeding() && !off:
		return c.battery()
	case c.lfs == lfRinging && !off:
		limit := math.Max(0, c.conv.volts)
		v := math.Max(-limit, math.Min(limit, c.ring.step()))
		return twowire.Drive{Volts: v, Ohms: feedOhms, LimitAmps: ringLimitAmps}
	}
	return twowire.Drive{Open: true}
}

// battery is the DC feed: VOC behind 160 ohm, limited to ILIM, and never more
// than the supply leaves above the common mode voltage. Si3215 data sheet
// §2.1.2.
func (c *Chip) battery() twowire.Drive {
	v := math.Max(0, math.Min(c.openVolts(), c.conv.volts-c.commonVolts()))
	if c.reversed() {
		v = -v
	}
	return twowire.Drive{Volts: v, Ohms: feedOhms, LimitAmps: c.limitAmps()}
}

func (c *Chip) openVolts() float64   { return 1.5 * float64(c.dr[drOnHookVolts]&0x3F) }
func (c *Chip) commonVolts() float64 { return 1.5 * float64(c.dr[drCommonVolts]&0x3F) }
func (c *Chip) limitAmps() float64   { return 0.020 + 0.003*float64(c.dr[drLimit]&7) }

// cadence is the hardware ring cadence: timers move the state between ringing
// and on-hook transmission. Si3215 data sheet §2.5.4.
type cadence struct {
	frames int
	pause  bool
}

func (k *cadence) step(c *Chip) {
	if c.dr[drRingOsc]&0x18 == 0 || c.dr[drLinefeed] != lfRinging {
		return
	}
	k.frames++
	switch {
	case c.lfs == lfRinging && c.dr[drRingOsc]&0x10 != 0 && k.frames >= c.word(drRingOn):
		*k = cadence{pause: true}
		c.enter(lfOnHook)
		c.latch(drInt1, int1RingActive)
	case k.pause && c.lfs == lfOnHook && c.dr[drRingOsc]&0x08 != 0 && k.frames >= c.word(drRingOff):
		*k = cadence{}
		c.enter(lfRinging)
		c.latch(drInt1, int1RingPause)
	}
}
