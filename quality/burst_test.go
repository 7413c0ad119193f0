package quality

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// run adds packets written as "20. x 3. 2-": 20 played, one lost, three played,
// two discarded.
func run(b *Bursts, s string) {
	for _, word := range strings.Fields(s) {
		n := uint64(1)
		if digits := word[:len(word)-1]; digits != "" {
			n, _ = strconv.ParseUint(digits, 10, 64)
		}
		b.Add(map[byte]Fate{'.': Played, 'x': Lost, '-': Discarded}[word[len(word)-1]], n)
	}
}

func TestBursts(t *testing.T) {
	for _, tt := range []struct {
		name, packets string
		want          Counts
	}{
		{"nothing", "", Counts{}},
		{"clean", "100.", Counts{Played: 100, Gaps: 1, InGaps: 100}},
		{"one alone", "100. x 100.", Counts{Played: 200, Lost: 1, Gaps: 1, InGaps: 201, GapBad: 1, BadRuns: 1}},
		{"two alone", "100. x 16. - 100.", Counts{Played: 216, Lost: 1, Discarded: 1, Gaps: 1, InGaps: 218, GapBad: 2, BadRuns: 2}},
		{"two near", "100. x 15. - 100.", Counts{
			Played: 215, Lost: 1, Discarded: 1, Bursts: 1, InBursts: 17, BurstBad: 2, Gaps: 2, InGaps: 200, BadRuns: 2,
		}},
		{"a row", "100. 5x 100.", Counts{Played: 200, Lost: 5, Bursts: 1, InBursts: 5, BurstBad: 5, Gaps: 2, InGaps: 200, BadRuns: 1}},
		{"lost, then discarded", "20. 2x 3- 20.", Counts{
			Played: 40, Lost: 2, Discarded: 3, Bursts: 1, InBursts: 5, BurstBad: 5, Gaps: 2, InGaps: 40, BadRuns: 1,
		}},
		{"burst at the start", "3x 20.", Counts{Played: 20, Lost: 3, Bursts: 1, InBursts: 3, BurstBad: 3, Gaps: 1, InGaps: 20, BadRuns: 1}},
		{"alone near the start", "3. x 20.", Counts{Played: 23, Lost: 1, Gaps: 1, InGaps: 24, GapBad: 1, BadRuns: 1}},
		{"burst at the end", "20. x . x 3.", Counts{
			Played: 24, Lost: 2, Bursts: 1, InBursts: 3, BurstBad: 2, Gaps: 2, InGaps: 23, BadRuns: 2,
		}},
		{"alone near the end", "20. x 3.", Counts{Played: 23, Lost: 1, Gaps: 1, InGaps: 24, GapBad: 1, BadRuns: 1}},
		{"all lost", "50x", Counts{Lost: 50, Bursts: 1, InBursts: 50, BurstBad: 50, BadRuns: 1}},
		{"two bursts and one alone", "50. 2x 50. x 50. 4x 10. x 50.", Counts{
			Played: 210, Lost: 8, Bursts: 2, InBursts: 17, BurstBad: 7, Gaps: 3, InGaps: 201, GapBad: 1, BadRuns: 4,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b Bursts
			run(&b, tt.packets)
			if got := b.Counts(); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if again := b.Counts(); again != tt.want {
				t.Errorf("Counts changed them: %+v", again)
			}
		})
	}
}

// byDefinition marks the bursts of a whole sequence at once, by the words of
// RFC 3611 §4.7.2.
func byDefinition(fates []Fate) (c Counts) {
	inBurst := make([]bool, len(fates))
	var bad []int
	for i, f := range fates {
		switch f {
		case Played:
			c.Played++
			continue
		case Lost:
			c.Lost++
		default:
			c.Discarded++
		}
		if i == 0 || fates[i-1] == Played {
			c.BadRuns++
		}
		bad = append(bad, i)
	}
	for k := 1; k < len(bad); k++ {
		if from, to := bad[k-1], bad[k]; to-from <= Gmin { // fewer than Gmin between
			for i := from; i <= to; i++ {
				inBurst[i] = true
			}
		}
	}
	for i, in := range inBurst {
		begins := i == 0 || inBurst[i-1] != in || in && fates[i] != Played && alone(fates[:i])
		switch {
		case in:
			c.InBursts++
			if fates[i] != Played {
				c.BurstBad++
			}
			if begins {
				c.Bursts++
			}
		default:
			c.InGaps++
			if fates[i] != Played {
				c.GapBad++
			}
			if begins {
				c.Gaps++
			}
		}
	}
	return c
}

// alone says that a burst cannot go on from before: Gmin were played.
func alone(before []Fate) bool {
	for i := len(before) - 1; i >= 0 && i >= len(before)-Gmin; i-- {
		if before[i] != Played {
			return false
		}
	}
	return true
}

// gilbert draws fates from the model of two states: p to lose after a packet
// was played, q to play after one was lost.
func gilbert(rng *rand.Rand, n int, p, q float64) []Fate {
	fates := make([]Fate, n)
	bad := false
	for i := range fates {
		if bad {
			bad = rng.Float64() >= q
		} else {
			bad = rng.Float64() < p
		}
		fates[i] = Played
		if bad {
			fates[i] = Fate(rng.IntN(2))
		}
	}
	return fates
}

func TestBurstsByDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		fates := gilbert(rng, rng.IntN(400), rng.Float64()*0.2, 0.1+0.9*rng.Float64())
		var b Bursts
		for i, f := range fates {
			if b.Add(f, 1); i%97 == 0 {
				if got, want := b.Counts(), byDefinition(fates[:i+1]); got != want {
					t.Fatalf("%v\ngot  %+v\nwant %+v", fates[:i+1], got, want)
				}
			}
		}
		if got, want := b.Counts(), byDefinition(fates); got != want {
			t.Fatalf("%v\ngot  %+v\nwant %+v", fates, got, want)
		}
	}
}

// transitions are the counters c11 … c33 of RFC 3611 appendix A.2.
type transitions struct {
	run, misses                  float64
	c11, c13, c14, c22, c23, c33 float64
}

func (c *transitions) add(f Fate) {
	if f == Played {
		c.run++
		return
	}
	if c.run >= Gmin {
		if c.misses == 1 {
			c.c14++
		} else {
			c.c13++
		}
		c.misses = 1
		c.c11 += c.run
	} else {
		c.misses++
		if c.run == 0 {
			c.c33++
		} else {
			c.c23++
			c.c22 += c.run - 1
		}
	}
	c.run = 0
}

// TestBurstsByTransitions compares with the algorithm of the RFC, which forgets
// what comes after the last loss and takes the first one for a burst.
func TestBurstsByTransitions(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, tt := range []struct{ p, q float64 }{{0.005, 0.4}, {0.02, 0.5}, {0.05, 0.95}, {0.02, 1}} {
		var b Bursts
		var c transitions
		for _, f := range gilbert(rng, 200000, tt.p, tt.q) {
			b.Add(f, 1)
			c.add(f)
		}
		p32 := c.c23 / (c.c13 + c.c23 + c.c33)
		p23 := c.c23 / (c.c22 + c.c23)
		density, gapDensity := p23/(p23+p32), c.c14/(c.c11+c.c14)
		gap := (c.c11 + c.c14 + c.c13) / c.c13
		burst := (c.c22 + c.c23 + c.c13 + c.c23 + c.c33) / c.c13
		r := b.Counts().Report(Conditions{Codec: G711PLC, Packet: 1000})
		for _, v := range []struct {
			name      string
			got, want float64
		}{
			{"burst density", r.BurstDensity, density},
			{"gap density", r.GapDensity, gapDensity},
			{"burst", float64(r.BurstDuration) / 1000, burst},
			{"gap", float64(r.GapDuration) / 1000, gap},
		} {
			if math.Abs(v.got-v.want) > 0.02*v.want {
				t.Errorf("p %v q %v: %s %.4f, by transitions %.4f", tt.p, tt.q, v.name, v.got, v.want)
			}
		}
	}
}
