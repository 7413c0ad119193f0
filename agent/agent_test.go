package agent_test

import (
	"bytes"
	"math"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp/compare"
	"github.com/ata-agent/ata-agent/sim"
)

// inWorld runs a test of n lines in virtual time.
func inWorld(t *testing.T, n int, change func(int, object), test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, document(n, change))
		defer w.stop()
		test(w)
	})
}

func TestCallByKeysAndByDial(t *testing.T) {
	for _, how := range []string{"dial 102", "pulse 102 -pps 10", "pulse 102 -pps 20"} {
		t.Run(how, func(t *testing.T) {
			inWorld(t, 2, nil, func(w *world) {
				w.phone(1, "offhook wait tone:dial "+how+" wait tone:ringback")
				w.phone(2, "wait ringing offhook pause 500ms")
				w.eventually(time.Second, "both lines talk", func() bool {
					s := w.agent.Status()
					return s.Lines[0].State == "talking" && s.Lines[1].State == "talking"
				})
				w.phone(1, "onhook")
				w.phone(2, "wait cpc onhook")
				w.idle()
			})
		})
	}
}

// TestSpeech has both speak at once and compares what arrives.
func TestSpeech(t *testing.T) {
	one, two := speech(t, "thanks.wav"), speech(t, "intro.wav")
	for _, law := range []string{"PCMU", "PCMA"} {
		t.Run(law, func(t *testing.T) {
			change := func(_ int, l object) { l["codecs"] = object{"order": []string{law}} }
			inWorld(t, 2, change, func(w *world) {
				// The wires and the telephones' own sidetone are not under test.
				w.phone(1, "set loop=0 sidetone=100 echo=none offhook wait tone:dial dial 102")
				w.phone(2, "set loop=0 sidetone=100 echo=none wait ringing offhook pause 500ms")
				a, b := w.board.Phones[0], w.board.Phones[1]
				recA, recB := a.Record(0), b.Record(0)
				startA, startB := a.Speak(one), b.Speak(two)
				w.phone(1, "pause 5s")
				judge(t, "1 to 2", one, recB.Stop()[startA-recB.Start():])
				judge(t, "2 to 1", two, recA.Stop()[startB-recA.Start():])
				w.phone(2, "onhook")
				w.phone(1, "wait cpc onhook")
				w.idle()
				for _, c := range w.agent.Calls() {
					if c.Codec != law || c.Voice.Lost != 0 {
						t.Errorf("call: codec %s, lost %d, want %s and nothing lost", c.Codec, c.Voice.Lost, law)
					}
				}
			})
		})
	}
}

// judge holds what was heard against what was said: at most 80 ms from mouth
// to ear through two agents, the level within 0.5 dB, nothing lost.
func judge(t *testing.T, name string, said, heard []int16) {
	t.Helper()
	r, err := compare.Speech(said, heard, 500*time.Millisecond)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	t.Logf("%s: %+v", name, r)
	if r.Delay > 80*time.Millisecond || math.Abs(r.Gain) > 0.5 || r.Correlation < 0.98 || r.Gaps > 0 {
		t.Errorf("%s: %+v, want at most 80 ms, 0.5 dB, at least 0.98, no gaps", name, r)
	}
}

func speech(t *testing.T, name string) []int16 {
	t.Helper()
	data, err := os.ReadFile("../cmd/ata-agent/speech/" + name)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := sim.ReadWAV(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// TestFailuresHaveTheirTone calls numbers that the registrar refuses.
func TestFailuresHaveTheirTone(t *testing.T) {
	inWorld(t, 1, nil, func(w *world) {
		for number, tone := range map[string]string{
			"9486": "busy", "9600": "busy", "9603": "busy", "9404": "sit", "9410": "sit",
			"9480": "reorder", "9500": "reorder", "9403": "reorder", "109": "sit",
		} {
			w.phone(1, "offhook wait tone:dial dial "+number+" wait tone:"+tone+" onhook pause 1500ms")
			w.idle()
		}
	})
}

func TestCallerGivesUp(t *testing.T) {
	inWorld(t, 2, nil, func(w *world) {
		w.phone(1, "offhook wait tone:dial dial 102 wait tone:ringback onhook")
		w.phone(2, "wait silent")
		w.idle()
	})
}
