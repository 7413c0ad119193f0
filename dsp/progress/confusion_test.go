package progress

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// TestConfusion plays the ringback and dial tones of all countries to a line that
// listens for those of any one country: whoever calls abroad through a gateway must
// not lose the call because the tone there is a little like busy here. Every fourth
// country listens, or each with ATA_FULL=1.
func TestConfusion(t *testing.T) {
	every := 4
	if os.Getenv("ATA_FULL") == "1" {
		every = 1
	}
	foreign := tonesAbroad()
	wrong, tried := 0, 0
	for i, c := range listeners() {
		if i%every != 0 {
			continue
		}
		tones := tonesOf(c)
		p := NewPlan(tones)
		for _, f := range foreign {
			tried++
			got, after := heardIn(p, f.sound)
			if got != Busy && got != Congestion || beginsLike(tones[got], f.spec) {
				continue
			}
			wrong++
			t.Errorf("%s: %v %v is taken for %v %v after %v", c.Code, f.kind, f.spec, got, tones[got], after)
		}
	}
	t.Logf("%d tones heard", tried)
	openBars(t).Check(t, "ringback and dial tones of another country taken for busy", float64(wrong), 0, "")
}

// abroad is a tone of some country as it comes through a network.
type abroad struct {
	kind  Kind
	spec  *tone.Spec
	sound []int16
}

// tonesAbroad are the ringback and dial tones there are, each once.
func tonesAbroad() (list []abroad) {
	known := map[string]bool{}
	for _, c := range country.All() {
		tones := tonesOf(c)
		for _, k := range []Kind{Ringback, Dial} {
			spec := tones[k]
			if known[spec.String()] {
				continue
			}
			known[spec.String()] = true
			rng := rand.New(rand.NewPCG(uint64(len(list)), 46))
			long := min(3*cycle(spec), 12*time.Second) + 3*time.Second
			list = append(list, abroad{k, spec, play(spec, long, rng)})
		}
	}
	return list
}

// listeners are countries of which no two have the same tones.
func listeners() (list []*country.Country) {
	known := map[string]bool{}
	for _, c := range country.All() {
		var all strings.Builder
		for _, k := range []Kind{Busy, Congestion, Ringback, Dial} {
			all.WriteString(tonesOf(c)[k].String() + "\n")
		}
		if !known[all.String()] {
			known[all.String()] = true
			list = append(list, c)
		}
	}
	return list
}

// beginsLike says whether as much of a tone as makes it recognized is, within the
// tolerances, a part of another one.
func beginsLike(a, b *tone.Spec) bool {
	p := NewPlan(map[Kind]*tone.Spec{Busy: a, Congestion: b})
	x, y := p.pattern(Busy), p.pattern(Congestion)
	return x != nil && y != nil && x.within(y) >= 2*len(x.steps)-1
}
