package alsa

import (
	"testing"

	"github.com/ata-agent/ata-agent/hal/alsa/model"
)

// index is the number of the card.
const index = 3

func newCard(o model.Opts) *model.Card {
	o.Index = index
	return model.New(o)
}

// bench is a highway on the model of a card.
func bench(t *testing.T, k Kernel, o Opts) *PCM {
	t.Helper()
	o.Card = "SLIC"
	p, err := OpenOn(k, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func blocks(p *PCM) (toPhone, fromPhone [][]int16) {
	for range p.Channels() {
		toPhone = append(toPhone, make([]int16, p.Period()))
		fromPhone = append(fromPhone, make([]int16, p.Period()))
	}
	return toPhone, fromPhone
}
