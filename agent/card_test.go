package agent_test

import (
	"testing"
	"testing/synctest"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/sim"
)

// card is a highway that plays what it is given later, as a sound card does.
type card struct {
	hal.PCM
	queue [][][]int16 // blocks that wait, the next one first
}

// newCard puts a queue of n periods in front of a highway.
func newCard(pcm hal.PCM, n int) *card {
	c := &card{PCM: pcm}
	for range n {
		blocks := make([][]int16, pcm.Channels())
		for i := range blocks {
			blocks[i] = make([]int16, pcm.Period())
		}
		c.queue = append(c.queue, blocks)
	}
	return c
}

func (c *card) Delay() int { return len(c.queue) * c.Period() }

func (c *card) Exchange(toPhone, fromPhone [][]int16) error {
	next := c.queue[0]
	err := c.PCM.Exchange(next, fromPhone)
	copy(c.queue, c.queue[1:])
	for i := range next {
		copy(next[i], toPhone[i])
	}
	c.queue[len(c.queue)-1] = next
	return err
}

// The canceller looks for the echo where the card puts it.
func TestEchoOnCard(t *testing.T) {
	said := speech(t, "intro.wav")
	synctest.Test(t, func(t *testing.T) {
		w := startWorld(t, sim.Si321x, document(2, nil), func(b *sim.Board) { b.PCM = newCard(b.PCM, 6) })
		w.inService(0)
		defer w.stop()
		w.phone(1, "set echo=none sidetone=100 loop=0 offhook wait tone:dial dial 102")
		w.phone(2, "set sidetone=100 loop=0 wait ringing offhook pause 500ms")
		talker := w.board.Phones[0]
		talker.Speak(said)
		w.phone(1, "pause 6s") // the canceller learns
		heard := talker.Record(0)
		talker.Speak(said)
		w.phone(1, "pause 6s")
		level, echo := dsp.LevelOf(said), dsp.LevelOf(heard.Stop())
		t.Logf("the echo of speech at %.1f dBm0 is at %.1f dBm0", level, echo)
		if echo > level-30 {
			t.Errorf("the echo of speech at %.1f dBm0 is at %.1f dBm0, want 30 dB less", level, echo)
		}
		w.phone(2, "onhook")
		w.phone(1, "wait cpc onhook")
		w.idle()
	})
}
