//go:build interop

package interop

import (
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/compare"
	"github.com/ata-agent/ata-agent/test/peer"
)

// clean takes what is not the agent's doing out of a telephone: the wires'
// loss, the telephone's own sidetone and echo.
const clean = "set loop=0 sidetone=100 echo=none "

// TestSpeech speaks into the telephone and compares with what baresip recorded,
// and the reverse, at once.
func TestSpeech(t *testing.T) {
	k := startKamailio(t, "MD5")
	for _, codec := range []string{"PCMU", "PCMA"} {
		t.Run(codec, func(t *testing.T) {
			c := callWithSpeech(t, k, codec)
			// A peer that a busy machine keeps from sending in time makes the agent
			// conceal; on an idle one there is no excuse for a gap.
			excused := 0
			if busy(t) {
				excused = int(math.Ceil(c.concealed / 0.02))
				t.Logf("the machine is busy: %v s concealed, %d gaps excused", c.concealed, excused)
			}
			check(t, "telephone to baresip", c.saidHere, c.heardThere, 0)
			check(t, "baresip to telephone", c.saidThere, c.heardHere, excused)
		})
	}
}

// speechCall is what was said and heard at both ends of a call.
type speechCall struct {
	saidHere, heardThere []int16
	saidThere, heardHere []int16
	concealed            float64 // seconds, by the agent's own account
}

func callWithSpeech(t *testing.T, k *peer.Kamailio, codec string) *speechCall {
	t.Helper()
	c := &speechCall{saidHere: voiceFile(t, "demo-thanks.wav"), saidThere: voiceFile(t, "vm-intro.wav")}
	// A second and a half before it for the call to settle; baresip hangs up at
	// the end of its file.
	tx := slices.Concat(make([]int16, 12000), c.saidThere, make([]int16, 5*8000))
	b := startBaresip(t, k, baresipOpts{codec: codec, tx: tx})
	a := startATA(t, account(k, 1, "udp", codec))
	speech, ear := filepath.Join(a.State, "said.wav"), filepath.Join(a.State, "ear.wav")
	peer.WriteFile(t, speech, wav(c.saidHere))
	a.Phone(t, 1, words(clean+"offhook wait tone:dial dial 2001 record "+ear+" -for 10s wait talk say "+speech+" pause 1s")...)
	a.Phone(t, 1, "onhook")
	a.idle(t)
	b.Stop() // so that its files are complete
	c.heardThere, c.heardHere = b.heard(t), readWAV(t, ear)
	c.concealed = a.concealed(t)
	a.Stop()
	return c
}

// busy says whether more wants to run than the machine has processors.
func busy(t *testing.T) bool {
	t.Helper()
	l, err := strconv.ParseFloat(load(t), 64)
	if err != nil {
		t.Fatal(err)
	}
	return l > float64(runtime.NumCPU())
}

// check finds what was said within a recording, with no more gaps than excused.
func check(t *testing.T, name string, said, recording []int16, excused int) {
	t.Helper()
	recording = append(recording, make([]int16, len(said))...)
	within := time.Duration(len(recording)-len(said)) * time.Second / dsp.SampleRate
	r, err := compare.Speech(said, recording, within)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	t.Logf("%s: %+v", name, r)
	if r.Correlation < 0.98 || math.Abs(r.Gain) > 0.5 || r.Gaps > excused {
		name := filepath.Join(t.ArtifactDir(), strings.ReplaceAll(name, " ", "-")+".wav") // kept by go test -artifacts
		peer.WriteFile(t, name, wav(recording))
		t.Errorf("%s: %+v, want correlation at least 0.98, level within 0.5 dB, no gaps", name, r)
	}
}
