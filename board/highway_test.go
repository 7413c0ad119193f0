package board

import (
	"testing"

	"github.com/ata-agent/ata-agent/hal"
)

// The highway says how late it plays before the card is there: the echo
// canceller is made first.
func TestHighwayDelay(t *testing.T) {
	d := &Description{Audio: Audio{Period: 80, Delay: 24}, Lines: make([]Line, 1)}
	var pcm hal.PCM = newHighway(d, nothing{})
	if got, want := pcm.(hal.Delayed).Delay(), 2*80+24; got != want {
		t.Errorf("Delay() = %d, want %d", got, want)
	}
}
