package media

import (
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dtmf"
)

// TestNoKeys plays a key into the microphone of a telephone whose keys do not come
// by tone: nobody is told.
func TestNoKeys(t *testing.T) {
	for _, off := range []bool{false, true} {
		keys := 0
		v := NewVoice(VoiceOpts{NoKeys: off, Keys: func(byte, bool) { keys++ }})
		var g dtmf.Generator
		g.StartFor('5', -10, 2, 800, 400)
		var to, from [dsp.Frame]int16
		for range 20 {
			g.Read(from[:])
			v.Frame(to[:], from[:])
		}
		if want := map[bool]int{false: 2, true: 0}[off]; keys != want {
			t.Errorf("NoKeys %v: %d edges of keys, want %d", off, keys, want)
		}
	}
}
