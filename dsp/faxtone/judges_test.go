//go:build judges

package faxtone

import (
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// Numbers of spandsp's kinds of tones.
var spandspKinds = map[Kind]int{
	Calling: 1, Answer: 2, AnswerReversed: 3, Modulated: 4, ModulatedReversed: 5, Preamble: 6,
	BellAnswer: 8, ModemCalling: 9,
}

// What spandsp sends is heard as what it is.
func TestHearsSpandsp(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	for kind, number := range spandspKinds {
		if kind == Preamble { // which it sends by its modem alone
			continue
		}
		events, _ := heard(judge.ConnectTone(t, number, 24000), 80)
		if len(events) == 0 || events[len(events)-1].Kind != kind {
			t.Errorf("%v: heard %v", kind, events)
		}
	}
}

// The tones of the tests are what spandsp takes for the tones they stand for.
func TestSpandspHears(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	for kind, tone := range map[Kind]dsptest.AnswerTone{
		Calling: {Hz: 1100, Level: level}, AnswerReversed: {Hz: 2100, Level: level, Reverse: 3600},
		ModulatedReversed: {Hz: 2100, Level: level, AM: 0.2, Reverse: 3600},
	} {
		x := tone.Make(24000)
		number := spandspKinds[kind]
		if kind == ModulatedReversed { // its detector of reversals takes both
			number = spandspKinds[AnswerReversed]
		}
		if got := judge.ConnectTones(t, [][]int16{x}, number); strings.TrimSpace(got[0]) == "" {
			t.Errorf("%v is not heard", kind)
		}
	}
	flags := append(dsptest.V21.Make(dsptest.Flags(37)), make([]int16, 800)...)
	if got := judge.ConnectTones(t, [][]int16{flags}, spandspKinds[Preamble]); !strings.Contains(got[0], " 6") {
		t.Errorf("flags are heard as %q", got[0])
	}
}
