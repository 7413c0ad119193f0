package media

import (
	"math"
	"sync/atomic"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/pcm"
)

// Level is how loud one direction of a line is, at its port.
type Level struct {
	Level   dsp.DBm0 // of the last 0.3 s, -Inf = silence
	Peak    dsp.DBm0 // highest of the last second or two, as that of a sine wave
	Clipped uint64   // samples that reached full scale, ever
}

// Levels are those of both directions.
type Levels struct {
	ToPhone   Level // of all that the telephone hears
	FromPhone Level // of what it says, echo included, before its gain
}

// Levels returns how loud the line is at this moment.
func (v *Voice) Levels() Levels {
	return Levels{v.toPhone.shared.level(), v.fromPhone.shared.level()}
}

// direction is one way of the voice at the port. It belongs to the audio
// goroutine but for shared.
type direction struct {
	highPass    pcm.HighPass
	highPassOff bool
	gain        pcm.Gain
	meter       pcm.Meter
	shared      sharedLevel
}

// clean takes offset and hum out of a block.
func (d *direction) clean(block []int16) {
	if !d.highPassOff {
		d.highPass.Process(block)
	}
}

// watch measures a block.
func (d *direction) watch(block []int16) {
	d.meter.Add(block)
	d.shared.store(d.meter.Reading())
}

// sharedLevel is the reading of a meter for other goroutines. Its parts may be of
// two blocks that follow each other.
type sharedLevel struct {
	square  atomic.Uint64 // bits
	highest atomic.Int32
	clipped atomic.Uint64
}

func (s *sharedLevel) store(r pcm.Reading) {
	s.square.Store(math.Float64bits(r.Square))
	s.highest.Store(int32(r.Highest))
	s.clipped.Store(r.Clipped)
}

func (s *sharedLevel) level() Level {
	r := pcm.Reading{
		Square:  math.Float64frombits(s.square.Load()),
		Highest: int(s.highest.Load()),
		Clipped: s.clipped.Load(),
	}
	return Level{r.Level(), r.Peak(), r.Clipped}
}
