package media

import (
	"slices"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
)

// Voice-band data pass unchanged, and the line is still known when
// voice comes back.
func TestVoiceBandDataPass(t *testing.T) {
	v := NewVoice(VoiceOpts{Processing: Processing{FromPhoneGain: -3}})
	v.follow()
	v.session = NewSession(nil, nil, SessionOpts{})
	c := v.canceller
	noise := uint32(1)
	block := make([]int16, dsp.Frame)
	say := func() (said, sent []int16) {
		c.remember(block)
		for i := range block {
			noise = noise*1664525 + 1013904223
			block[i] = int16(noise>>16) / 8
		}
		said = make([]int16, dsp.Frame)
		for i := range said {
			said[i] = c.heard[(c.at-dsp.Frame+i+farRing)%farRing] / 2
		}
		return said, v.take(said, dsp.Frame)
	}
	learn := func(blocks int) (sent dsp.DBm0) {
		for range blocks {
			_, out := say()
			sent = dsp.LevelOf(out)
		}
		return sent
	}
	if got := learn(200); got > -50 {
		t.Fatalf("echo at %.1f dBm0 after 2 s", got)
	}
	c.carry(0)
	for range 50 {
		if said, sent := say(); !slices.Equal(said, sent) {
			t.Fatal("voice-band data were changed")
		}
	}
	c.carryVoice()
	if got := learn(10); got > -50 {
		t.Errorf("echo at %.1f dBm0, 100 ms after voice came back", got)
	}
}
