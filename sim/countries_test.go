package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// Every country's four base tones are named (every 37th country unless
// ATA_FULL is set).
func TestCountryTones(t *testing.T) {
	all, step := country.All(), scale(37, 1)
	heard, slowest := 0, time.Duration(0)
	var slow string
	for i := 0; i < len(all); i += step {
		c := all[i]
		for _, tt := range []struct {
			want Tone
			spec tone.Spec
		}{{Dial, c.Tones.Dial}, {Ringback, c.Tones.Ringback}, {Busy, c.Tones.Busy}, {Reorder, c.Tones.Reorder}} {
			names, first := listen(c, tt.spec, time.Duration(scale(5, 9))*time.Second, Off)
			if len(names) != 1 || !called(c, names[0], tt.want) {
				t.Errorf("%s %s: heard %v after %v", c.Code, tt.want, names, first)
				continue
			}
			if heard++; first > slowest {
				slowest, slow = first, c.Code+" "+string(tt.want)
			}
		}
	}
	t.Logf("%d tones of %d countries named, the slowest (%s) after %v", heard, (len(all)+step-1)/step, slow, slowest)
}

// called says whether a country's tone may be called by both names.
func called(c *country.Country, got, want Tone) bool {
	for _, p := range patternsOf(c) {
		if p.tone == got {
			return got == want || slices.Contains(p.also, want)
		}
	}
	return false
}
