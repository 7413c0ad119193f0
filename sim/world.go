package sim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// A Chip is the model of a line chip on a PCM highway.
type Chip interface {
	// Frame is one frame of the highway, 125 µs: the chip takes its slot from
	// dr, puts its slot into dx and lives through the time from at on.
	Frame(at time.Time, dr, dx []byte)
	// ClockStopped tells the chip that the highway's clock has stopped. Frame
	// means that it runs again.
	ClockStopped()
}

// Unclocked is a Chip that feeds its pair without the highway's clock, as a line
// module does whose codec alone needs it.
type Unclocked interface {
	// Unclocked is 125 µs in which the clock stands still, from the time at on.
	Unclocked(at time.Time)
}

// Attentive is a Chip that knows whether the board has noticed what it told last. A
// board that is too late does not learn what was, or takes it for over.
type Attentive interface {
	// Heeded says whether the board has looked since the last change.
	Heeded() bool
}

// Port is one line of a World. Pair is the one that the chip drives; the world
// itself steps it only while the clock is stopped and the chip is not
// Unclocked, so that the telephone's time goes on.
type Port struct {
	Chip Chip
	Pair twowire.Pair
}

// WorldOpts are the settings of a World. The zero value is the default.
type WorldOpts struct {
	// Realtime paces the world with a hal.Pacer on a locked thread. The default
	// uses time.Sleep and works in a testing/synctest bubble.
	Realtime bool
	// Period is the number of samples of an Exchange, a multiple of 8
	// [dsp.Frame].
	Period int
}

const (
	stepSamples  = 8 // the world turns by the millisecond
	stepTime     = time.Millisecond
	sampleTime   = 125 * time.Microsecond
	slotBytes    = 2 // 16-bit linear, MSB first
	maxWorldSize = 64
	maxBehind    = 10 * time.Second
)

// frameSizes are the bytes of a highway frame that a chip's PCLK allows, 2.048
// to 8.192 MHz (Si3215 data sheet §2.8).
var frameSizes = [...]int{32, 64, 128}

var (
	errBlocks = errors.New("sim: exchange: want one block of a period for each channel")
	errClosed = errors.New("sim: exchange: the world is closed")
)

// A World is a PCM highway with lines on it. It implements hal.PCM: channel k
// is in bytes 2k and 2k+1 of each highway frame, 16-bit linear, MSB first.
//
// Exchange lives through one period, millisecond by millisecond: the lines play
// the caller's blocks while it fills the other blocks with what they say in
// that same time. What happens in a millisecond happens when it has passed, so
// no edge lies in the future. After a stall time runs at up to twice its speed
// until it is right again; Behind tells by how much it is not. A telephone that was
// dialing goes on where it was. A stall of more than ten seconds is skipped, and Stats
// counts it: what was done to a telephone then took so much longer.
//
// In real time the world and the drivers compete for the processors. A driver that
// has not got one yet finds the loop as it was when the chip told of it: the world
// waits for it, half a second at most.
type World struct {
	ports   []Port
	opts    WorldOpts
	step    time.Duration // a millisecond by the highway's clock
	pacer   *hal.Pacer
	started bool
	origin  time.Time
	reached atomic.Int64 // how far the world has lived, nanoseconds since origin
	stopped atomic.Bool
	closed  atomic.Bool
	tired   []bool // of waiting for the driver of a port, which does not look
	told    bool   // the chips know that the clock has stopped
	dr, dx  [stepSamples][]byte
}

// NewWorld returns a world with the given lines, at most 64.
func NewWorld(ports []Port, opts WorldOpts) (*World, error) {
	if opts.Period == 0 {
		opts.Period = dsp.Frame
	}
	if len(ports) < 1 || len(ports) > maxWorldSize {
		return nil, fmt.Errorf("sim: new world: %d lines, want 1..%d", len(ports), maxWorldSize)
	}
	if opts.Period < stepSamples || opts.Period%stepSamples != 0 {
		return nil, fmt.Errorf("sim: new world: a period of %d samples is not a multiple of %d", opts.Period, stepSamples)
	}
	w := &World{ports: ports, opts: opts, origin: time.Now(), tired: make([]bool, len(ports))}
	w.Detune(0)
	size := frameSize(len(ports))
	for i := range w.dr {
		w.dr[i], w.dx[i] = make([]byte, size), make([]byte, size)
	}
	return w, nil
}

// frameSize returns the bytes of a highway frame for n lines.
func frameSize(n int) int {
	for _, size := range frameSizes {
		if n*slotBytes <= size {
			return size
		}
	}
	return frameSizes[len(frameSizes)-1]
}

// Channels implements hal.PCM.
func (w *World) Channels() int { return len(w.ports) }

// Period implements hal.PCM.
func (w *World) Period() int { return w.opts.Period }

// Exchange implements hal.PCM. In real time the goroutine that calls it is
// locked to its thread from the first call on.
func (w *World) Exchange(toPhone, fromPhone [][]int16) error {
	if w.closed.Load() {
		return errClosed
	}
	if !w.fits(toPhone) || !w.fits(fromPhone) {
		return errBlocks
	}
	if !w.started {
		w.pacer.Start()
		w.started = true
	}
	lost := false
	for at := 0; at < w.opts.Period; at += stepSamples {
		now, _ := w.pacer.Wait()
		if w.opts.Realtime {
			w.attend()
		}
		w.reached.Store(int64(now.Sub(w.origin)))
		if w.stopped.Load() {
			w.standStill(now.Add(-w.step))
			lost = true
			continue
		}
		w.told = false
		w.load(toPhone, at)
		w.turn(now.Add(-w.step))
		w.store(fromPhone, at)
	}
	if lost {
		return hal.ErrClockLost
	}
	return nil
}

// Waiting for drivers.
const (
	attendStep = 200 * time.Microsecond
	attendMost = 500 * time.Millisecond
)

// attend waits until the drivers have looked at what their chips told them. One that
// does not look is not waited for again until it has.
func (w *World) attend() {
	began := time.Now()
	for i, p := range w.ports {
		c, ok := p.Chip.(Attentive)
		if !ok {
			continue
		}
		for !w.tired[i] && !c.Heeded() {
			w.tired[i] = time.Since(began) > attendMost
			time.Sleep(attendStep)
		}
		w.tired[i] = w.tired[i] && !c.Heeded()
	}
}

func (w *World) fits(blocks [][]int16) bool {
	if len(blocks) != len(w.ports) {
		return false
	}
	for _, b := range blocks {
		if len(b) != w.opts.Period {
			return false
		}
	}
	return true
}

// load writes a millisecond of samples into the highway frames.
func (w *World) load(toPhone [][]int16, at int) {
	for ch, block := range toPhone {
		for i, s := range block[at : at+stepSamples] {
			binary.BigEndian.PutUint16(w.dr[i][ch*slotBytes:], uint16(s))
		}
	}
}

func (w *World) store(fromPhone [][]int16, at int) {
	for ch, block := range fromPhone {
		for i := range stepSamples {
			block[at+i] = int16(binary.BigEndian.Uint16(w.dx[i][ch*slotBytes:]))
		}
	}
}

// turn lives through the millisecond that began at the given time.
func (w *World) turn(at time.Time) {
	for i := range stepSamples {
		clear(w.dx[i])
		for _, p := range w.ports {
			p.Chip.Frame(at, w.dr[i], w.dx[i])
		}
		at = at.Add(sampleTime)
	}
}

// standStill lives through a millisecond without clock that began at the given
// time: chips do nothing, their leads are open, and the telephones notice.
func (w *World) standStill(at time.Time) {
	if !w.told {
		w.told = true
		for _, p := range w.ports {
			p.Chip.ClockStopped()
		}
	}
	for range stepSamples {
		for _, p := range w.ports {
			if c, ok := p.Chip.(Unclocked); ok {
				c.Unclocked(at)
				continue
			}
			p.Pair.Step(twowire.Drive{Open: true})
		}
		at = at.Add(sampleTime)
	}
}

// StopClock makes the highway's clock stop: Exchange returns hal.ErrClockLost
// after each period until StartClock. Any goroutine may call it.
func (w *World) StopClock() { w.stopped.Store(true) }

// StartClock lets the clock run again.
func (w *World) StartClock() { w.stopped.Store(false) }

// Detune makes the highway's clock fast by a part in a million times ppm, slow
// where that is negative. It comes before the first Exchange.
func (w *World) Detune(ppm int) {
	w.step = stepTime - stepTime*time.Duration(ppm)/1e6
	w.pacer = hal.NewPacer(w.step, hal.PacerOpts{Portable: !w.opts.Realtime, MaxBehind: maxBehind})
}

// Behind implements hal.Lagging: it is how much of what is past has not been lived
// through yet.
func (w *World) Behind() time.Duration {
	reached := time.Duration(w.reached.Load())
	if reached == 0 {
		return 0 // it has not begun
	}
	return max(0, time.Since(w.origin)-reached)
}

// Stats tells how evenly the world is paced. Any goroutine may call it.
func (w *World) Stats() hal.PacerStats { return w.pacer.Stats() }

// Close implements hal.PCM. The goroutine that called Exchange stays locked to
// its thread and should end.
func (w *World) Close() error {
	w.closed.Store(true)
	return nil
}
