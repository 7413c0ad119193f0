package board

import (
	"testing"

	"github.com/ata-agent/ata-agent/hal"
)

// queued is a card that plays two periods late.
type queued struct{ hal.PCM }

func (queued) Delay() int { return 160 }

// What a board file says of the card is added to what is queued for it.
func TestHighwayDelay(t *testing.T) {
	h := &highway{audio: Audio{Period: 80, Delay: 24}, pcm: queued{}}
	if got, want := h.Delay(), 160+24; got != want {
		t.Errorf("Delay() = %d, want %d", got, want)
	}
}
