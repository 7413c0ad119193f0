// Package compare tells what a path did to speech: it aligns what was heard
// with what was said and gives delay, level, likeness and gaps. It is a
// measuring instrument for tests and the demo, not part of the voice path.
package compare

import (
	"errors"
	"math"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
)

// ErrSilent is returned when one of the signals holds no speech, or too little
// of it.
var ErrSilent = errors.New("compare: nothing to compare: silence or too short")

// Result is what the path did.
type Result struct {
	Delay       time.Duration // from said to heard
	Gain        float64       // dB, of heard against said
	Correlation float64       // of the aligned signals, 1 = the same
	Gaps        int           // stretches of 20 ms in which speech was lost
	Frames      int           // stretches of 20 ms with speech
}

const (
	gapFrame    = 2 * dsp.Frame // 20 ms
	activeBelow = 25            // dB: a frame this much below the mean level is no speech
	gapLoss     = 12            // dB: speech that lost this much was lost
	gapAlike    = 0.5           // correlation below which a frame is not what was said
)

// Speech aligns heard with said. Both start at the same moment; heard is longer
// than said by at least maxDelay, which bounds the delay that is looked for.
func Speech(said, heard []int16, maxDelay time.Duration) (Result, error) {
	lags := int(maxDelay * dsp.SampleRate / time.Second)
	energy := dot(said, said)
	if len(said) < gapFrame || len(heard) < len(said)+lags || energy == 0 || dot(heard, heard) == 0 {
		return Result{}, ErrSilent
	}
	lag := align(said, heard, lags)
	heard = heard[lag : lag+len(said)]
	cross, power := dot(said, heard), dot(heard, heard)
	if cross <= 0 || power == 0 {
		return Result{}, ErrSilent
	}
	r := Result{
		Delay:       time.Duration(lag) * time.Second / dsp.SampleRate,
		Gain:        20 * math.Log10(cross/energy),
		Correlation: cross / math.Sqrt(energy*power),
	}
	r.Gaps, r.Frames = gaps(said, heard, energy/float64(len(said)), cross/energy)
	return r, nil
}

// coarse is how many samples the first, rough search takes together.
const coarse = 4

// align returns the lag, at most lags, at which heard is most like said.
func align(said, heard []int16, lags int) int {
	rough := coarse * best(thin(said), thin(heard), 0, lags/coarse)
	return best(said, heard, max(0, rough-2*coarse), min(lags, rough+2*coarse))
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

// best returns the lag from first to last at which heard is most like said.
func best(said, heard []int16, first, last int) int {
	like, at := 0.0, first
	for lag := first; lag <= last && lag+len(said) <= len(heard); lag++ {
		h := heard[lag : lag+len(said)]
		cross := dot(said, h)
		if cross <= 0 {
			continue
		}
		if l := cross / math.Sqrt(dot(h, h)); l > like {
			like, at = l, lag
		}
	}
	return at
}

// gaps counts frames with speech, and those of them that did not arrive.
func gaps(said, heard []int16, mean, gain float64) (lost, active int) {
	floor := mean * math.Pow(10, -activeBelow/10)
	for i := 0; i+gapFrame <= len(said); i += gapFrame {
		s, h := said[i:i+gapFrame], heard[i:i+gapFrame]
		ss, hh, sh := dot(s, s), dot(h, h), dot(s, h)
		if ss/gapFrame < floor {
			continue
		}
		active++
		if hh < ss*gain*gain*math.Pow(10, -gapLoss/10.) || sh < gapAlike*math.Sqrt(ss*hh) {
			lost++
		}
	}
	return lost, active
}

func dot(a, b []int16) float64 {
	var sum int64
	for i, v := range a {
		sum += int64(v) * int64(b[i])
	}
	return float64(sum)
}
