package dsptest

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// Journey is how speech came over a path that lost some frames of it and whose
// delay changed.
type Journey struct {
	Filled float64 // dB: mean log-spectral distance of what filled frames that were lost, where there was a voice
	Heard  float64 // dB: the same of frames that were not lost
	Kept   float64 // share of the latter that is heard as it was said
	Frames int     // frames that were lost where there was a voice
}

const (
	journeyReach = 300  // samples by which the delay may change from frame to frame
	journeyAlike = 0.85 // correlation from which a frame is what was said
	journeyVoice = -40  // dBm0 above which a frame counts
)

// Follow compares what was heard with what was said, frame by frame of LossFrame
// samples. Lag is by how much heard is behind said where they begin. A frame that
// was lost is looked for after as much as the one before it.
func Follow(said, heard []int16, lost []bool, lag int) Journey {
	var j Journey
	var kept, came int
	gain := 1.0
	for i, l := range lost {
		at := i * LossFrame
		frame := said[at : at+LossFrame]
		if at+lag < 0 || at+lag+LossFrame > len(heard) || dsp.LevelOf(frame) < journeyVoice {
			continue
		}
		if l {
			j.Filled += SpectralDistance(frame, scaled(heard[at+lag:], 1/gain))
			j.Frames++
			continue
		}
		came++
		near := Likest(heard, frame, at+lag, journeyReach)
		if alike(frame, heard[near:]) > journeyAlike {
			kept++
			lag = near - at
			gain += 0.02 * (rms(heard[near:])/rms(frame) - gain)
		}
		j.Heard += SpectralDistance(frame, scaled(heard[at+lag:], 1/gain))
	}
	j.Filled /= float64(max(j.Frames, 1))
	j.Heard /= float64(max(came, 1))
	j.Kept = float64(kept) / float64(max(came, 1))
	return j
}

// scaled is the first frame of x by a gain.
func scaled(x []int16, gain float64) []int16 {
	out := make([]int16, LossFrame)
	for i := range out {
		out[i] = dsp.Saturate(int32(math.Round(gain * float64(x[i]))))
	}
	return out
}

func rms(x []int16) float64 {
	var sum float64
	for _, s := range x[:LossFrame] {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum/LossFrame) + 1e-9
}

// alike is the correlation of two frames.
func alike(a, b []int16) (sum float64) {
	for i, s := range a[:LossFrame] {
		sum += float64(s) * float64(b[i])
	}
	return sum / (rms(a) * rms(b) * LossFrame)
}
