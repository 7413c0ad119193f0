//go:build judges

package plc

import (
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// Gaps filled by us are nearer to what was said than those filled by spandsp.
func TestAgainstSpandsp(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	for _, cond := range conditions {
		var ours, theirs float64
		for i := range 4 {
			x := dsptest.Speech(t, dsptest.Voices[2*i], 120, -18, uint64(i))[:120*dsp.SampleRate]
			lost := dsptest.Losses(len(x)/160, cond.part, cond.burst, uint64(i))
			out := conceal(new(Concealer), x, 160, func(i int) bool { return lost[i] })
			ours += dsptest.LossDistance(x, out, lost) / 4
			theirs += dsptest.LossDistance(x, judge.Conceal(t, x, lost), lost) / 4
		}
		t.Logf("%s lost: %.2f dB, spandsp %.2f dB", cond.name, ours, theirs)
		if ours > theirs {
			t.Errorf("%s lost: %.2f dB, spandsp %.2f dB", cond.name, ours, theirs)
		}
	}
}
