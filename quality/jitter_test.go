package quality

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestJitterSteps(t *testing.T) {
	// |D| is 160 twice, then 0: by RFC 3550 A.8 the scaled value is 160,
	// 160+160-10 = 310, 310-19 = 291, 291-18 = 273.
	var j Jitter
	for i, step := range []struct{ transit, want uint32 }{
		{1000, 0}, {1160, 10}, {1000, 19}, {1000, 18}, {1000, 17},
	} {
		if j.Add(step.transit); j.Value() != step.want {
			t.Errorf("after packet %d: %d, want %d", i, j.Value(), step.want)
		}
	}
}

func TestJitterForms(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var j Jitter
	var s SmoothJitter
	transit := uint32(math.MaxUint32 - 5000) // wraps soon
	for i := range 5000 {
		at := transit + uint32(i*3) + uint32(rng.IntN(400))
		j.Add(at)
		s.Add(at)
	}
	// Even jitter over w has a mean difference of w/3.
	if v := s.Value(); math.Abs(v-400./3) > 40 {
		t.Errorf("jitter %.1f, want about %.1f", v, 400./3)
	}
	if d := math.Abs(s.Value() - float64(j.Value())); d > 1.5 {
		t.Errorf("integer form %d, smooth form %.2f", j.Value(), s.Value())
	}
	before, smooth := j.Value(), s.Value()
	j.Add(transit + 1<<30) // the timestamps jump
	s.Add(transit + 1<<30)
	if j.Value() != before || s.Value() != smooth {
		t.Errorf("a jump made %d of %d, %.1f of %.1f", j.Value(), before, s.Value(), smooth)
	}
}

func TestJitterExtremes(t *testing.T) {
	var j Jitter
	var s SmoothJitter
	for _, v := range []uint32{0, 1 << 31, 0, 1<<31 - 1, math.MaxUint32, 1 << 31, 7999, 15998, 7999} {
		j.Add(v)
		s.Add(v)
	}
	if j.Value() > jump || s.Value() > jump || s.Value() < 0 {
		t.Errorf("%d, %v", j.Value(), s.Value())
	}
}
