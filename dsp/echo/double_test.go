package echo

import (
	"fmt"
	"math"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
)

// The tests here are those of ITU-T G.168 with both ends talking.

// Test 3A: convergence while the near end talks 15 dB below the far end. What is
// left of the echo is no louder than the near end.
func TestDoubleTalkFromStart(t *testing.T) {
	t.Parallel()
	for _, c := range laws {
		worst := -99.0
		for _, m := range models(c) {
			for _, below := range []dsp.DBm0{15, 20} {
				l := newLine(t, m, 6, c, Opts{NoNLP: true})
				l.talk(css(5, -10, 21), nearCSS(5, -10-below, 21))
				_, out := l.frozen(-10)
				worst = max(worst, float64(g168.Level(out)-(-10-below)))
			}
		}
		atMost(t, fmt.Sprintf("3A %s residual over near", c), worst, 0, 1, "dB")
	}
}

// Test 3B: a near end as loud as the far end, or louder, and one that is weaker,
// do not harm what was learnt.
func TestDoubleTalkConverged(t *testing.T) {
	t.Parallel()
	for _, c := range laws {
		loud, weak := math.Inf(1), math.Inf(1)
		for _, m := range models(c) {
			for _, over := range nearOver() {
				l := newLine(t, m, 6, c, Opts{NoNLP: true})
				l.talk(css(5, -16, 22), nil)
				l.talk(css(5, -16, 23), nearCSS(5, -16+over, 23))
				_, out := l.frozen(-16)
				margin := mask(-16) - float64(g168.Level(out))
				if over >= 0 {
					loud = min(loud, margin+10)
				} else {
					weak = min(weak, margin+3)
				}
			}
		}
		atLeast(t, fmt.Sprintf("3B(a) %s margin", c), loud, 0, 1, "dB")
		atLeast(t, fmt.Sprintf("3B(b) %s margin", c), weak, 0, 1, "dB")
	}
}

// Test 3C: a conversation through the whole canceller. The near end is not
// clipped, nothing is louder than it by 6 dB, and no echo comes back when the far
// end talks alone.
func TestConversation(t *testing.T) {
	t.Parallel()
	for _, c := range laws {
		clipped, over, back := 0, -99.0, dsp.DBm0(-99)
		for _, m := range models(c) {
			for _, level := range nearLevels() {
				l := newLine(t, m, 6, c, Opts{})
				l.talk(css(3, -16, 24), nil)
				near := join(nearCSS(5.6, level, 25), quietness(1.4), nearCSS(5, level, 26), quietness(5.6), nearCSS(5.6, level, 27))
				far := join(css(17.6, -16, 25), quietness(5.6))
				_, out := l.talk(far, near)
				times, _ := clippedFor(near, out, 3)
				clipped += times
				over = max(over, float64(g168.Peak(out)-g168.Peak(near)))
				back = max(back, g168.Peak(part(out, 6.6, 7)), g168.Peak(part(out, 13, 17.6)))
			}
		}
		atMost(t, fmt.Sprintf("3C %s near speech clipped for more than 20 ms", c), float64(clipped), 0, 0, "times")
		atMost(t, fmt.Sprintf("3C %s peak over near", c), over, 6, 0.5, "dB")
		atMost(t, fmt.Sprintf("3C %s far end alone", c), float64(back), -65, 1, "dBm0")
	}
}

// nearLevels are those of the near end in a conversation.
func nearLevels() []dsp.DBm0 {
	if full() {
		return []dsp.DBm0{-10, -16, -20, -26}
	}
	return []dsp.DBm0{-26}
}

// nearOver is by how much the near end is louder than the far end.
func nearOver() []dsp.DBm0 {
	if full() {
		return []dsp.DBm0{6, 3, 0, -3, -6, -9, -12, -18, -24, -30}
	}
	if racing {
		return []dsp.DBm0{-6}
	}
	return []dsp.DBm0{0, -18}
}

// clippedFor counts how often 20 ms of the near end above -45 dBm0 come out
// weaker by so many decibels, in the telephone band.
func clippedFor(near, out []int16, db float64) (times, of int) {
	const window = 160
	in, from := g168.Filter(near), g168.Filter(out)
	for i := 0; i+window <= len(near); i += window / 2 {
		var a, b float64
		for k := i; k < i+window; k++ {
			a += in[k] * in[k]
			b += from[k] * from[k]
		}
		if dsp.Level(math.Sqrt(a/window)) > -45 {
			of++
			if a > b*math.Pow(10, db/10) {
				times++
			}
		}
	}
	return times, of
}

// A near end that talks alone passes unchanged but for the high pass.
func TestNearAlone(t *testing.T) {
	l := newLine(t, "m1", 6, linear, Opts{})
	l.talk(css(3, -16, 28), nil)
	near := nearCSS(5, -20, 28)
	l.talk(quietness(1), nil)
	_, out := l.talk(quietness(5), near)
	wrong := make([]int16, len(out))
	for i := range out {
		wrong[i] = near[i] - out[i]
	}
	atLeast(t, "near alone over its change", float64(g168.Level(near)-g168.Level(wrong)), 30, 1, "dB")
}
