package compare

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
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

// places are those in a second of said at which the next samples are loud.
func places(said []int16, samples int) (all []int) {
	mean := dot(said, said) / float64(len(said))
	for at := 8000; at < 10000; at += 151 {
		if s := said[at : at+samples]; dot(s, s) > mean*float64(samples) {
			all = append(all, at)
		}
	}
	return all
}

// TestSpeechHeldBack has a jitter buffer grow once, wherever in a syllable that is:
// it makes 15 ms up and loses nothing.
func TestSpeechHeldBack(t *testing.T) {
	const lag, grown = 400, 120
	said := speech(2)
	straight := path(said, lag, 1)
	for _, at := range places(said, grown) {
		heard := slices.Concat(straight[:lag+at], straight[lag+at-grown:])
		r, err := Speech(said, heard, 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if r.Gaps != 0 || r.Correlation < 0.98 || r.Spread != duration(grown) {
			t.Errorf("held back at %d: %+v, want 15 ms more and nothing lost", at, r)
		}
	}
}

// TestSpeechFollowsAClockThroughAHiss has a jitter buffer squeeze a hundredth of a
// second by a sample, wherever in a hiss that is.
func TestSpeechFollowsAClockThroughAHiss(t *testing.T) {
	const lag, unit = 400, 80
	said := hiss(3200)
	straight := path(said, lag, 1)
	for at := 1000; at < 1000+piece; at += 16 {
		for _, by := range []int{-1, 1} {
			heard := slices.Concat(straight[:lag+at], squeeze(straight, lag+at, unit, unit-by), straight[lag+at+unit:])
			r, err := Speech(said, heard, 100*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if r.Gaps != 0 || r.Correlation < 0.98 {
				t.Errorf("%d samples left out at %d: %+v, want nothing lost", by, at, r)
			}
		}
	}
}

// hiss is noise between 2 and 4 kHz for the most part, which is like nothing a
// sample later.
func hiss(samples int) []int16 {
	rng := rand.New(rand.NewPCG(3, 4))
	out := make([]int16, samples)
	for i, last := 0, 0.0; i < samples; i++ {
		now := rng.NormFloat64()
		out[i] = int16(3000 * (now - 0.8*last))
		last = now
	}
	return out
}

// squeeze returns the n samples of x from at on as so many.
func squeeze(x []int16, at, n, wanted int) []int16 {
	out := make([]int16, wanted)
	for i := range out {
		where := float64(at) + float64(i*n)/float64(wanted)
		var sum float64
		for k := int(where) - 15; k <= int(where)+16; k++ {
			d := math.Pi * (where - float64(k))
			weight := 1.0
			if d != 0 {
				weight = math.Sin(d) / d * (0.5 + 0.5*math.Cos(d/16))
			}
			sum += weight * float64(x[k])
		}
		out[i] = int16(math.Round(sum))
	}
	return out
}

// TestSpeechLost has a piece of a hiss become another hiss.
func TestSpeechLost(t *testing.T) {
	const lag = 400
	said := hiss(3200)
	other := hiss(6400)[3200:]
	for at := 1000; at < 1000+piece; at += 16 {
		heard := path(said, lag, 1)
		copy(heard[lag+at:lag+at+2*piece], other)
		r, err := Speech(said, heard, 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if r.Gaps < 1 || r.Gaps > 3 {
			t.Errorf("40 ms lost at %d: %+v, want 1 to 3 gaps", at, r)
		}
	}
}

// TestSpeechLeftOut has 40 ms left out wherever in a syllable that is, and what
// follows come sooner.
func TestSpeechLeftOut(t *testing.T) {
	const lag, out = 600, 320
	said := speech(2)
	straight := path(said, lag, 1)
	for _, at := range places(said, out) {
		heard := slices.Concat(straight[:lag+at], straight[lag+at+out:], make([]int16, out))
		r, err := Speech(said, heard, 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if r.Gaps == 0 {
			t.Errorf("left out at %d: %+v, want a gap", at, r)
		}
	}
}

func TestSpeechRefusesSilence(t *testing.T) {
	said := speech(1)
	if _, err := Speech(said, make([]int16, 16000), 500*time.Millisecond); !errors.Is(err, ErrSilent) {
		t.Errorf("Speech(silence) = %v, want ErrSilent", err)
	}
}
