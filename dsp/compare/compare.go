// Package compare tells what a path did to speech: it aligns what was heard
// with what was said and gives delay, level, likeness and gaps. It is a
// measuring instrument for tests and the demo, not part of the voice path.
package compare

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
)

// ErrSilent is returned when one of the signals holds no speech, or too little
// of it.
var ErrSilent = errors.New("compare: nothing to compare: silence or too short")

// Result is what the path did.
type Result struct {
	Delay       time.Duration // from said to heard, the middle one of all pieces
	Spread      time.Duration // between the shortest and the longest delay
	Gain        float64       // dB, of heard against said
	Correlation float64       // of the aligned pieces, 1 = the same
	Gaps        int           // pieces of 20 ms in which speech was lost
	Pieces      int           // pieces of 20 ms with speech
}

const (
	piece       = 2 * dsp.Frame // 20 ms
	context     = dsp.Frame     // looked at on both sides of a piece to align it
	drift       = 2             // samples by which it may follow a clock within a piece
	split       = 8             // samples, how exactly the place of a change is looked for
	wander      = 240           // samples that a jitter buffer may move from piece to piece, 30 ms
	activeBelow = 25            // dB: a piece this much below the mean level is no speech
	gapLoss     = 12            // dB: speech that lost this much was lost
	gapAlike    = 0.5           // correlation below which a piece is not what was said
)

// Speech compares heard with said. Both start at the same moment; heard is
// longer than said by at least maxDelay, which bounds the delay that is looked
// for. Each piece is aligned by itself, because a jitter buffer changes its
// delay without being heard.
func Speech(said, heard []int16, maxDelay time.Duration) (Result, error) {
	lags := int(maxDelay * dsp.SampleRate / time.Second)
	energy := dot(said, said)
	if len(said) < piece || len(heard) < len(said)+lags || energy == 0 || dot(heard, heard) == 0 {
		return Result{}, ErrSilent
	}
	m := measurement{said: said, heard: heard, lag: align(said, heard, lags)}
	floor := energy / float64(len(said)) * piece * math.Pow(10, -activeBelow/10.)
	for i := 0; i+piece <= len(said); i += piece {
		if s := said[i : i+piece]; dot(s, s) >= floor {
			m.piece(i)
		}
	}
	return m.result()
}

// measurement adds up the pieces.
type measurement struct {
	said, heard  []int16
	lag          int
	delays       []int
	ss, hh, sh   float64
	pieces, gaps int
}

// piece compares the piece that begins at i.
func (m *measurement) piece(i int) {
	from, to := max(0, i-context), min(len(m.said), i+piece+context)
	before := m.lag
	if lag, like := m.near(from, to); like > gapAlike {
		m.lag = lag
	}
	s, h := m.said[i:i+piece], m.at(i, m.lag)
	if lost(s, h) {
		h = m.shifted(i, before)
	}
	m.pieces++
	if lost(s, h) {
		m.gaps++
	} else {
		m.delays = append(m.delays, m.lag)
	}
	m.ss, m.hh, m.sh = m.ss+dot(s, s), m.hh+dot(h, h), m.sh+dot(s, h)
}

// near returns the lag, not far from the last one, at which what was heard is most
// like what was said from one sample to another, and how much it is.
func (m *measurement) near(from, to int) (lag int, like float64) {
	first, last := max(0, m.lag-wander), min(len(m.heard)-len(m.said), m.lag+wander)
	return best(m.said[from:to], m.heard[from:], first, last)
}

// lost says whether h is not what was said.
func lost(s, h []int16) bool {
	ss, hh := dot(s, s), dot(h, h)
	return hh < ss*math.Pow(10, -gapLoss/10.) || dot(s, h) < gapAlike*math.Sqrt(ss*hh)
}

// shifted returns what was heard of the piece at i if the delay, which was known
// before it, changed within it: its begin at one delay, its end at another. Nothing
// that was said is lost then. A jitter buffer that follows the far end's clock
// changes by a sample, which is enough for a hiss to be like nothing as a whole; one
// that grows makes up what it holds back.
func (m *measurement) shifted(i, before int) []int16 {
	said := m.said[i : i+piece]
	whole, like := m.at(i, before), 0.0
	try := func(one, other int) {
		begin, end := m.at(i, one), m.at(i, other)
		for k := split; k < piece; k += split {
			h := slices.Concat(begin[:k], end[k:])
			if now := dot(said, h) / math.Sqrt(dot(h, h)+1); now > like {
				whole, like, m.lag = h, now, other
			}
		}
	}
	m.lag = before
	grown, _ := m.near(i+piece/2, min(len(m.said), i+2*piece))
	for one := before - drift; one <= before+drift; one++ {
		for other := one - drift; other <= one+drift; other++ {
			try(one, other)
		}
		if grown > one+drift {
			try(one, grown)
		}
	}
	return whole
}

// at is what was heard of the piece at i if the delay is lag, or the nearest that
// can be.
func (m *measurement) at(i, lag int) []int16 {
	i += max(0, min(lag, len(m.heard)-len(m.said)))
	return m.heard[i : i+piece]
}

func (m *measurement) result() (Result, error) {
	if len(m.delays) == 0 || m.sh <= 0 {
		return Result{}, ErrSilent
	}
	slices.Sort(m.delays)
	n := len(m.delays)
	return Result{
		Delay:       duration(m.delays[n/2]),
		Spread:      duration(m.delays[n-1] - m.delays[0]),
		Gain:        20 * math.Log10(m.sh/m.ss),
		Correlation: m.sh / math.Sqrt(m.ss*m.hh),
		Gaps:        m.gaps,
		Pieces:      m.pieces,
	}, nil
}

func duration(samples int) time.Duration {
	return time.Duration(samples) * time.Second / dsp.SampleRate
}

// coarse is how many samples the first, rough search takes together.
const coarse = 4

// align returns the lag, at most lags, at which heard is most like said.
func align(said, heard []int16, lags int) int {
	rough, _ := best(thin(said), thin(heard), 0, lags/coarse)
	lag, _ := best(said, heard, max(0, coarse*rough-2*coarse), min(lags, coarse*rough+2*coarse))
	return lag
}

// thin replaces each coarse samples by their mean.
func thin(x []int16) []int16 {
	out := make([]int16, len(x)/coarse)
	for i := range out {
		var sum int32
		for _, v := range x[i*coarse : (i+1)*coarse] {
			sum += int32(v)
		}
		out[i] = int16(sum / coarse)
	}
	return out
}

// best returns the lag from first to last at which heard is most like said, and
// how much: 1 is the same.
func best(said, heard []int16, first, last int) (lag int, like float64) {
	lag = first
	scale := math.Sqrt(dot(said, said))
	for l := first; l <= last && l+len(said) <= len(heard); l++ {
		h := heard[l : l+len(said)]
		cross := dot(said, h)
		if cross <= 0 {
			continue
		}
		if now := cross / (scale * math.Sqrt(dot(h, h))); now > like {
			lag, like = l, now
		}
	}
	return lag, like
}

func dot(a, b []int16) float64 {
	var sum int64
	for i, v := range a {
		sum += int64(v) * int64(b[i])
	}
	return float64(sum)
}
