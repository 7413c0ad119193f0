//go:build machine && linux

package guest

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/compare"
	"github.com/ata-agent/ata-agent/sim"
)

// plain are telephones that add nothing to what is measured.
const plain = "set loop=0 sidetone=100 echo=none"

// scene is the agent's binary on the machine's board, its telephones and the
// network.
type scene struct {
	*telephones
	peer    *peer
	program *program
}

// newScene starts all and waits until everything can be called.
func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{telephones: plugTelephones(t), peer: newPeer(t, loopback)}
	s.program = start(t, configuration(s.peer.server, loopback, numberOne, numberTwo))
	st := s.program.await(20*time.Second, "both lines in service", inService)
	if len(st.Lines) != 2 {
		t.Fatalf("%d lines", len(st.Lines))
	}
	s.peer.ready()
	return s
}

// TestAgentCalls has the agent's own binary make and take calls: over the kernel's
// spidev, GPIO lines and sound card on one side, over its sockets on the other.
func TestAgentCalls(t *testing.T) {
	s := newScene(t)
	s.do(1, plain)
	s.do(2, plain)
	s.peer.do(plain)
	var talks []talk
	s.outgoing(&talks)
	s.incoming(&talks)
	s.inside()
	st := s.program.await(5*time.Second, "idle", idle)
	if !st.Clock.Running || st.Clock.Errors != 0 {
		t.Errorf("the clock: %+v", st.Clock)
	}
	for _, c := range s.program.calls() {
		if v := c.Voice; v.Lost+int64(v.Late+v.Discarded+v.Garbage) != 0 || v.Received == 0 || v.Concealed > 0.02 {
			t.Errorf("line %d: %+v", c.Line, v)
		}
	}
	for _, x := range talks {
		x.judge(t)
	}
}

// outgoing calls the far end with keys.
func (s *scene) outgoing(talks *[]talk) {
	s.do(1, "offhook wait tone:dial dial "+numberFar+" wait tone:ringback")
	s.peer.do("wait ringing offhook pause 500ms")
	*talks = append(*talks, s.talk(1)...)
	s.do(1, "onhook")
	s.peer.do("wait cpc -timeout 10s onhook pause 1500ms")
}

// incoming is called by the far end, rings, shows who calls and answers.
func (s *scene) incoming(talks *[]talk) {
	s.peer.do("offhook wait tone:dial dial " + numberTwo + " wait tone:ringback")
	s.do(2, "wait ringing wait callerid -timeout 10s offhook pause 500ms")
	if id := s.phones[1].State().CallerID; id == nil || id.Number != numberFar || id.Name != "Telephone "+numberFar {
		s.Errorf("the display shows %v, want %s", id, numberFar)
	}
	*talks = append(*talks, s.talk(2)...)
	s.peer.do("onhook")
	s.do(2, "wait cpc -timeout 10s onhook pause 1500ms")
}

// inside calls from one line to the other with the dial, whose pulses are edges
// of the chip's interrupt line.
func (s *scene) inside() {
	s.do(2, "offhook wait tone:dial pulse "+numberOne+" wait tone:ringback")
	s.do(1, "wait ringing offhook pause 500ms onhook")
	s.do(2, "wait cpc -timeout 10s onhook pause 1500ms")
}

// talk is one direction of a conversation.
type talk struct {
	from, to    string
	said, heard []int16
}

// speech reads a sentence.
func speech(t *testing.T, name string) []int16 {
	t.Helper()
	f, err := os.Open("/speech/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	samples, err := sim.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// longestDelay is what is looked for between mouth and ear. The loop-back card
// and its far end add 80 ms that a board has not.
const longestDelay = 250 * time.Millisecond

// talk has the telephone of line n and the far end speak at once. Judging takes
// long enough to disturb the call, and is done after it.
func (s *scene) talk(n int) []talk {
	s.Helper()
	near, far := s.phones[n-1], s.peer.phone
	one, two := speech(s.T, "thanks.wav"), speech(s.T, "intro.wav")
	length := time.Duration(max(len(one), len(two)))*time.Second/dsp.SampleRate + 2*longestDelay
	atNear, atFar := near.Record(length), far.Record(length)
	saidNear, saidFar := near.Speak(one), far.Speak(two)
	time.Sleep(length + 100*time.Millisecond)
	heardNear, heardFar := atNear.Stop(), atFar.Stop()
	name := "line " + string(rune('0'+n))
	return []talk{
		{name, "far end", one, heardFar[max(0, saidNear-atNear.Start()):]},
		{"far end", name, two, heardNear[max(0, saidFar-atFar.Start()):]},
	}
}

// judge measures what became of the words.
func (x *talk) judge(t *testing.T) {
	t.Helper()
	r, err := compare.Speech(x.said, x.heard, longestDelay)
	if err != nil {
		t.Errorf("%s to %s: %v", x.from, x.to, err)
		return
	}
	t.Logf("%s to %s: delay %v, level %+.2f dB, likeness %.4f, %d of %d pieces lost", x.from, x.to, r.Delay, r.Gain, r.Correlation, r.Gaps, r.Pieces)
	if r.Gaps > 0 || math.Abs(r.Gain) > 0.5 || r.Correlation < 0.98 || r.Delay > 160*time.Millisecond {
		t.Errorf("%s to %s: %+v", x.from, x.to, r)
	}
}

// TestAgentCardAway pulls the sound card out from under the agent while both lines
// are up: they go out of service, and come back with the card.
func TestAgentCardAway(t *testing.T) {
	const driver = "/sys/bus/platform/drivers/snd_aloop/"
	s := newScene(t)
	s.do(1, "offhook wait tone:dial")
	unbound := make(chan error, 1)
	// It returns when nobody has the card open any more.
	go func() { unbound <- os.WriteFile(driver+"unbind", []byte("snd_aloop.0"), 0) }()
	s.program.await(10*time.Second, "the lines are out of service", func(st agent.Status) bool {
		return !st.Clock.Running && !st.Lines[0].PortUp && !st.Lines[1].PortUp
	})
	if err := <-unbound; err != nil {
		t.Fatal(err)
	}
	s.do(1, "onhook")
	if err := os.WriteFile(driver+"bind", []byte("snd_aloop.0"), 0); err != nil {
		t.Fatal(err)
	}
	s.program.await(30*time.Second, "the lines are back", func(st agent.Status) bool {
		return st.Clock.Running && st.Lines[0].PortUp && st.Lines[1].PortUp
	})
	if log := s.program.log.String(); strings.Count(log, `msg="PCM clock lost`) != 1 {
		t.Error("the log does not tell once that the clock was lost")
	}
	s.do(2, "offhook wait tone:dial onhook")
}

// TestAgentEcho has a hybrid that returns what the telephone hears. Once the agent
// knows the line, the far end hears little of itself.
func TestAgentEcho(t *testing.T) {
	s := newScene(t)
	s.do(1, "set loop=0 sidetone=100 offhook wait tone:dial dial "+numberFar)
	s.peer.do("set loop=0 sidetone=100 echo=none wait ringing offhook pause 500ms")
	said := speech(t, "intro.wav")
	measure := func() dsp.DBm0 {
		at := s.peer.phone.Record(0)
		s.peer.phone.Speak(said)
		time.Sleep(time.Duration(len(said))*time.Second/dsp.SampleRate + 2*longestDelay)
		return dsp.LevelOf(at.Stop())
	}
	before, after := measure(), measure()
	t.Logf("echo at the far end: %.1f dBm0 while the agent learns, %.1f dBm0 then", before, after)
	if level := dsp.LevelOf(said); after > level-35 {
		t.Errorf("echo of %.1f dBm0 speech at %.1f dBm0, want 35 dB less", level, after)
	}
	s.do(1, "onhook")
	s.peer.do("wait cpc -timeout 10s onhook")
}
