//go:build judges

package tone

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

var judged = []string{"dial", "ringback", "busy", "congestion"}

// The call-progress detector of spandsp, told one tone, knows it when we play
// it. Left out is what it cannot tell: modulation and pairs less than 40 Hz
// apart.
func TestSpandspKnowsOurTones(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	national := nationalTones(t)
	for _, country := range []string{"US", "GB", "DE", "JP", "AU"} {
		for _, name := range judged {
			text := national[country+" "+name]
			plan, ok := elements(MustParse(text, -12))
			if !ok {
				t.Logf("%s %s %q is not for this judge", country, name, text)
				continue
			}
			x := play(t, text, -12, 20*dsp.SampleRate)
			if heard := judge.Tones(t, [][]int16{x}, plan); heard[0] != "0" {
				t.Errorf("%s %s %q is not known", country, name, text)
			}
		}
	}
}

// Told all four, it tells them apart where their frequencies allow it to.
func TestSpandspTellsOurTonesApart(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	national := nationalTones(t)
	for _, country := range []string{"US", "DE"} {
		var plan []string
		var signals [][]int16
		for _, name := range judged {
			text := national[country+" "+name]
			elements, _ := elements(MustParse(text, -12))
			plan = append(plan, elements)
			signals = append(signals, play(t, text, -12, 20*dsp.SampleRate))
		}
		for i, heard := range judge.Tones(t, signals, strings.Join(plan, "/")) {
			if heard != fmt.Sprint(i) {
				t.Errorf("%s %s: spandsp hears %s of %v", country, judged[i], heard, plan)
			}
		}
	}
}

// elements describes the loop of spec to the judge, times within 15 %.
func elements(spec Spec) (string, bool) {
	var list []string
	for _, seg := range spec.Loop {
		s := seg.Sound
		if s.ModHz != 0 || s.Hz[2] != 0 || s.Hz[1] != 0 && s.Hz[1]-s.Hz[0] < 40 {
			return "", false
		}
		ms := int(seg.Duration / time.Millisecond)
		list = append(list, fmt.Sprintf("%.0f:%.0f:%d:%d", s.Hz[0], s.Hz[1], ms*85/100, ms*115/100))
	}
	return strings.Join(list, ","), true
}
