package pcm

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// Full is the amplitude from which a sample counts as clipped: the most that
// mu-law can say (ITU-T G.711 table 2b); A-law goes to 32256.
const Full = 32124

const (
	averaging = 0.3 * dsp.SampleRate // samples, the time constant of a level
	peakTime  = 1.0 * dsp.SampleRate // samples that a peak is shown for, at least
)

// Meter follows how loud a signal is.
type Meter struct {
	square  float64 // mean
	peak    int     // highest amplitude of this second
	before  int     // and of the one before
	samples int     // of this second
	clipped uint64
}

// Add takes a block.
func (m *Meter) Add(block []int16) {
	if len(block) == 0 {
		return
	}
	var sum int64
	for _, s := range block {
		v := int(s)
		sum += int64(v * v)
		v = max(v, -v)
		m.peak = max(m.peak, v)
		if v >= Full {
			m.clipped++
		}
	}
	n := float64(len(block))
	m.square += (float64(sum)/n - m.square) * min(1, n/averaging)
	if m.samples += len(block); m.samples >= peakTime {
		m.before, m.peak, m.samples = m.peak, 0, 0
	}
}

// Clip adds samples that were clipped elsewhere to the count.
func (m *Meter) Clip(n int) { m.clipped += uint64(n) }

// Reading returns what the meter shows.
func (m *Meter) Reading() Reading {
	return Reading{Square: m.square, Highest: max(m.peak, m.before), Clipped: m.clipped}
}

// Reading is what a Meter shows, in units of a sample.
type Reading struct {
	Square  float64 // mean square of the last 0.3 s
	Highest int     // amplitude of the last second or two
	Clipped uint64  // samples at full scale or beyond, ever
}

// Level is the level of the last 0.3 s; -Inf is silence.
func (r Reading) Level() dsp.DBm0 { return dsp.Level(math.Sqrt(r.Square)) }

// Peak is the level of a sine wave that is as high as the signal was in the last
// second or two; -Inf is silence.
func (r Reading) Peak() dsp.DBm0 { return dsp.Level(float64(r.Highest) / math.Sqrt2) }
