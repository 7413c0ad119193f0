package dtmf

import (
	"math/rand/v2"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/g711"
)

// TestNumbersAtTheLimits keys whole numbers by telephones that are as bad as
// ITU-T Q.24 and Q.23 allow, all at once: frequencies off, twist, weak, short,
// noise, dial tone under the first digit. Not one digit may be wrong in 10,000
// numbers; the short form tries fewer.
func TestNumbersAtTheLimits(t *testing.T) {
	n := 2000
	if full() {
		n = 10000
	}
	rng := rand.New(rand.NewPCG(10000, 24))
	for i := range n {
		s := signal{
			keys: randomNumber(rng),
			on:   40 + rng.Float64()*60, off: 40 + rng.Float64()*60,
			low: (2*rng.Float64() - 1) * 0.015, high: (2*rng.Float64() - 1) * 0.015,
			level: dsp.DBm0(-25 * rng.Float64()), twist: -4 + 12*rng.Float64(),
			noise: 15 + 20*rng.Float64(),
			law:   g711.Law(i % 2),
		}
		keyed, x, _ := s.make(rng)
		if got := listen(NewDetector(Opts{}), x, 80).keys; got != keyed {
			t.Errorf("number %d: heard %q, keyed %q: %+v", i, got, keyed, s)
		}
	}
}

func randomNumber(rng *rand.Rand) string {
	number := make([]byte, 3+rng.IntN(10))
	for i := range number {
		number[i] = keys[rng.IntN(12)]
	}
	return string(number)
}
