//go:build interop

package interop

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/compare"
)

// clean takes what is not the agent's doing out of a telephone: the wires'
// loss, the telephone's own sidetone and echo.
const clean = "set loop=0 sidetone=100 echo=none "

// TestSpeech speaks into the telephone and compares with what baresip recorded,
// and the reverse, at once.
func TestSpeech(t *testing.T) {
	said := voiceFile(t, "demo-thanks.wav")
	theirs := voiceFile(t, "vm-intro.wav")
	// A second and a half before it for the call to settle; baresip hangs up at the end of
	// its file.
	tx := slices.Concat(make([]int16, 12000), theirs, make([]int16, 5*8000))
	k := startKamailio(t, "MD5")
	for _, codec := range []string{"PCMU", "PCMA"} {
		t.Run(codec, func(t *testing.T) {
			b := startBaresip(t, k, baresipOpts{codec: codec, tx: tx})
			a := startATA(t, account(k, 1, "udp", codec))
			speech, ear := filepath.Join(a.state, "said.wav"), filepath.Join(a.state, "ear.wav")
			writeFile(t, speech, wav(said))
			a.phone(t, 1, words(clean+"offhook wait tone:dial dial 2001 record "+ear+" -for 10s wait talk say "+speech+" pause 1s")...)
			a.phone(t, 1, "onhook")
			a.idle(t)
			b.stop() // so that its files are complete
			check(t, "telephone to baresip", said, b.heard(t))
			check(t, "baresip to telephone", theirs, readWAV(t, ear))
		})
	}
}

// check finds what was said within a recording.
func check(t *testing.T, name string, said, recording []int16) {
	t.Helper()
	recording = append(recording, make([]int16, len(said))...)
	within := time.Duration(len(recording)-len(said)) * time.Second / dsp.SampleRate
	r, err := compare.Speech(said, recording, within)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	t.Logf("%s: %+v", name, r)
	if r.Correlation < 0.98 || math.Abs(r.Gain) > 0.5 || r.Gaps > 0 {
		name := filepath.Join(t.ArtifactDir(), strings.ReplaceAll(name, " ", "-")+".wav") // kept by go test -artifacts
		writeFile(t, name, wav(recording))
		t.Errorf("%s: %+v, want correlation at least 0.98, level within 0.5 dB, no gaps", name, r)
	}
}
