package echo

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/compare"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
)

// The tests here are of the first seconds of a line, when nothing is known of it.

// pair are a far and a near end, both at -16 dBm0.
type pair struct {
	index     int // of the hybrid
	model     string
	far, near []int16
}

// sampled are the hybrids of the pairs that are taken by default. The voices at m4 are
// the hardest: the far end begins with one vowel for half a second, and the frequencies
// between its harmonics come as news.
var sampled = []string{"m1", "m4", "m5", "m7"}

// pairs are those of one kind of signal; the far ends last 4 s and the near ones 2.
func pairs(t *testing.T, kind string) (all []pair) {
	t.Helper()
	for i, m := range g168.Names() {
		if full() || slices.Contains(sampled, m) {
			all = append(all, newPair(t, kind, m, i))
		}
	}
	return all
}

// newPair is the i-th pair of one kind of signal.
func newPair(t *testing.T, kind, model string, i int) pair {
	t.Helper()
	if kind == "speech" {
		far := dsptest.Speech(t, dsptest.Voices[i], 5, -16, uint64(i))
		near := dsptest.Speech(t, dsptest.Voices[(i+3)%8], 5, -16, uint64(i)+100)
		return pair{i, model, far[:samples(4)], near[:samples(2)]}
	}
	return pair{i, model, css(4, -16, uint64(i)), nearCSS(2, -16, uint64(i))}
}

// Both ends talk from the first sample of a line of which nothing is known: what the
// near end says in the first second loses at most half a decibel, over all hybrids and
// both laws. An echo return loss of 6 dB has the near end at -28 come in 6 dB below the
// echo. The composite source signal has no harmonics that tell it from its echo; at
// -22 it is as loud as that.
func TestBothFromTheStart(t *testing.T) {
	t.Parallel()
	if racing {
		t.Skip("figures, not goroutines")
	}
	levels := map[string][]dsp.DBm0{"CSS": {-16, -22}, "speech": {-16, -22, -28}}
	for kind, levels := range levels {
		worst := map[string]float64{}
		for i, m := range g168.Names() {
			p := newPair(t, kind, m, i)
			for _, erl := range lossesOf(i) {
				for _, level := range levels {
					name := fmt.Sprintf("both from the start, %s, ERL %v, near %v dBm0 weakened by", kind, erl, level)
					near := scaled(p.near, level)[:samples(1)]
					for _, c := range lawsOf(i) {
						l := newLine(t, m, erl, c, Opts{})
						worst[name] = max(worst[name], weakenedAlong(l, join(p.far)[:len(near)], near))
					}
				}
			}
		}
		for name, db := range worst {
			atMost(t, name, db, 0.5, 0.1, "dB")
		}
	}
}

// lawsOf are those for the i-th hybrid: one of the two, in turn, unless at full length.
func lawsOf(i int) []coding {
	if full() {
		return laws
	}
	return laws[i%2 : i%2+1]
}

// lossesOf are the echo return losses of the i-th hybrid: one of the two, unless at full
// length.
func lossesOf(i int) []float64 {
	both := []float64{6, 14}
	if full() {
		return both
	}
	return both[i/2%2 : i/2%2+1]
}

// weakenedAlong is by how many decibels the suppressor weakens near, in energy,
// while far is played over the line.
func weakenedAlong(l *line, far, near []int16) float64 {
	sent := l.hear(far, near)
	var said, passed float64
	for i := 0; i < len(near); i += block {
		out := sent[i : i+block]
		l.Process(far[i:i+block], out, out)
		gain := float64(l.suppressor.gain)
		for _, v := range near[i : i+block] {
			said += float64(v) * float64(v)
			passed += float64(v) * float64(v) * gain * gain
		}
	}
	return 10 * math.Log10(said/passed)
}

// Both ends talk in the first second: the near end is heard. The louder it is
// beside its echo the less is lost; for comparison, an echo return loss of 6 dB has
// the near end at -18 come in 12 dB below the echo.
func TestEarlyDoubleTalk(t *testing.T) {
	t.Parallel()
	if racing {
		t.Skip("figures, not goroutines")
	}
	limits := map[string]map[float64][]float64{ // percent clipped by echo return loss, for each level
		"CSS":    {6: {1, 3, 8, 12}, 14: {1, 1, 2, 7}},
		"speech": {6: {0.5, 0.5, 0.5, 6}, 14: {0.5, 0.5, 0.5, 4}},
	}
	for _, kind := range []string{"CSS", "speech"} {
		all := pairs(t, kind)
		for _, erl := range []float64{6, 14} {
			for i, level := range []dsp.DBm0{-16, -22, -28, -34} {
				if !full() && (i == 1 || erl == 14 && i < 3) {
					continue
				}
				got := earlyClipped(t, all, erl, level)
				atMost(t, fmt.Sprintf("first second, %s, ERL %v, near %v dBm0 clipped", kind, erl, level), got, limits[kind][erl][i], 0.3, "%")
			}
		}
	}
}

// earlyClipped is the part in percent of near speech that loses more than 3 dB
// when it sets in so soon after the far end has begun.
func earlyClipped(t *testing.T, all []pair, erl float64, level dsp.DBm0) float64 {
	clipped, windows := 0, 0
	for _, p := range all {
		for _, onset := range []float64{0, 0.2, 0.7, 1} {
			near := join(quietness(onset), scaled(p.near, level))
			far := join(p.far)[:len(near)]
			_, out := newLine(t, p.model, erl, "PCMA", Opts{}).talk(far, near)
			times, of := clippedFor(near, out, 3)
			clipped += times
			windows += of
		}
	}
	return 100 * float64(clipped) / float64(windows)
}

// scaled returns x of -16 dBm0 at level.
func scaled(x []int16, level dsp.DBm0) []int16 {
	y := make([]int16, len(x))
	for i, v := range x {
		y[i] = dsp.Saturate(int32(float64(v) * level.RMS() / dsp.DBm0(-16).RMS()))
	}
	return y
}

// A far end that talks alone from the start comes back 20 dB weaker in the first
// second (speech, of which a filter learns less in it, 12), and after a second of
// talk at -55 dBm0 at most, over hybrids of 6 to 24 dB and both laws.
func TestEarlySingleTalk(t *testing.T) {
	t.Parallel()
	if racing {
		t.Skip("figures, not goroutines")
	}
	for kind, limit := range map[string]float64{"CSS": 20, "speech": 12} {
		loss, level, peak := 99.0, -99.0, -99.0
		for _, p := range pairs(t, kind) {
			for _, erl := range []float64{6, 14, 24} {
				for _, c := range lawsOf(p.index) {
					far := join(p.far)
					_, out := newLine(t, p.model, erl, c, Opts{}).talk(far, nil)
					loss = min(loss, float64(g168.Level(part(far, 0, 1))-g168.Level(part(out, 0, 1))))
					level = max(level, float64(g168.Level(part(out, 1.2, 4))))
					peak = max(peak, float64(g168.Peak(part(out, 1.2, 4))))
				}
			}
		}
		atLeast(t, "first second, "+kind+" alone, loss", loss, limit, 1, "dB")
		atMost(t, "after a second, "+kind+" alone, level", level, -55, 2, "dBm0")
		atMost(t, "after a second, "+kind+" alone, peak", peak, -40, 2, "dBm0")
	}
}

// A near end in a noisy room keeps its noise while a far end begins to talk to a
// line not known: what is heard is neither silence nor louder than the room.
func TestEarlyNoise(t *testing.T) {
	for _, level := range []dsp.DBm0{-40, -50} {
		l := newLine(t, "m4", 12, "PCMA", Opts{})
		l.talk(quietness(1), room(1, level, 71))
		_, out := l.talk(css(2.8, -16, 71), room(2.8, level, 72))
		got := float64(g168.Level(part(out, 0.3, 2.8)) - g168.Level(room(2.8, level, 72)))
		atMost(t, fmt.Sprintf("first seconds in noise of %v dBm0, over it", level), got, 3, 0.5, "dB")
		atLeast(t, fmt.Sprintf("first seconds in noise of %v dBm0, under it", level), got, -3, 0.5, "dB")
	}
}

// Both ends talk at once over a line that has no echo: nothing can be learnt, and
// what the near end says passes whole.
func TestEarlyWithoutEcho(t *testing.T) {
	t.Parallel()
	if racing {
		t.Skip("figures, not goroutines")
	}
	worst, gaps := 1.0, 0
	for _, p := range pairs(t, "speech") {
		for _, onset := range []int{0, 240, 2400} {
			near := join(make([]int16, onset), p.near, quietness(1))
			near = near[:len(near)/block*block]
			out := make([]int16, len(near))
			New(Opts{}).Process(p.far[:len(near)], near, out)
			r, err := compare.Speech(near[:samples(2)], out, 100*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			worst, gaps = min(worst, r.Correlation), gaps+r.Gaps
		}
	}
	atLeast(t, "first seconds without echo, likeness of near", worst, 0.99, 0.005, "")
	atMost(t, "first seconds without echo, pieces of near lost", float64(gaps), 1, 0, "")
}
