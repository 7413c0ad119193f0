package compare

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// speech is noise with a syllable-like envelope.
func speech(seconds int) []int16 {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]int16, seconds*8000)
	var low float64
	for i := range out {
		low += 0.3 * (rng.NormFloat64() - low)
		envelope := math.Max(0, math.Sin(2*math.Pi*4*float64(i)/8000))
		out[i] = int16(6000 * low * envelope)
	}
	return out
}

// path delays said by lag samples and changes its level.
func path(said []int16, lag int, gain float64) []int16 {
	out := make([]int16, len(said)+4000)
	for i, v := range said {
		out[i+lag] = int16(float64(v) * gain)
	}
	return out
}

func TestSpeechFindsDelayAndLevel(t *testing.T) {
	said := speech(3)
	for _, lag := range []int{0, 1, 333, 4000} {
		r, err := Speech(said, path(said, lag, 0.5), 500*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if want := time.Duration(lag) * 125 * time.Microsecond; r.Delay != want {
			t.Errorf("lag %d: Delay = %v, want %v", lag, r.Delay, want)
		}
		if math.Abs(r.Gain+6.02) > 0.05 || r.Correlation < 0.999 || r.Gaps != 0 || r.Pieces < 50 || r.Spread != 0 {
			t.Errorf("lag %d: %+v, want -6.02 dB, correlation 1, no gaps", lag, r)
		}
	}
}

func TestSpeechCountsGaps(t *testing.T) {
	said := speech(3)
	heard := path(said, 160, 1)
	clear(heard[160+8000+500 : 160+8000+500+320]) // 40 ms within a syllable
	r, err := Speech(said, heard, 500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r.Gaps < 1 || r.Gaps > 3 {
		t.Errorf("Gaps = %d, want the 40 ms that are missing", r.Gaps)
	}
}

// TestSpeechFollowsAWanderingDelay takes a sample out now and then, as a jitter
// buffer does that grows shorter.
func TestSpeechFollowsAWanderingDelay(t *testing.T) {
	said := speech(3)
	straight := path(said, 400, 1)
	var heard []int16
	for i, v := range straight {
		if i%300 != 299 {
			heard = append(heard, v)
		}
	}
	heard = append(heard, make([]int16, 400)...)
	r, err := Speech(said, heard, 500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r.Correlation < 0.93 || r.Gaps != 0 || r.Spread < 8*time.Millisecond || r.Spread > 11*time.Millisecond {
		t.Errorf("%+v, want a delay that shrinks by some 10 ms and nothing lost", r)
	}
}

func TestSpeechRefusesSilence(t *testing.T) {
	said := speech(1)
	if _, err := Speech(said, make([]int16, 16000), 500*time.Millisecond); !errors.Is(err, ErrSilent) {
		t.Errorf("Speech(silence) = %v, want ErrSilent", err)
	}
}
