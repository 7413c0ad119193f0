// Package plc hides lost packets: it fills the gap with a continuation of the
// sound before it and joins the sound after it without a click.
//
// Voice is nearly periodic, so a gap repeats the last pitch period and fades.
// The idea is that of ITU-T G.711 Appendix I; unlike it, this adds no delay, and
// it keeps to one period: on speech that measures better than taking more of
// them as the gap grows.
package plc

import (
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/pitch"
)

const (
	minPitch   = 40  // samples, 200 Hz
	maxPitch   = 130 // samples, 62 Hz
	span       = 120 // samples compared to find the pitch
	maxOverlap = maxPitch / 4
	memory     = maxPitch + span // samples remembered
)

// Times of a gap in samples.
const (
	silentAt = 80 * dsp.SampleRate / 1000 // it has faded by then
	joinMax  = 10 * dsp.SampleRate / 1000 // the join with what follows takes no longer
)

// Concealer hides the losses of one stream. Its zero value is ready. It belongs
// to one goroutine and allocates nothing.
type Concealer struct {
	history [memory]int16
	lost    int // samples of the gap so far, 0 = none

	cycle    [maxPitch]float32 // the period that repeats
	period   int               // samples of it
	position int               // next sample of it
	step     float32           // that the cycle would make where the gap begins
}

// Good takes a frame that arrived, of any length. After a gap its first samples,
// at most 10 ms, are blended in place with what filled the gap.
func (c *Concealer) Good(frame []int16) {
	if c.lost > 0 {
		c.join(frame)
		c.lost = 0
	}
	c.remember(frame)
}

// Lost fills a frame that did not arrive, of any length.
func (c *Concealer) Lost(frame []int16) {
	if c.lost == 0 {
		c.begin()
	}
	for i := range frame {
		frame[i] = round(c.next())
	}
	c.remember(frame)
}

// remember appends frame to the history.
func (c *Concealer) remember(frame []int16) {
	if len(frame) >= memory {
		copy(c.history[:], frame[len(frame)-memory:])
		return
	}
	copy(c.history[:], c.history[len(frame):])
	copy(c.history[memory-len(frame):], frame)
}

// begin makes the cycle: the last period, its end blended into what came before
// its beginning, so that it joins itself.
func (c *Concealer) begin() {
	c.period, _ = pitch.Find(c.history[:], span, minPitch, maxPitch)
	c.position = 0
	last := c.history[memory-c.period:]
	for i, s := range last {
		c.cycle[i] = float32(s)
	}
	n := c.overlap()
	before := c.history[memory-c.period-n : memory-c.period]
	for i, s := range before {
		w := float32(i+1) / float32(n+1)
		end := &c.cycle[c.period-n+i]
		*end += w * (float32(s) - *end)
	}
	c.step = float32(c.history[memory-1]) - float32(c.history[memory-1-c.period])
}

// overlap is the length of blends, a quarter of a period.
func (c *Concealer) overlap() int { return c.period / 4 }

// next returns the next sample of the gap.
func (c *Concealer) next() float32 {
	v := c.cycle[c.position]
	if c.position++; c.position == c.period {
		c.position = 0
	}
	if n := c.overlap(); c.lost < n {
		v += c.step * float32(n-c.lost) / float32(n+1)
	}
	v *= gain(c.lost)
	c.lost++
	return v
}

// gain fades a gap.
func gain(lost int) float32 {
	return float32(max(0, silentAt-lost)) / silentAt
}

// join blends the continuation of a gap into the frame after it: a quarter of a
// period, and 4 ms more for each 10 ms of the gap (G.711 Appendix I).
func (c *Concealer) join(frame []int16) {
	n := min(c.overlap()+c.lost*4/10, joinMax, len(frame))
	for i := range n {
		w := float32(i+1) / float32(n+1)
		v := c.next()
		frame[i] = round(v + w*(float32(frame[i])-v))
	}
}

func round(v float32) int16 {
	if v < 0 {
		return dsp.Saturate(int32(v - 0.5))
	}
	return dsp.Saturate(int32(v + 0.5))
}
